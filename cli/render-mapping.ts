import type { ProposalFinding, ProposedColumn } from '../lib/model/proposal.ts';
import type { MappingSummary, MappingView } from '../lib/model/stored-mapping.ts';
import type { MappingPreview, Suggestion } from '../lib/model/suggestion.ts';
import { type Cell, columns, harmless, type Paint } from './format.ts';

const WIDE = { width: Number.POSITIVE_INFINITY };
/** Characters of a value, an expression or a reason in a list. */
const SHOWN = 48;

const short = (text: string): string => {
  const shown = harmless(text.slice(0, SHOWN + 1)); // rows and names hold whatever somebody typed
  return shown.length > SHOWN ? `${shown.slice(0, SHOWN)}…` : shown;
};

/** What a column is made of, in one line. */
function sourceText(source: unknown): string {
  if (typeof source === 'string') return source;
  if (source === null || typeof source !== 'object') return '-';
  if ('expression' in source) return `= ${source.expression}`;
  const { column, ...how } = source as { column?: string };
  const [kind, detail] = Object.entries(how)[0] ?? [];
  const words =
    kind === 'mask'
      ? `mask ${Object.values(detail ?? {})
          .filter(Boolean)
          .join(' ')}`
      : kind;
  return column === undefined ? JSON.stringify(source) : `${column} (${words})`;
}

const percent = (confidence: number) => `${Math.round(confidence * 100)} %`;

const sureness = (confidence: number): Cell => ({
  text: percent(confidence),
  style: confidence >= 0.7 ? 'green' : 'yellow',
});

const columnRow = (c: ProposedColumn): readonly Cell[] => [
  `  ${short(c.column)}`,
  short(sourceText(c.source)),
  sureness(c.confidence),
  short([...(c.personal ? [`personal: ${c.personal.replaceAll('_', ' ')}`] : []), ...c.reasons].join('; ')),
];

const STYLES = { error: 'red', warning: 'yellow', info: 'dim' } as const;
const ORDER = Object.keys(STYLES);

function findingLines(findings: readonly ProposalFinding[], paint: Paint): readonly string[] {
  const sorted = [...findings].sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
  return sorted.map(
    (f) =>
      `  ${paint(STYLES[f.severity], f.severity.padEnd(7))} ${harmless(f.table)}${f.column ? `.${harmless(f.column)}` : ''}: ${harmless(f.message)} (${f.code})`,
  );
}

function previewLines({ table, columns: names, rows, hidden }: MappingPreview, paint: Paint): readonly string[] {
  const heads = names.map((name, i) => ({ title: `${i === 0 ? '  ' : ''}${short(name)}` }));
  const cells = rows.map((row) =>
    row.map((value, i): Cell => {
      const text = value === null ? 'NULL' : short(value);
      return i === 0 ? `  ${text}` : value === null ? { text, style: 'dim' } : text;
    }),
  );
  return [
    paint('bold', harmless(table)),
    ...(rows.length > 0 ? columns(heads, cells, { ...WIDE, paint }) : ['  no rows']),
    ...(hidden.length > 0 ? [paint('dim', `  not shown, because not masked: ${harmless(hidden.join(', '))}`)] : []),
  ];
}

