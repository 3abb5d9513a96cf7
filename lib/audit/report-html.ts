import { createHash } from 'node:crypto';
import type { AuditReport, RowTally, Tally } from '../model/audit-report.ts';
import { pace, rowsOf } from './report.ts';

const STYLE = `:root{color-scheme:light}body{font:15px/1.5 system-ui,sans-serif;color:#1b1b1b;background:#fff;max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.2rem .6rem .2rem 0;border-bottom:1px solid #ddd;vertical-align:top;overflow-wrap:anywhere}
.n{text-align:right;font-variant-numeric:tabular-nums}svg{width:100%;height:auto;display:block}svg text{font:11px system-ui,sans-serif;fill:#444}.note{color:#555}
.inserted{fill:#1b7f4d}.updated{fill:#1f5fa8}.deleted{fill:#b3401e}.quarantined{fill:#8a6d00}@media print{body{margin:0;max-width:none}h2{break-after:avoid}tr,svg{break-inside:avoid}}`;

/** The page loads nothing and runs nothing; its own style is known by its hash. */
export const REPORT_CSP = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`;

const KINDS = ['inserted', 'updated', 'deleted', 'quarantined'] as const;

/** Rows of a table in the page; more are in JSON and CSV. */
const MOST = 1_000;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
/** Text of a page. Names come from databases. */
const text = (value: string): string =>
  value.replaceAll(/[&<>"']/g, (c) => ENTITIES[c] ?? c).replaceAll(/[^\P{Cc}\n\t]/gu, '\ufffd');

const figure = (n: number): string => n.toLocaleString('en-US');

type Cell = string | number;

function table(heads: readonly string[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return '<p class="note">None.</p>';
  const cell = (c: Cell) => (typeof c === 'number' ? `<td class="n">${figure(c)}</td>` : `<td>${text(c)}</td>`);
  const body = rows.slice(0, MOST).map((row) => `<tr>${row.map(cell).join('')}</tr>`);
  const more =
    rows.length > MOST ? `<p class="note">${figure(rows.length - MOST)} more are in the JSON and CSV forms.</p>` : '';
  const head = heads.map(
    (h, i) => `<th scope="col"${typeof rows[0]?.[i] === 'number' ? ' class="n"' : ''}>${text(h)}</th>`,
  );
  return `<table><thead><tr>${head.join('')}</tr></thead><tbody>${body.join('')}</tbody></table>${more}`;
}

interface Bar {
  readonly label: string;
  readonly rows: RowTally;
}

/** Bars of a chart: neighbours are put together where there are more than this. */
const BARS = 120;

function together(bars: readonly Bar[]): Bar[] {
  const size = Math.ceil(bars.length / BARS) || 1;
  const groups = Array.from({ length: Math.ceil(bars.length / size) }, (_, i) => bars.slice(i * size, (i + 1) * size));
  return groups.map((group) => ({
    label: group[0]?.label ?? '',
    rows: Object.fromEntries(
      KINDS.map((kind) => [kind, group.reduce((n, b) => n + b.rows[kind], 0)]),
    ) as unknown as RowTally, // fromEntries forgets the keys
  }));
}

const WIDTH = 960;
const HEIGHT = 160;

/** Stacked bars, one a minute or more, highest at full height. */
function timeChart(all: readonly Bar[]): string {
  const bars = together(all);
  const highest = Math.max(1, ...bars.map((b) => rowsOf(b.rows)));
  const width = WIDTH / Math.max(1, bars.length);
  const one = ({ label, rows }: Bar, i: number) => {
    let y = HEIGHT;
    return KINDS.map((kind) => {
      const height = (rows[kind] / highest) * HEIGHT;
      y -= height;
      const at = `x="${(i * width).toFixed(1)}" y="${y.toFixed(1)}" width="${Math.max(1, width - 1).toFixed(1)}" height="${height.toFixed(1)}"`;
      return rows[kind] > 0
        ? `<rect class="${kind}" ${at}><title>${text(label)}: ${figure(rows[kind])} ${kind}</title></rect>`
        : '';
    }).join('');
  };
  const ends = `<text x="0" y="${HEIGHT + 14}">${text(bars[0]?.label ?? '')}</text><text x="${WIDTH}" y="${HEIGHT + 14}" text-anchor="end">${text(bars.at(-1)?.label ?? '')}</text>`;
  const label = `Rows over time; the highest bar is ${figure(highest)} rows`;
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT + 20}" role="img" aria-label="${label}">${bars.map(one).join('')}${ends}</svg><p class="note">${label}. ${legend()}</p>`;
}

const legend = () => 'Green: inserted. Blue: updated. Red: deleted. Brown: put aside.';

