import { jobEvent, SERVICE } from '../audit/job-event.ts';
import { ERRORS } from '../model/errors.ts';
import { isContinuous } from '../model/following.ts';
import type { Failure, Job } from '../model/job.ts';
import type { CaughtError, SettleInput } from '../model/message.ts';
import { looksAtSome, type TablePlan, type Watermark } from '../model/table.ts';
import type { Database, SettledChanges, TargetDatabase } from '../ports.ts';
import { codeIn } from './caught.ts';
import { withChanges } from './changed-schema.ts';
import { mayConflict } from './conflict-plan.ts';
import { drainConflicts, sealTrail } from './drain-outbox.ts';
import { type Ending, end, failJob } from './end-job.ts';
import { foresee } from './foresee.ts';
import { endsInPause } from './healing.ts';
import { noteLeft } from './left-in-log.ts';
import { stateAfter, statesAllowing } from './lifecycle.ts';
import { pauseJob } from './pause-job.ts';
import { countsTouches } from './quiet.ts';
import { quietNotes } from './quiet-notes.ts';
import { repairMirror } from './repair-mirror.ts';
import { type RunPorts, raiseEverywhere, withBoth } from './run-ports.ts';
import { settleConflicts } from './settle-conflicts.ts';
import { settleRound } from './settle-round.ts';
import { sumCounts } from './table-steps.ts';
import { verdict } from './verdict.ts';

const STATEMENT_TIMEOUT_MS = 120_000;

/** Sequences of each side that is written to end where neither its own nor a copied row will be hit by the next insert. */
async function alignSequences(plans: readonly TablePlan[], source: Database, target: TargetDatabase): Promise<void> {
  for (const plan of plans) {
    const states = await source.sequences(plan.source);
    // under a mapping by the name that the column has in the target; a computed one has no sequence
    const named = Object.entries(plan.select?.plain ?? {}).flatMap(([column, from]) => {
      const state = states.find((s) => s.column === from);
      return state ? [{ ...state, column }] : [];
    });
    await target.raiseSequences(plan.target, plan.select ? named : states);
    await source.writer?.raiseSequences(plan.source, await target.sequences(plan.target));
  }
}

/** How far the tables have come, where every row of them was applied. A row put aside must be in the next window too. */
async function watermarks(job: Job, target: TargetDatabase): Promise<readonly Watermark[]> {
  if (job.config.dry_run) return [];
  const progress = await target.loadProgress(job.job_id);
  const whole = (table: number) => sumCounts(progress.filter((p) => p.table === table)).quarantined === 0;
  return (await target.loadPlans(job.job_id)).flatMap((p) => (p.watermark && whole(p.table) ? [p.watermark] : []));
}

/** What the tables have taken over from their stream of changes. Rows put aside wait there for the next job. */
function settledChanges({ config }: Job, plans: readonly TablePlan[]): readonly SettledChanges[] {
  return config.dry_run ? [] : plans.flatMap(({ table, changes }) => (changes ? [{ table, changes }] : []));
}

/**
 * Every row that the source has is filed by now, so earlier generations know nothing more. Not where only a window was
 * looked at, and not where rows are in quarantine: whether those in the target came from the source only the earlier ones
 * know.
 */
async function settleBaselines(job: Job, target: TargetDatabase): Promise<void> {
  const plans = await target.loadPlans(job.job_id);
  const kept = plans.flatMap((p) => (p.baseline?.keep && !looksAtSome(p) ? [p.baseline] : []));
  await target.completeGenerations(
    { jobId: job.job_id, epoch: job.epoch },
    kept.flatMap((b) => b.own ?? []),
    kept.flatMap((b) => b.older),
  );
}

/** How many conflicts wait, once all of them are as both sides are now. */
async function conflictsLeft(job: Job, source: Database, target: TargetDatabase): Promise<number> {
  await settleConflicts(job, source, target);
  return [...(await target.countOpenConflicts(job.job_id)).values()].reduce((a, b) => a + b, 0);
}

