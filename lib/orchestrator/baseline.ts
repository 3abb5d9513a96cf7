import type { BaselineChanges, Generation, PairTable } from '../model/baseline.ts';
import type { JobConfig } from '../model/config.ts';
import type { Job } from '../model/job.ts';
import { relationText, type Segment, type TablePlan } from '../model/table.ts';
import type { TargetDatabase } from '../ports.ts';
import { layoutFits, withRoom } from './layout.ts';
import type { Preflight } from './preflight.ts';

/** Raised when keys are hashed or filed in another way; what was filed before is dropped then. */
const SCHEME = 1;

/** Whether the job asks which rows came from the source. */
export const needsBaseline = (config: JobConfig) => config.delete_mode === 'tracked';

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
    scope: JSON.stringify(plan.filters.map((f) => JSON.stringify(f)).sort()),
  };
}

/** How a table is compared and filed in a job. */
export interface Filing {
  readonly segments: readonly Segment[];
  readonly own: 'none' | 'begin' | { readonly id: number };
  readonly older: readonly number[];
  readonly drop: readonly number[];
}

/**
 * Goes on with the newest generation where its layout still fits, else begins one; earlier ones of the same stamp are read
 * besides it until a job has filed everything anew. A dry run begins and drops nothing. Pure.
 */
export function fileUnder(
  earlier: readonly Generation[],
  stamp: string,
  fresh: readonly Segment[],
  dryRun: boolean,
  windowed = false,
): Filing {
  const alike = earlier.filter((g) => g.stamp === stamp);
  const whole = alike.findIndex((g) => g.whole);
  const read = whole < 0 ? alike : alike.slice(0, whole + 1);
  const [newest] = read;
  const fits = newest !== undefined && layoutFits(newest.layout, fresh, windowed);
  const older = (fits ? read.slice(1) : read).map((g) => g.id);
  const drop = dryRun ? [] : earlier.filter((g) => !read.includes(g)).map((g) => g.id);
  if (fits) return { segments: newest.layout, own: { id: newest.id }, older, drop };
  return dryRun
    ? { segments: fresh, own: 'none', older, drop }
    : { segments: withRoom(fresh), own: 'begin', older, drop };
}

type Planned = { readonly plan: TablePlan; readonly segments: readonly Segment[] };

/** Decides for each table where its keys are filed, and what Prepare has to change for it. Writes nothing. */
export async function planBaselines<P extends Planned>(
  job: Pick<Job, 'config'>,
  found: Preflight,
  tables: readonly P[],
  target: TargetDatabase,
): Promise<{ readonly planned: readonly P[]; readonly changes: BaselineChanges }> {
  const { dry_run: dryRun, delete_mode: mode } = job.config;
  if (!needsBaseline(job.config)) {
    // a mirror deletes without asking, so what is known of its tables would go stale; keep deletes nothing
    const forget = mode === 'mirror' && !dryRun ? tables.map((t) => t.plan.target) : [];
    return { planned: tables, changes: { begin: [], drop: [], forget } };
  }
  const oids = new Map(found.tables.map((t) => [relationText(t.target), t.target.oid]));
  const planned: P[] = [];
  const begin: BaselineChanges['begin'][number][] = [];
  const drop: number[] = [];
  for (const table of tables) {
    const { plan, segments: fresh } = table;
    if (plan.key.length === 0) {
      planned.push(table); // rows without a key cannot be known again
      continue;
    }
    const pair = pairTable(found, plan);
    const stamp = stampOf(plan, oids.get(relationText(plan.target)) ?? '');
    const filing = fileUnder(await target.generations(pair), stamp, fresh, dryRun, plan.window !== undefined);
    drop.push(...filing.drop);
    const { segments, older } = filing;
    if (filing.own === 'none') {
      planned.push({ ...table, plan: { ...plan, baseline: { older, keep: false } }, segments });
      continue;
    }
    const own = filing.own === 'begin' ? await target.nextGeneration() : filing.own.id;
    if (filing.own === 'begin') begin.push({ id: own, pair, stamp, layout: segments });
    planned.push({ ...table, plan: { ...plan, baseline: { own, older, keep: !dryRun } }, segments });
  }
  return { planned, changes: { begin, drop, forget: [] } };
}
