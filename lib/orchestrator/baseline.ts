import { createHash } from 'node:crypto';
import type { BaselineChanges, Generation, PairTable } from '../model/baseline.ts';
import type { JobConfig } from '../model/config.ts';
import type { Job } from '../model/job.ts';
import { looksAtSome, relationText, type Segment, type TablePlan } from '../model/table.ts';
import type { PlanningTarget } from '../ports.ts';
import { layoutFits, withRoom } from './layout.ts';
import type { Preflight } from './preflight.ts';

/** Raised when keys are hashed or filed in another way; what was filed before is dropped then. */
const SCHEME = 1;

/** Raised when prints are made in another way; what was filed before is dropped then. */
const PRINT_SCHEME = 1;

/** Whether the job asks which rows of a table came from the source, or what they were at the last decision. */
const needsBaseline = (config: JobConfig, { key, conflicts }: TablePlan) =>
  key.length > 0 && (config.delete_mode === 'tracked' || conflicts !== undefined); // without one rows cannot be known again

/** What prints depend on: the key's stamp, and every mapped column with its type, its equality and its cast, and the mapping. */
export function printStamp(plan: TablePlan, targetOid: string): string {
  const columns = plan.columns.map((c) => [c.name, c.type.base, c.equality, c.source?.castTo]);
  const what = [PRINT_SCHEME, stampOf(plan, targetOid), columns, plan.conflicts?.images];
  const text = JSON.stringify(plan.select?.version === undefined ? what : [...what, plan.select.version]);
  return createHash('sha256').update(text).digest('hex');
}

/** What key hashes depend on, and the table they were filed for: a table that was dropped and made anew is another one. */
export function stampOf(plan: TablePlan, targetOid: string): string {
  const key = plan.key.map((name) => {
    const base = plan.columns.find((c) => c.name === name)?.type.base;
    return `${name} ${base?.schema}.${base?.name}`;
  });
  return JSON.stringify([SCHEME, plan.fingerprint, targetOid, ...key]);
}

function pairTable(found: Preflight, plan: TablePlan): PairTable {
  const { system_identifier, database_oid } = found.source;
  return {
    source: { system: system_identifier, database: database_oid },
    sourceTable: plan.source,
    targetTable: plan.target,
    scope: JSON.stringify(plan.filters.map((f) => JSON.stringify(f)).sort()) + (plan.scope?.identity ?? ''),
  };
}

/** How a table is compared and filed in a job. */
export interface Filing {
  readonly segments: readonly Segment[];
  readonly own: 'none' | 'begin' | { readonly id: number };
  readonly older: readonly number[];
  readonly drop: readonly number[];
  /** The base of an earlier generation that goes on. */
  readonly base?: number;
}

/** How a generation is asked for. `base`: the stamp of the prints, where the last decision of each row is needed. */
export interface Asked {
  readonly stamp: string;
  readonly base?: string;
  readonly dryRun: boolean;
  readonly windowed?: boolean;
}

/**
 * Goes on with the newest generation where its layout still fits, else begins one; earlier ones of the same stamp are read
 * besides it until a job has filed everything anew. A dry run begins and drops nothing. Bases go over to a new layout, but
 * they do not begin under an old one: what is filed there as equal has no bases. Pure.
 */
export function fileUnder(earlier: readonly Generation[], fresh: readonly Segment[], asked: Asked): Filing {
  const { stamp, dryRun, windowed = false } = asked;
  const alike = earlier.filter((g) => g.stamp === stamp);
  const whole = alike.findIndex((g) => g.whole);
  const read = whole < 0 ? alike : alike.slice(0, whole + 1);
  const [newest] = read;
  const based = asked.base !== undefined && newest?.base?.stamp === asked.base ? newest.base.id : undefined;
  const goesOn = asked.base === undefined || based !== undefined;
  const fits = newest !== undefined && goesOn && layoutFits(newest.layout, fresh, windowed);
  const older = (fits ? read.slice(1) : read).map((g) => g.id);
  const drop = dryRun ? [] : earlier.filter((g) => !read.includes(g)).map((g) => g.id);
  const base = based === undefined ? {} : { base: based };
  if (fits) return { segments: newest.layout, own: { id: newest.id }, older, drop, ...base };
  return dryRun
    ? { segments: fresh, own: 'none', older, drop, ...base }
    : { segments: withRoom(fresh), own: 'begin', older, drop, ...base };
}

