import { type BucketRun, type Difference, type KeyedFingerprint, keyId, type RowKey } from '../model/change.ts';
import type { PlannedChanges } from '../model/change-stream.ts';
import type { SegmentReader } from '../ports.ts';
import { detectByHash } from './by-hash.ts';
import type { Detect, Finding, Scope } from './strategy.ts';

/** What both sides have now under keys that changed. A key that neither side has needs nothing. */
async function compareKeys(
  source: SegmentReader,
  target: SegmentReader,
  waiting: readonly RowKey[],
  runs: readonly BucketRun[] | undefined,
) {
  const placed = await source.placed(waiting, runs);
  const keys = placed.map((p) => p.key);
  const [s, t] = await Promise.all([source.present(keys), target.present(keys)]);
  const here = new Map(s.map((row) => [keyId(row.key), row.fingerprint]));
  const there = new Map(t.map((row) => [keyId(row.key), row.fingerprint]));
  const differences: Difference[] = [];
  const alike: KeyedFingerprint[] = [];
  for (const { key, bucket } of new Map(placed.map((p) => [keyId(p.key), p])).values()) {
    const [a, b] = [here.get(keyId(key)), there.get(keyId(key))];
    if (a !== undefined && b === undefined) differences.push({ kind: 'source_only', bucket, key, source: a });
    else if (a === undefined && b !== undefined) differences.push({ kind: 'target_only', bucket, key, target: b });
    else if (a !== undefined && b !== undefined && a !== b)
      differences.push({ kind: 'both_differ', bucket, key, source: a, target: b });
    else if (a !== undefined) alike.push({ key, bucket, fingerprint: a });
  }
  return { equal: alike.length, differences, alike };
}

async function* changedRows(
  source: SegmentReader,
  target: SegmentReader,
  scope: Scope & { readonly changes: PlannedChanges },
): AsyncIterable<Finding> {
  for (let after = scope.at?.key; ; ) {
    const waiting = await target.waiting(scope.changes, after, scope.pageRows);
    const last = waiting.at(-1);
    if (!last) return;
    after = last;
    const at = { part: 'changes' as const, key: last };
    yield { through: scope.after, at, ...(await compareKeys(source, target, waiting, scope.runs)) };
    if (waiting.length < scope.pageRows) return;
  }
}

/**
 * An incremental job looks at the rows whose keys the source's log names since the last drain, as both sides have them now.
 * Other jobs, and tables of which the log does not tell enough, compare everything.
 *
 * Cost: the log once, when the job is prepared; then one look-up by key a side for each row that changed, however often.
 */
export const detectByLog: Detect = (source, target, scope) => {
  const { changes } = scope;
  return changes ? changedRows(source, target, { ...scope, changes }) : detectByHash(source, target, scope);
};