/** A proposal: each table with its columns, what is left, what a start would say, and some rows as they would arrive. */
export function renderSuggestion(s: Suggestion, paint: Paint): string {
  const tables = s.tables.flatMap((t) => [
    '',
    `${paint('bold', harmless(t.table))} from ${harmless(t.from)}, ${percent(t.confidence)}`,
    ...columns(
      [{ title: '  COLUMN' }, { title: 'MADE OF' }, { title: 'SURE' }, { title: 'WHY' }],
      t.columns.map(columnRow),
      {
        ...WIDE,
        paint,
      },
    ),
    ...(t.unmatched_target.length > 0 ? [`  left as they are: ${harmless(t.unmatched_target.join(', '))}`] : []),
    ...(t.unmatched_source.length > 0 ? [`  go nowhere: ${harmless(t.unmatched_source.join(', '))}`] : []),
  ]);
  const { source, target } = s.unmatched_tables;
  const unmatched = [
    ...(target.length > 0 ? [`Tables of the target without a source: ${harmless(target.join(', '))}`] : []),
    ...(source.length > 0 ? [`Tables of the source that go nowhere: ${harmless(source.join(', '))}`] : []),
  ];
  return [
    `${paint('bold', `${s.name} version ${s.version}`)}, a draft, proposed by ${s.model ? `rules and ${harmless(s.model)}` : 'rules'}`,
    ...tables,
    ...(unmatched.length > 0 ? ['', ...unmatched] : []),
    ...(s.findings.length > 0 ? ['', 'Look at:', ...findingLines(s.findings, paint)] : []),
    ...(s.notes.length > 0 ? ['', ...s.notes.map(harmless)] : []),
    ...(s.preview.length > 0
      ? ['', 'Rows as they would arrive:', ...s.preview.flatMap((p) => previewLines(p, paint))]
      : []),
    '',
  ].join('\n');
}

export function renderMappings(mappings: readonly MappingSummary[], paint: Paint): string {
  if (mappings.length === 0) return 'No mappings.\n';
  const heads = ['MAPPING', 'IN FORCE', 'NEWEST', 'CHANGED'].map((title) => ({ title }));
  const rows = mappings.map((m) => [
    m.name,
    m.approved === null ? { text: 'none', style: 'dim' as const } : String(m.approved),
    String(m.latest),
    instant(m.updated_at),
  ]);
  return `${columns(heads, rows, { ...WIDE, paint }).join('\n')}\n`;
}

const instant = (iso: string) => iso.replace('T', ' ').replace(/(\.\d+)?Z$/, 'Z');

const THOUGHT_OF = {
  person: 'written',
  rules: 'proposed by rules, stored',
  model: 'proposed by a model, stored',
} as const;

/** A version with what it is made of, or, where another one is in force, what it changes. */
export function renderMapping(m: MappingView, paint: Paint): string {
  const changes = m.diff.map((d) => [
    `  ${harmless(d.table)}${d.column === undefined ? '' : `.${harmless(d.column)}`}`,
    short(sourceText(d.before)),
    short(sourceText(d.after)),
  ]);
  const tables = Object.entries(m.mapping).flatMap(([table, { from, columns: made, unnamed }]) => [
    `${paint('bold', harmless(table))} from ${harmless(from)}${unnamed === 'omit' ? '' : ', other columns from their namesakes'}`,
    ...columns(
      [{ title: '  COLUMN' }, { title: 'MADE OF' }],
      Object.entries(made).map(([column, source]) => [`  ${short(column)}`, short(sourceText(source))]),
      { ...WIDE, paint },
    ),
  ]);
  return [
    `${paint('bold', `${m.name} version ${m.version}`)}, ${m.state}; ${THOUGHT_OF[m.origin]} by ${harmless(m.author)} at ${instant(m.created_at)}`,
    ...(m.note === undefined ? [] : [`  ${harmless(m.note)}`]),
    ...(m.approved === null
      ? ['No version is in force.']
      : m.approved === m.version
        ? []
        : [`Version ${m.approved} is in force.`]),
    ...m.approvals.map((a) =>
      harmless(
        a.version === 0
          ? `  retired by ${a.by} at ${instant(a.at)}`
          : `  version ${a.version} approved by ${a.by} at ${instant(a.at)}${a.note === undefined ? '' : `: ${a.note}`}`,
      ),
    ),
    '',
    ...(m.compared_with === null
      ? tables
      : [
          `Against version ${m.compared_with}:`,
          ...(changes.length === 0
            ? ['  nothing is different']
            : columns([{ title: '  WHAT' }, { title: 'NOW' }, { title: 'THEN' }], changes, { ...WIDE, paint })),
        ]),
    ...(m.checks.length > 0 ? ['', 'Found when it was stored:', ...findingLines(m.checks, paint)] : []),
    '',
  ].join('\n');
}