type Planned = { readonly plan: TablePlan; readonly segments: readonly Segment[] };

/** Where a table's bases are, and how its rows may be copied: a copy asks nobody, so only where nothing was decided before. */
function withBase(plan: TablePlan, base: number | undefined, how: { readonly begun: boolean; readonly keep: boolean }) {
  if (!plan.conflicts || base === undefined) return plan;
  const { copy: _, ...others } = plan;
  const kept = { ...plan.conflicts, base: { id: base, keep: how.keep } };
  return { ...(how.begun ? plan : others), conflicts: kept };
}

/** Decides for each table where its keys are filed, and what Prepare has to change for it. Writes nothing. */
export async function planBaselines<P extends Planned>(
  job: Pick<Job, 'config'>,
  found: Preflight,
  tables: readonly P[],
  target: PlanningTarget,
): Promise<{ readonly planned: readonly P[]; readonly changes: BaselineChanges }> {
  const { dry_run: dryRun, delete_mode: mode } = job.config;
  const oids = new Map(found.tables.map((t) => [relationText(t.target), t.target.oid]));
  const planned: P[] = [];
  const begin: BaselineChanges['begin'][number][] = [];
  const drop: number[] = [];
  const without = tables.filter((t) => !needsBaseline(job.config, t.plan)).map((t) => t.plan);
  const plain = dryRun ? [] : tables.flatMap(({ plan }) => (plan.conflicts ? [] : [pairTable(found, plan)]));
  for (const table of tables) {
    const { plan } = table;
    if (!needsBaseline(job.config, plan)) {
      planned.push(table);
      continue;
    }
    const pair = pairTable(found, plan);
    const oid = oids.get(relationText(plan.target)) ?? '';
    const stamp = stampOf(plan, oid);
    const prints = plan.conflicts && printStamp(plan, oid);
    const earlier = await target.generations(pair);
    // a few rows are filed where their neighbours are, however large the table is by now
    const fresh = (plan.keys && earlier.find((g) => g.stamp === stamp)?.layout) ?? table.segments;
    const windowed = looksAtSome(plan);
    const filing = fileUnder(earlier, fresh, {
      stamp,
      dryRun,
      windowed,
      ...(prints !== undefined && { base: prints }),
    });
    drop.push(...filing.drop);
    const { segments, older } = filing;
    if (filing.own === 'none') {
      const looked = withBase({ ...plan, baseline: { older, keep: false } }, filing.base, {
        begun: false,
        keep: false,
      });
      planned.push({ ...table, plan: looked, segments });
      continue;
    }
    const own = filing.own === 'begin' ? await target.nextGeneration() : filing.own.id;
    const base = prints === undefined ? undefined : (filing.base ?? (await target.nextGeneration()));
    if (filing.own === 'begin')
      begin.push({
        id: own,
        pair,
        stamp,
        layout: segments,
        ...(base !== undefined && prints !== undefined && { base: { id: base, stamp: prints } }),
      });
    const begun = filing.base === undefined;
    const filed = withBase({ ...plan, baseline: { own, older, keep: !dryRun } }, base, { begun, keep: !dryRun });
    planned.push({ ...table, plan: filed, segments });
  }
  // a mirror deletes without asking, so what is known of its tables would go stale; keep deletes nothing
  const forget = mode === 'mirror' && !dryRun ? without.map((p) => p.target) : [];
  return { planned, changes: { begin, drop, forget, unbase: plain } };
}