/** Rows that came with a sequence's numbers; of a first round, and of a job that ends, nobody knows which did before. */
async function movedSequences(job: Job, target: TargetDatabase): Promise<readonly TablePlan[]> {
  const plans = await target.loadPlans(job.job_id);
  const rounds = isContinuous(job.config) ? await target.rounds.load(job.job_id) : undefined;
  if (!rounds || rounds.settled === 0) return plans;
  const progress = await target.loadProgress(job.job_id);
  return plans.filter((p) => progress.some((q) => q.table === p.table && (q.counts.inserted ?? 0) > 0));
}

async function settleGood(job: Job, ports: RunPorts): Promise<void> {
  const continuous = isContinuous(job.config);
  if (!continuous)
    await ports.jobs.transition(
      job.job_id,
      { from: statesAllowing('verify'), epoch: job.epoch },
      { state: stateAfter('verify') },
    );
  const ending = await withBoth(
    job,
    ports,
    STATEMENT_TIMEOUT_MS,
    async (source, target): Promise<Ending | undefined> => {
      if (!job.config.dry_run) await alignSequences(await movedSequences(job, target), source, target);
      const openConflicts = mayConflict(job.config) ? await conflictsLeft(job, source, target) : 0;
      const progress = await target.loadProgress(job.job_id);
      await repairMirror(job, progress, ports);
      const failure = verdict(await target.loadPlans(job.job_id), progress, await ports.jobs.tables(job.job_id));
      const counts = sumCounts(progress);
      const unverified = job.config.verify === 'none' && !job.config.dry_run;
      const issues = counts.quarantined > 0 || openConflicts > 0 || unverified;
      const good = issues ? 'complete_with_issues' : 'complete';
      const event = failure
        ? jobEvent('job.failed', SERVICE, { code: failure.code, message: failure.message, counts })
        : jobEvent('job.completed', SERVICE, {
            state: stateAfter(good),
            counts,
            ...(openConflicts > 0 && { open_conflicts: openConflicts }),
          });
      if (!failure && job.config.dry_run) await foresee(job, await target.loadPlans(job.job_id), progress, ports);
      if (!failure && counts.quarantined === 0) await settleBaselines(job, target);
      const { writer } = source;
      if (!failure && continuous) {
        const plans = await target.loadPlans(job.job_id);
        await settleRound(job, { source, target }, { plans, progress, changes: settledChanges(job, plans) }, ports);
        return undefined;
      }
      if (!failure) await noteLeft(job, source, { jobs: ports.jobs, from: statesAllowing(good) });
      if (failure) await raiseEverywhere(job, job.epoch + 1, { target, writer }, { event, release: true });
      else {
        const plans = await target.loadPlans(job.job_id);
        await target.endJob(job.job_id, job.epoch, event, {
          watermarks: await watermarks(job, target),
          quiet: countsTouches(job.config) ? quietNotes(plans, progress) : [],
          changes: settledChanges(job, plans),
        });
        await writer?.endJob(job.job_id, job.epoch);
      }
      const root = await sealTrail(target, ports, job);
      if (mayConflict(job.config)) await drainConflicts(target, ports.conflicts, job.job_id);
      if (failure) return { event: 'fail', failure, root };
      return { event: good, root, openConflicts, counts };
    },
  );
  if (ending) await end(job, ending, ports); // else the job goes on
}

/** Why the run failed: what a step recorded, else what Step Functions says. */
async function reason(job: Job, error: CaughtError, ports: RunPorts): Promise<Failure> {
  if (job.failure) return job.failure;
  const code = codeIn(error);
  // a table that was given up before is not why the job waits now
  const table = endsInPause(code) ? undefined : (await ports.jobs.tables(job.job_id)).find((t) => t.failure);
  if (table?.failure) return table.failure;
  return { code, message: ERRORS[code].meaning, hint: ERRORS[code].remedy };
}

/** Last step of a run. Does nothing when a newer run has taken over, or when the job has ended already. */
export async function settleJob(input: SettleInput, ports: RunPorts): Promise<void> {
  const job = await ports.jobs.get(input.job_id);
  if (!job || job.epoch !== input.epoch || job.ended_at) return;
  if (!input.error) return settleGood(job, ports);
  const failure = await withChanges(job, await reason(job, input.error, ports), ports);
  await (endsInPause(failure.code) ? pauseJob : failJob)(job, failure, ports);
}
