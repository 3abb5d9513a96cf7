import { keyId, type RowKey } from '../model/change.ts';
import type { Conflict } from '../model/conflict.ts';
import type { Job } from '../model/job.ts';
import { relationText, type Segment, type TablePlan } from '../model/table.ts';
import type { Database, TargetDatabase } from '../ports.ts';
import { decisionEvents } from './three-way.ts';

/** Conflicts looked at together. */
const PAGE = 500;

/** A reader that is asked for keys alone does not look at it. */
export const ANYWHERE: Segment = {
  rowsEstimate: 0,
  buckets: { keyspace: 'hashed', lo: '0', width: '1', ranges: 1, split: 1 },
};

/** Of these keys those with a row in the job's project on one side, in their order; it knows nothing of the others. All without one. */
async function ofTheJob(
  plan: TablePlan,
  keys: readonly RowKey[],
  inSource: ReadonlyMap<string, string>,
  target: TargetDatabase,
): Promise<readonly RowKey[]> {
  if (!plan.scope) return keys;
  const inTarget = new Set((await target.reader(plan, ANYWHERE).passing(keys)).map(keyId));
  return keys.filter((key) => inSource.has(keyId(key)) || inTarget.has(keyId(key)));
}

async function settleTable(
  job: Job,
  plan: TablePlan,
  ends: { readonly source: Database; readonly target: TargetDatabase },
): Promise<void> {
  const pair = plan.conflicts?.pair ?? '';
  const { source, target } = ends;
  for (let after = ''; ; ) {
    const page = await target.unseenConflicts(job.job_id, { pair, table: plan.target }, after, PAGE);
    const last = page.at(-1);
    if (!last) return;
    const keys = page.map((c) => c.key);
    const [s, t] = await Promise.all([
      source.reader(plan, ANYWHERE).prints(keys),
      target.reader(plan, ANYWHERE).prints(keys),
    ]);
    const byKey = (all: typeof s) => new Map(all.map((p) => [keyId(p.key), p.row]));
    const [inSource, inTarget] = [byKey(s), byKey(t)];
    const own = new Set((await ofTheJob(plan, keys, inSource, target)).map(keyId));
    const seen = page
      .filter(({ key }) => own.has(keyId(key)))
      .map(({ conflict_id, key }) => ({
        conflict_id,
        source: inSource.get(keyId(key)) ?? null,
        target: inTarget.get(keyId(key)) ?? null,
      }));
    const close = seen.flatMap(({ conflict_id, source: a, target: b }) =>
      a === b ? [{ conflict_id, state: 'converged' as const satisfies Conflict['state'] }] : [],
    );
    const see = seen.filter((c) => c.source !== c.target);
    const events = decisionEvents(job.config.audit_level, relationText(plan.target), { ruled: [], raise: [], close });
    await target.settleConflicts({ jobId: job.job_id, epoch: job.epoch }, `${plan.table}/${after}`, {
      close,
      see,
      events: (closed) => events([], closed),
    });
    after = last.conflict_id;
  }
}

/**
 * Open conflicts that no worker of this job has met: those of rows that are alike by now are closed; the others, which a job
 * over a window did not look at, are shown as they are now and belong to this job as well. Those of rows outside of its project are
 * left alone: it cannot tell them from rows that are not there. Repeating it changes nothing.
 */
export async function settleConflicts(job: Job, source: Database, target: TargetDatabase): Promise<void> {
  if (job.config.dry_run) return;
  for (const plan of await target.loadPlans(job.job_id)) {
    if (plan.conflicts) await settleTable(job, plan, { source, target });
  }
}
