import type { AuditRecord } from '../model/audit-event.ts';
import type { AuditReport, Milestone, RowTally, TableTally, Tally } from '../model/audit-report.ts';
import { severityOf } from './catalogue.ts';

const NO_ROWS: RowTally = { inserted: 0, updated: 0, deleted: 0, quarantined: 0 };

const addRows = (a: RowTally, b: RowTally): RowTally => ({
  inserted: a.inserted + b.inserted,
  updated: a.updated + b.updated,
  deleted: a.deleted + b.deleted,
  quarantined: a.quarantined + b.quarantined,
});

/** All rows of a tally. */
export const rowsOf = ({ inserted, updated, deleted, quarantined }: RowTally): number =>
  inserted + updated + deleted + quarantined;

const number = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
const word = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Rows that a chunk says it has written or put aside; the last one of a segment counts like any other. */
function rowsIn({ type, data }: AuditRecord): RowTally {
  if (type !== 'chunk.applied' && type !== 'segment.finished') return NO_ROWS;
  return {
    inserted: number(data.inserted),
    updated: number(data.updated),
    deleted: number(data.deleted),
    quarantined: number(data.quarantined),
  };
}

/** Milestones kept: of a job that pauses every minute for a day all. */
const MILESTONES = 2_000;

class Tallies {
  readonly #counts = new Map<string, number>();

  add(name: string, count = 1): void {
    if (count !== 0) this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  addAll(tallies: readonly Tally[]): void {
    for (const { name, count } of tallies) this.add(name, count);
  }

  /** Most frequent first. */
  list(): Tally[] {
    const all = [...this.#counts].map(([name, count]) => ({ name, count }));
    return all.sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  }
}

const earlier = (a: string, b: string) => (a < b ? a : b);
const later = (a: string, b: string) => (a > b ? a : b);

function addTable(a: TableTally | undefined, b: TableTally): TableTally {
  if (!a) return b;
  return {
    ...b,
    ...addRows(a, b),
    chunks: a.chunks + b.chunks,
    unexplained: a.unexplained + b.unexplained,
    first_at: earlier(a.first_at, b.first_at),
    last_at: later(a.last_at, b.last_at),
  };
}

/** What is counted while events or parts of a report are added. */
class Fold {
  readonly #types = new Tallies();
  readonly #severities = new Tallies();
  readonly #actors = new Tallies();
  readonly #decisions = new Tallies();
  readonly #errors = new Tallies();
  readonly #rules = new Tallies();
  readonly #tables = new Map<string, TableTally>();
  readonly #minutes = new Map<string, RowTally>();
  readonly #milestones: Milestone[] = [];
  #rows = NO_ROWS;
  #events = 0;
  #first: string | null = null;
  #last: string | null = null;

  #between(first: string | null, last: string | null): void {
    if (first !== null) this.#first = this.#first === null ? first : earlier(this.#first, first);
    if (last !== null) this.#last = this.#last === null ? last : later(this.#last, last);
  }

  event(record: AuditRecord): void {
    const { type, actor, at, data, seq } = record;
    this.#events += 1;
    this.#between(at, at);
    this.#types.add(type);
    this.#severities.add(severityOf(type));
    this.#actors.add(actor);
    const rows = rowsIn(record);
    this.#addRows(rows, at);
    this.#table(record, rows);
    this.#decision(record, rowsOf(rows) - rows.quarantined);
    this.#error(record);
    this.#ruled(record);
    if (type.startsWith('job.') && this.#milestones.length < MILESTONES) {
      const code = word(data.code);
      this.#milestones.push({ seq, at, type, actor, ...(code !== undefined && { code }) });
    }
  }

  /** A chunk names the rule of its rows, and of those that were decided otherwise how many by which. */
  #decision({ type, data }: AuditRecord, rows: number): void {
    const rule = word(data.rule) ?? 'unknown';
    if (type === 'conflict.resolved') this.#decisions.add(rule);
    if (type !== 'chunk.applied' && type !== 'segment.finished') return;
    const otherwise = Object.entries(data.decisions ?? {}).map(([name, n]) => [name, number(n)] as const);
    for (const [name, n] of otherwise) this.#decisions.add(name, n);
    this.#decisions.add(rule, Math.max(0, rows - otherwise.reduce((sum, [, n]) => sum + n, 0)));
  }

