import type { Finding, ProjectFinding } from '../change-detector/strategy.ts';
import { type Difference, keyId, type RowKey } from '../model/change.ts';
import type { SegmentWork } from './segment-work.ts';

type Work = Pick<SegmentWork, 'id' | 'plan' | 'source' | 'target'>;

/** Keys of a Set of `keyId`. */
const ids = (keys: readonly RowKey[]) => new Set(keys.map(keyId));

const keysOf = (differences: readonly Difference[], kind: Difference['kind']) =>
  differences.filter((d) => d.kind === kind).map((d) => d.key);

/**
 * Which rows of both sides may be changed: those that either side has in the project of its own. Others are there for what refers
 * to them; they belong to whatever project they belong to, and follow the source only where the config says so.
 */
export async function mayChange(
  { id, plan, source, target }: Work,
  keys: readonly RowKey[],
): Promise<ReadonlySet<string>> {
  const { scope } = plan;
  if (!scope || scope.parents === 'update' || scope.role === 'root' || scope.role === 'child' || keys.length === 0)
    return ids(keys);
  const [s, t] = await Promise.all([source.descended(keys), target.descended(keys)]);
  // a parent that this job has added without a reference, because its row came later, is completed in the passes behind
  const begun = plan.nullFirst && id.pass !== 'apply' ? await target.changedSince(keys) : [];
  return new Set([...ids(s), ...ids(t), ...ids(begun)]);
}

/** Target-only rows that may go: those that the target has in the project of its own. */
async function mayGo({ plan, target }: Work, keys: readonly RowKey[]): Promise<ReadonlySet<string>> {
  return plan.scope?.role === 'parent' || keys.length === 0 ? new Set() : ids(await target.descended(keys));
}

/** Rows that the target has too, where its own part of the project does not show them: they are changed, or equal. */
async function elsewhere({ plan, target }: Work, missing: readonly RowKey[]): Promise<ReadonlyMap<string, string>> {
  if (missing.length === 0) return new Map();
  const found = await target.fingerprints(missing);
  return new Map(found.map((f) => [keyId(f.key), plan.compares === 'key' ? 'same' : f.fingerprint]));
}

/**
 * What a finding comes to in a project (docs/adr/0021): a row that is missing in the target's part of it may stand elsewhere in
 * the target; what the target alone has goes only where it was reached there by descending; parents stay as they are unless
 * the config lets them follow.
 */
export async function withinProject(work: Work, finding: Finding): Promise<ProjectFinding> {
  const { scope } = work.plan;
  if (!scope || finding.differences.length === 0) return finding;
  const there = await elsewhere(work, keysOf(finding.differences, 'source_only'));
  const equal: RowKey[] = [];
  const seen = finding.differences.flatMap((d): Difference[] => {
    const target = d.kind === 'source_only' ? there.get(keyId(d.key)) : undefined;
    if (d.kind !== 'source_only' || target === undefined) return [d];
    if (target !== 'same' && target !== d.source) return [{ ...d, kind: 'both_differ', target }];
    equal.push(d.key);
    return [];
  });
  const [change, go] = await Promise.all([
    mayChange(work, keysOf(seen, 'both_differ')),
    mayGo(work, keysOf(seen, 'target_only')),
  ]);
  const isOurs = (d: Difference) =>
    d.kind === 'source_only' || (d.kind === 'both_differ' ? change : go).has(keyId(d.key));
  const differences = seen.filter(isOurs);
  const left = seen.filter((d) => !isOurs(d)).map((d) => d.key);
  const { opened } = finding;
  return {
    ...finding,
    equal: finding.equal + equal.length,
    differences,
    ...(opened && { opened: { ...opened, equal: [...opened.equal, ...equal] } }),
    ...(left.length > 0 && { left }),
  };
}
