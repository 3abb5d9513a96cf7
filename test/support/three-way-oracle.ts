// What a three-way sync should do with one row, written from docs/conflicts.md and from nothing of the product.

export interface Row {
  readonly a: string | null;
  readonly b: string | null;
  readonly n: number | null;
  readonly tags: readonly number[] | null;
  readonly v: number | null;
  /** Milliseconds since 1970. */
  readonly at: number | null;
}

type Field = keyof Row;
const FIELDS: readonly Field[] = ['a', 'b', 'n', 'tags', 'v', 'at'];

/** What both sides had at the last decision; `unknown`: nobody has ever decided. */
export type Base = { readonly source: Row | null; readonly target: Row | null } | 'unknown';

export interface Policy {
  /** By conflict type, and for rows that only the target changed. */
  readonly strategy: string;
  readonly types?: Readonly<Record<string, string>>;
  readonly fields?: Readonly<Record<string, string>>;
  readonly clock: boolean;
  readonly nowMs: number;
  readonly deleteMode: 'tracked' | 'mirror' | 'keep';
  /** An edit of the target is no disagreement: it goes to the source. */
  readonly both?: boolean;
}

export interface Result {
  readonly target: Row | null;
  readonly base: Base;
  readonly counted: 'inserted' | 'updated' | 'deleted' | 'kept' | 'conflicts' | 'unchanged' | 'none';
  readonly conflict?: string;
}

const text = (x: unknown) => JSON.stringify(x ?? null);
const sameField = (p: Row, q: Row, f: Field) => text(p[f]) === text(q[f]);
export const sameRow = (p: Row | null, q: Row | null) =>
  p === null || q === null ? p === q : FIELDS.every((f) => sameField(p, q, f));

const FUTURE_MS = 300_000;

function newer(s: Row, t: Row, nowMs: number): 'source' | 'target' {
  const usable = (x: number | null) => (x === null || x > nowMs + FUTURE_MS ? Number.NEGATIVE_INFINITY : x);
  return usable(t.at) > usable(s.at) ? 'target' : 'source';
}

const greater = (p: number | null, q: number | null) => (p === null ? q : q === null ? p : Math.max(p, q));
const lesser = (p: number | null, q: number | null) => (p === null ? q : q === null ? p : Math.min(p, q));

function union(s: readonly number[] | null, t: readonly number[] | null): readonly number[] | null {
  if (s === null || t === null) return s ?? t;
  return [...t, ...s.filter((x) => !t.includes(x))];
}

/** The value of a field that both changed, or `people`. */
function byRule(rule: string, f: Field, rows: { s: Row; t: Row; base: Row | null }, policy: Policy): unknown {
  const { s, t, base } = rows;
  const [x, y] = [s[f], t[f]] as [never, never];
  switch (rule) {
    case 'source':
      return x;
    case 'target':
      return y;
    case 'newer':
      return newer(s, t, policy.nowMs) === 'source' ? x : y;
    case 'max':
      return greater(x, y);
    case 'min':
      return lesser(x, y);
    case 'concat':
      return union(x, y);
    case 'sum':
      return base === null ? 'people' : Number(y ?? 0) + (Number(x ?? 0) - Number(base[f] ?? 0));
    default:
      return 'people';
  }
}

/** Who changed what: fields that differ between the sides. */
function split(base: Base, s: Row, t: Row) {
  const differing = FIELDS.filter((f) => !sameField(s, t, f));
  if (base === 'unknown' || !base.source || !base.target) return { both: differing, source: [], target: [] };
  const [bs, bt] = [base.source, base.target];
  const bySource = (f: Field) => !sameField(s, bs, f);
  const byTarget = (f: Field) => !sameField(t, bt, f) || !sameField(bs, bt, f);
  return {
    both: differing.filter((f) => bySource(f) === byTarget(f)),
    source: differing.filter((f) => bySource(f) && !byTarget(f)),
    target: differing.filter((f) => !bySource(f) && byTarget(f)),
  };
}

type Parts = ReturnType<typeof split>;