  #addRows(rows: RowTally, at: string): void {
    if (rowsOf(rows) === 0) return;
    this.#rows = addRows(this.#rows, rows);
    const minute = at.slice(0, 16);
    this.#minutes.set(minute, addRows(this.#minutes.get(minute) ?? NO_ROWS, rows));
  }

  #table({ type, at, data }: AuditRecord, rows: RowTally): void {
    const name = word(data.table);
    if (name === undefined) return;
    const chunk = type === 'chunk.applied' || type === 'segment.finished';
    // the sum over a whole pass is in `table.applied` too: only chunks are added
    const unexplained = chunk && data.pass === 'verify' ? number(data.unexplained) : 0;
    const own = { name, ...rows, chunks: chunk ? 1 : 0, unexplained, first_at: at, last_at: at };
    this.#tables.set(name, addTable(this.#tables.get(name), own));
  }

  #error({ type, data }: AuditRecord): void {
    if (type === 'rows.quarantined' && typeof data.codes === 'object' && data.codes !== null)
      for (const [code, rows] of Object.entries(data.codes)) this.#errors.add(code, number(rows));
    const code = word(data.code);
    if (code !== undefined && severityOf(type) !== 'info') this.#errors.add(code, Math.max(1, number(data.times)));
  }

  /** What rules came to when the job was prepared. */
  #ruled({ type, data }: AuditRecord): void {
    if (type !== 'job.prepared' || !Array.isArray(data.tables)) return;
    for (const { name, rules } of data.tables as readonly { name?: unknown; rules?: unknown }[]) {
      if (!Array.isArray(rules)) continue;
      for (const r of rules as readonly Record<string, unknown>[])
        this.#rules.add(`${word(name)}: ${word(r.name)} (${word(r.severity)})`, number(r.rows));
    }
  }

  part(report: AuditReport): void {
    this.#events += report.events;
    this.#between(report.first_at, report.last_at);
    this.#types.addAll(report.types);
    this.#severities.addAll(report.severities);
    this.#actors.addAll(report.actors);
    this.#decisions.addAll(report.decisions);
    this.#errors.addAll(report.errors);
    this.#rules.addAll(report.rules ?? []); // of a service that knew none
    this.#rows = addRows(this.#rows, report.rows);
    for (const table of report.tables) this.#tables.set(table.name, addTable(this.#tables.get(table.name), table));
    for (const { minute, ...rows } of report.minutes)
      this.#minutes.set(minute, addRows(this.#minutes.get(minute) ?? NO_ROWS, rows));
    this.#milestones.push(...report.milestones.slice(0, MILESTONES - this.#milestones.length));
  }

  result(jobId: string, fromSeq: number, throughSeq: number): AuditReport {
    const byName = (a: string, b: string) => (a < b ? -1 : 1);
    return {
      job_id: jobId,
      from_seq: fromSeq,
      through_seq: throughSeq,
      events: this.#events,
      first_at: this.#first,
      last_at: this.#last,
      rows: this.#rows,
      types: this.#types.list(),
      severities: this.#severities.list(),
      actors: this.#actors.list(),
      tables: [...this.#tables.values()].sort((a, b) => byName(a.name, b.name)),
      decisions: this.#decisions.list(),
      errors: this.#errors.list(),
      rules: this.#rules.list(),
      minutes: [...this.#minutes].sort(([a], [b]) => byName(a, b)).map(([minute, rows]) => ({ minute, ...rows })),
      milestones: this.#milestones,
    };
  }
}

/** Statistics of the events behind `after`, up to `through`. A fold: parts add up (`addReports`). Pure. */
export function reportOf(
  jobId: string,
  { after, through }: { readonly after: number; readonly through: number },
  records: Iterable<AuditRecord>,
): AuditReport {
  const fold = new Fold();
  for (const record of records) fold.event(record);
  return fold.result(jobId, after + 1, through);
}

/** Statistics of parts of a trail that follow each other. Pure. */
export function addReports(first: AuditReport, ...others: readonly AuditReport[]): AuditReport {
  const fold = new Fold();
  for (const part of [first, ...others]) fold.part(part);
  return fold.result(first.job_id, first.from_seq, (others.at(-1) ?? first).through_seq);
}

/** Seconds from the first event to the last, and rows written per second of that time. */
export function pace(report: Pick<AuditReport, 'first_at' | 'last_at' | 'rows'>): {
  readonly seconds: number;
  readonly rows_written_per_second: number | null;
} {
  const { first_at, last_at, rows } = report;
  const ms = first_at !== null && last_at !== null ? Date.parse(last_at) - Date.parse(first_at) : 0;
  const all = rowsOf(rows);
  return { seconds: ms / 1000, rows_written_per_second: ms > 0 && all > 0 ? Math.round(all / (ms / 1000)) : null };
}