/** The tables with the most rows, as bars side by side. */
function tableChart(report: AuditReport): string {
  const busiest = report.tables
    .filter((t) => rowsOf(t) > 0)
    .toSorted((a, b) => rowsOf(b) - rowsOf(a))
    .slice(0, 15);
  const most = Math.max(1, ...busiest.map(rowsOf));
  const line = (t: (typeof busiest)[number], i: number) => {
    let x = 300;
    const parts = KINDS.map((kind) => {
      const width = (t[kind] / most) * (WIDTH - 400);
      const part = `<rect class="${kind}" x="${x.toFixed(1)}" y="${i * 22 + 4}" width="${width.toFixed(1)}" height="14"><title>${figure(t[kind])} ${kind}</title></rect>`;
      x += width;
      return t[kind] > 0 ? part : '';
    });
    const name = t.name.length > 44 ? `${t.name.slice(0, 43)}…` : t.name;
    return `<text x="290" y="${i * 22 + 15}" text-anchor="end">${text(name)}</text>${parts.join('')}<text x="${(x + 6).toFixed(1)}" y="${i * 22 + 15}">${figure(rowsOf(t))}</text>`;
  };
  if (busiest.length === 0) return '';
  return `<svg viewBox="0 0 ${WIDTH} ${busiest.length * 22 + 4}" role="img" aria-label="Rows by table">${busiest.map(line).join('')}</svg>`;
}

const tallies = (name: string, count: string, all: readonly Tally[]) =>
  table(
    [name, count],
    all.map((t) => [t.name, t.count]),
  );

/** What is known of the trail beside its events. */
export interface ReportNotes {
  /** Hash that sealed the trail when the job ended. */
  readonly root?: { readonly events: number; readonly hash: string } | undefined;
  /** The trail goes on behind what this report covers. */
  readonly more?: boolean;
}

function facts(report: AuditReport, { root, more }: ReportNotes): string {
  const { seconds, rows_written_per_second } = pace(report);
  const rows: (readonly string[])[] = [
    ['Job', report.job_id],
    [
      'Events',
      `${figure(report.from_seq)} to ${figure(report.through_seq)}${more ? '; the trail goes on behind them' : ''}`,
    ],
    ['From', report.first_at ?? 'no event'],
    ['To', report.last_at ?? 'no event'],
    [
      'Duration',
      `${figure(seconds)} s${rows_written_per_second === null ? '' : `; ${figure(rows_written_per_second)} rows written per second`}`,
    ],
    ...KINDS.map((kind) => [`Rows ${kind}`, figure(report.rows[kind])]),
    ['Sealed', root ? `at event ${figure(root.events)} with ${root.hash}` : 'not yet'],
  ];
  return `<table><tbody>${rows.map(([name, value]) => `<tr><th scope="row">${text(name ?? '')}</th><td>${text(value ?? '')}</td></tr>`).join('')}</tbody></table>`;
}

/** Seconds between two instants, for people. */
const between = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 1000;

/** A report as one page that loads nothing, runs nothing, and can be printed. Pure. */
export function reportHtml(report: AuditReport, notes: ReportNotes = {}): string {
  const perTable = report.tables.map((t) => [
    t.name,
    ...KINDS.map((k) => t[k]),
    t.chunks,
    t.unexplained,
    between(t.first_at, t.last_at),
  ]);
  const parts = [
    `<h1>Audit report</h1>${facts(report, notes)}`,
    `<h2>Over time</h2>${report.minutes.length > 0 ? timeChart(report.minutes.map(({ minute, ...rows }) => ({ label: minute.replace('T', ' '), rows }))) : '<p class="note">No row was written.</p>'}`,
    `<h2>Tables</h2>${tableChart(report)}${table(['Table', 'Inserted', 'Updated', 'Deleted', 'Put aside', 'Chunks', 'Unexplained', 'Seconds'], perTable)}`,
    `<h2>Decisions</h2>${tallies('Decided by', 'Rows', report.decisions)}`,
    `<h2>Errors</h2>${tallies('Code', 'Times', report.errors)}`,
    ...(report.rules.length > 0 ? [`<h2>Rules</h2>${tallies('Table and rule', 'Rows', report.rules)}`] : []),
    `<h2>Milestones</h2>${table(
      ['At', 'Event', 'Actor', 'Code'],
      report.milestones.map((m) => [m.at, m.type, m.actor, m.code ?? '']),
    )}`,
    `<h2>Events</h2>${tallies('Type', 'Events', report.types)}${tallies('Severity', 'Events', report.severities)}${tallies('Actor', 'Events', report.actors)}`,
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${text(REPORT_CSP)}"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Audit report ${text(report.job_id)}</title><style>${STYLE}</style></head>
<body>${parts.join('\n')}</body></html>
`;
}