function merge(base: Base, s: Row, t: Row, parts: Parts, policy: Policy): Row | 'people' {
  const before = base === 'unknown' ? null : base.source;
  const row: Record<string, unknown> = { ...t };
  for (const f of parts.source) row[f] = s[f];
  for (const f of parts.both) {
    const rule = f === 'at' && policy.clock ? 'max' : (policy.fields?.[f] ?? policy.fields?.['*'] ?? 'manual');
    const value = byRule(rule, f, { s, t, base: before }, policy);
    if (value === 'people') return 'people';
    row[f] = value;
  }
  return row as unknown as Row;
}

/** The target takes this row. */
function write(s: Row, t: Row | null, row: Row): Result {
  const counted = t === null ? 'inserted' : sameRow(t, row) ? 'kept' : 'updated';
  return { target: row, base: { source: s, target: row }, counted };
}

function conflict(type: string, base: Base, s: Row | null, t: Row | null, policy: Policy): Result {
  const strategy = policy.types?.[type] ?? policy.strategy;
  const queue: Result = { target: t, base, counted: 'conflicts', conflict: type };
  const stay: Result = { target: t, base: { source: s, target: t }, counted: 'kept' };
  if (strategy === 'manual') return queue;
  if (strategy === 'target_wins') return stay;
  if (type === 'delete_updated') {
    if (strategy === 'source_wins') return { target: null, base: { source: null, target: null }, counted: 'deleted' };
    return strategy === 'newer_wins' ? stay : queue;
  }
  if (s === null) throw new Error('only a delete has no source row');
  if (type === 'update_deleted') return strategy === 'field_level' ? queue : write(s, t, s);
  if (t === null) throw new Error('both sides have the row');
  if (strategy === 'source_wins') return write(s, t, s);
  const found = type === 'update_differing' ? split(base, s, t) : split('unknown', s, t);
  const whole = base !== 'unknown' && base.source && base.target ? found : split('unknown', s, t);
  if (strategy === 'newer_wins') {
    if (policy.clock && whole.both.every((f) => f === 'at'))
      return merged(merge(base, s, t, whole, policy), s, t, queue);
    return newer(s, t, policy.nowMs) === 'source' ? write(s, t, s) : stay;
  }
  return merged(merge(base, s, t, whole, policy), s, t, queue);
}

const merged = (row: Row | 'people', s: Row, t: Row, queue: Result): Result =>
  row === 'people' ? queue : write(s, t, row);

/** What the target, the base and the counts are after a run. */
export function decide(base: Base, s: Row | null, t: Row | null, policy: Policy): Result {
  if (sameRow(s, t)) {
    const counted = s === null ? 'none' : 'unchanged';
    return { target: t, base: { source: s, target: t }, counted };
  }
  const keep: Result = { target: t, base, counted: 'kept' };
  const [bs, bt] = base === 'unknown' ? [null, null] : [base.source, base.target];
  const sMoved = base === 'unknown' || !sameRow(s, bs);
  const tMoved = base === 'unknown' || !sameRow(t, bt);
  const diverged = !sameRow(bs, bt);
  if (!sMoved && !tMoved) return keep; // decided before
  const overwrite = policy.strategy === 'source_wins' && !policy.both;
  if (s === null) {
    if (base === 'unknown' || bs === null) {
      // the source never had it, or its deletion was decided on before
      const foreign = base === 'unknown' || bt === null;
      return foreign && policy.deleteMode === 'mirror'
        ? { target: null, base: { source: null, target: null }, counted: 'deleted' }
        : keep;
    }
    if (policy.deleteMode === 'keep') return keep;
    if (!tMoved && !diverged) return { target: null, base: { source: null, target: null }, counted: 'deleted' };
    return conflict('delete_updated', base, s, t, policy);
  }
  if (t === null) {
    if (base === 'unknown' || bs === null) return write(s, t, s); // new in the source
    if (!sMoved) return overwrite ? write(s, t, s) : keep; // the target deleted it
    return conflict('update_deleted', base, s, t, policy);
  }
  if (base === 'unknown') return conflict('update_differing', base, s, t, policy);
  if (bs === null) return conflict('insert_exists', base, s, t, policy);
  if (!sMoved) return overwrite ? write(s, t, s) : keep;
  if (bt === null) return conflict('update_differing', base, s, t, policy);
  const parts = split(base, s, t);
  if (parts.both.length > 0) return conflict('update_differing', base, s, t, policy);
  if (parts.source.length === 0) return overwrite ? write(s, t, s) : keep;
  return merged(merge(base, s, t, parts, policy), s, t, keep);
}
