import {
  type BucketSum,
  type Difference,
  keyId,
  NOT_COMPUTABLE,
  type ReadRow,
  type RowKey,
  toRuns,
} from '../../model/change.ts';
import type { StrategyFacts } from '../../model/strategy.ts';
import type { SegmentReader } from '../../ports.ts';
import { type Detect, type Finding, NEEDS_NOTHING, SEES_ALL } from '../strategy.ts';

/** Positions of the columns whose canonical values are not alike. */
function differingFields(source: ReadRow, target: ReadRow): readonly number[] {
  return source.canonical.flatMap((value, i) => (value === target.canonical[i] ? [] : [i]));
}

function compareRows(source: readonly ReadRow[], target: readonly ReadRow[], alike: SegmentReader['alike']) {
  const rest = new Map(target.map((t) => [keyId(t.key), t]));
  const differences: Difference[] = [];
  const equal: ReadRow[] = [];
  const alikes: NonNullable<Finding['alike']>[number][] = [];
  for (const s of source) {
    const t = rest.get(keyId(s.key));
    rest.delete(keyId(s.key));
    if (!t) {
      differences.push({ kind: 'source_only', bucket: s.bucket, key: s.key, source: s.fingerprint });
      continue;
    }
    const fields = differingFields(s, t).filter((i) => !alike(i, s.canonical[i] ?? null, t.canonical[i] ?? null));
    if (fields.length === 0 && s.fingerprint !== NOT_COMPUTABLE) {
      equal.push(t);
      const { key, fingerprint } = t;
      alikes.push({ key, fingerprint, ...(s.fingerprint !== fingerprint && { source: s.fingerprint }) });
    } else
      differences.push({
        kind: 'both_differ',
        bucket: s.bucket,
        key: s.key,
        source: s.fingerprint,
        target: t.fingerprint,
        fields,
      });
  }
  for (const t of rest.values())
    differences.push({ kind: 'target_only', bucket: t.bucket, key: t.key, target: t.fingerprint });
  differences.sort((a, b) => a.bucket - b.bucket);
  return { equal, differences, alikes };
}

/**
 * The same for rows without a key, as multisets: only copies that one side has more of are differences. Their keys end in
 * the copy's number; missing copies come in ascending order and surplus ones in descending, as they are written.
 */
function compareCopies(source: readonly ReadRow[], target: readonly ReadRow[]) {
  const rest = new Map(target.map((t) => [keyId(t.key), t]));
  const differences: Difference[] = [];
  let equal = 0;
  const surplus = (row: ReadRow, other: number, add: (key: RowKey) => Difference) => {
    const numbers = Array.from({ length: Math.max(0, (row.copies ?? 1) - other) }, (_, i) => other + i + 1);
    return numbers.map((n) => add([...row.key, String(n)]));
  };
  const missing = (row: ReadRow, other: number) =>
    surplus(row, other, (key) => ({ kind: 'source_only', bucket: row.bucket, key, source: row.fingerprint }));
  const extra = (row: ReadRow, other: number) =>
    surplus(row, other, (key) => ({ kind: 'target_only', bucket: row.bucket, key, target: row.fingerprint })).reverse();
  for (const s of source) {
    const t = rest.get(keyId(s.key));
    rest.delete(keyId(s.key));
    equal += Math.min(s.copies ?? 1, t?.copies ?? 0);
    differences.push(...missing(s, t?.copies ?? 0), ...(t ? extra(t, s.copies ?? 1) : []));
  }
  for (const t of rest.values()) differences.push(...extra(t, 0));
  differences.sort((a, b) => a.bucket - b.bucket);
  return { equal, differences };
}

/** Rows in each bucket: the more of the two sides, in ascending order of the buckets. */
function sizes(source: readonly BucketSum[], target: readonly BucketSum[], after: number): readonly [number, number][] {
  const rows = new Map<number, number>();
  for (const s of [...source, ...target])
    if (s.bucket > after) rows.set(s.bucket, Math.max(rows.get(s.bucket) ?? 0, s.rows));
  return [...rows].sort(([a], [b]) => a - b);
}

/** The sums that are alike on both sides, by bucket. */
function bothSides(source: readonly BucketSum[], target: readonly BucketSum[]): ReadonlyMap<number, BucketSum> {
  const sums = new Map(target.map((t) => [t.bucket, t]));
  return new Map(
    source.flatMap((s) => {
      const t = sums.get(s.bucket);
      return t && t.rows === s.rows && t.hash === s.hash ? [[s.bucket, s] as const] : [];
    }),
  );
}

/**
 * Reads every row of both sides and compares value by value, with the typed equality of the data types and the tolerances
 * of the config; names the differing fields. No hash decides, but for tables without a key: their rows are compared as
 * multisets, by the SHA-256 of the whole row.
 *
 * Cost: one count of the buckets and one full read a side.
 */
export const content: StrategyFacts = {
  name: 'content',
  compares: 'row',
  summary: 'Reads every row of both sides and compares value by value; names the differing fields, honours tolerances.',
  namesFields: true,
  full: { sees: SEES_ALL, reads: 'every row of both sides, all of them through the worker' },
  needs: NEEDS_NOTHING,
  seesConflicts: true,
  options: ['tolerances'],
};

export const detectByContent: Detect = async function* (source, target, { after, runs }) {
  const [s, t] = await Promise.all([source.sums(runs), target.sums(runs)]);
  const equalSums = bothSides(s, t);
  let group: number[] = [];
  let rows = 0;
  let through = after;
  const read = async (): Promise<Finding> => {
    if (group.length === 0) return { through, equal: 0, differences: [], same: [] };
    const of = toRuns(group);
    const [a, b] = await Promise.all([source.read(of), target.read(of)]);
    if ([...a, ...b].some((row) => row.copies !== undefined)) return { through, ...compareCopies(a, b) };
    const { equal, differences, alikes } = compareRows(a, b, source.alike);
    const differing = new Set(differences.map((d) => d.bucket));
    const same = group.flatMap((b) => (differing.has(b) ? [] : (equalSums.get(b) ?? [])));
    const opened = new Set(group);
    for (const { bucket } of same) opened.delete(bucket);
    const equalKeys = equal.filter((r) => opened.has(r.bucket)).map((r) => r.key);
    return {
      through,
      equal: equal.length,
      differences,
      same,
      opened: { buckets: [...opened], equal: equalKeys },
      alike: alikes,
    };
  };
  for (const [bucket, size] of sizes(s, t, after)) {
    group.push(bucket);
    rows += size;
    through = bucket;
    if (rows < source.readRows) continue;
    yield await read();
    [group, rows] = [[], 0];
  }
  yield await read();
};
