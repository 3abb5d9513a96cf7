import type { ProjectFinding as Finding } from '../change-detector/strategy.ts';
import type { Adoption, OpenedBuckets } from '../model/baseline.ts';
import { type BucketSum, type Difference, keyId } from '../model/change.ts';
import { looksAtSome } from '../model/table.ts';
import { commit, type SegmentWork, type Step } from './segment-work.ts';
import { courtOf, goneOf } from './three-way.ts';

/** Buckets filed in one transaction: about 130,000 rows, a few tenths of a second. */
const BUCKETS_AT_ONCE = 8_192;

const filedAt = (work: SegmentWork) => ({ plan: work.plan, segment: work.segment, number: work.id.segment });

/** What was compared since it was last filed. */
export interface Compared {
  readonly after: number;
  readonly same: BucketSum[];
  readonly opened: number[];
  /** Every bucket was looked at, so one that nobody tells of has no row. */
  readonly whole: boolean;
  /** The strategy tells of equal buckets. */
  tells: boolean;
}

export const compared = (after: number, whole = true): Compared => ({
  after,
  whole,
  same: [],
  opened: [],
  tells: true,
});

export function note(what: Compared, finding: Finding): void {
  for (const s of finding.same ?? []) what.same.push(s); // may be too many for a spread
  for (const b of finding.opened?.buckets ?? []) what.opened.push(b);
  if (!finding.same) what.tells = false;
}

/** A step that adds to the baseline and nothing else. */
export const onlyFiles = (work: SegmentWork, adopt: Adoption): Step => ({
  changes: [],
  buckets: [],
  cursor: work.cursor,
  counts: {},
  adopt,
  rule: 'baseline',
});

/**
 * Files the buckets that were found equal and are not filed as such yet; in a quiet run nothing. The cursor stays: these
 * commits only add to the baseline. True: hand over.
 */
export async function fileCompared(work: SegmentWork, what: Compared, through: number): Promise<boolean> {
  if (!work.plan.baseline?.keep || looksAtSome(work.plan) || !what.tells) return false;
  const found = await work.database.notFiled(filedAt(work), { ...what, through });
  const { equal = [] } = found;
  const vanished = what.whole ? (found.vanished ?? []) : [];
  // buckets spread by hash have no ranges: each statement scans the segment, so there is one
  const size = work.segment.buckets.keyspace === 'hashed' ? Math.max(1, equal.length) : BUCKETS_AT_ONCE;
  for (let at = 0; at < Math.max(equal.length, vanished.length > 0 ? 1 : 0); at += size) {
    const adopt = { equal: equal.slice(at, at + size), ...(at === 0 && { vanished }) };
    if (await commit(work, onlyFiles(work, adopt))) return true;
  }
  return false;
}

/** What of the buckets that were opened for a finding is filed. */
function openedFor(work: SegmentWork, finding: Finding): OpenedBuckets | undefined {
  if (work.plan.keys) return undefined; // other rows of its buckets were not looked at
  if (!work.plan.baseline?.keep || !finding.opened || finding.opened.buckets.length === 0) return undefined;
  const based = work.plan.conflicts?.base; // then a key is only gone when it is on neither side
  const others = finding.differences.filter((d) => based || d.kind !== 'source_only').map((d) => d.key);
  return { ...finding.opened, others: [...others, ...(finding.left ?? [])] };
}

/** Rows found alike one by one, where the last decision of each is kept. */
async function alikeIn(work: SegmentWork, { alike = [] }: Finding): Promise<Pick<Adoption, 'alike' | 'bases'>> {
  if (!work.plan.conflicts?.base?.keep || alike.length === 0) return {};
  const keys = alike.filter((a) => a.source !== undefined).map((a) => a.key);
  const [s, t] = [await work.source.prints(keys), await work.target.prints(keys)];
  const inTarget = new Map(t.map((p) => [keyId(p.key), p]));
  return {
    alike: alike.filter((a) => a.source === undefined),
    bases: s.flatMap((p) => {
      const target = inTarget.get(keyId(p.key));
      return target ? [{ key: p.key, base: { source: p, target } }] : [];
    }),
  };
}

/** What a finding's first chunk files of it; undefined: nothing. */
export async function adoptionOf(work: SegmentWork, finding: Finding): Promise<Adoption | undefined> {
  const opened = openedFor(work, finding);
  const rows = await alikeIn(work, finding);
  const some = opened || (rows.alike ?? []).length + (rows.bases ?? []).length > 0;
  return some ? { ...(opened && { opened }), ...rows } : undefined;
}

/**
 * Which of the differences are target-only rows that the delete mode deletes; in a job that writes to both sides also rows of the
 * source alone that the target has deleted, as `source_only`.
 */
export async function toDelete(work: SegmentWork, differences: readonly Difference[]): Promise<readonly Difference[]> {
  const extra = differences.filter((d) => d.kind === 'target_only');
  const court = courtOf(work);
  if (court) return goneOf(court, court.plan.conflicts.both ? differences : extra);
  const mode = work.config.delete_mode;
  if (mode === 'mirror' || extra.length === 0) return extra;
  if (mode === 'keep') return [];
  const known = await work.database.knownKeys(
    filedAt(work),
    extra.map((d) => d.key),
  );
  const ids = new Set(known.map(keyId));
  return extra.filter((d) => ids.has(keyId(d.key)));
}
