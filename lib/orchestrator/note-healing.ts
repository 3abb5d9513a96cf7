import { randomUUID } from 'node:crypto';
import { keeps } from '../audit/catalogue.ts';
import type { HealingType } from '../audit/healing.ts';
import { SERVICE } from '../audit/job-event.ts';
import { append } from '../audit/trail.ts';
import { healingStream } from '../model/audit-event.ts';
import type { JobEvent } from '../model/checkpoint.ts';
import { SyncError } from '../model/errors.ts';
import type { Job } from '../model/job.ts';
import type { RunPorts } from './run-ports.ts';

/**
 * Tells the audit trail how a job healed itself, where there is no chunk to tell it with. Straight to the trail: the target
 * may be what is broken. It is for people, so its failure stops nothing; the log has it as well.
 */
export async function noteHealing(
  job: Pick<Job, 'job_id' | 'config'>,
  type: HealingType,
  data: JobEvent['data'],
  ports: Pick<RunPorts, 'audit' | 'clock' | 'log'>,
): Promise<void> {
  ports.log.info('healing', { job_id: job.job_id, type }, { HealingSteps: 1 });
  if (!keeps(job.config.audit_level, type)) return;
  const now = ports.clock();
  const stream = healingStream(now, randomUUID());
  const event = { job_id: job.job_id, stream, seq: 1, type, at: now.toISOString(), actor: SERVICE, data };
  await append(ports.audit, job.job_id, [event]).catch(() =>
    ports.log.warn('healing step not recorded', { job_id: job.job_id, type }),
  );
}

/** The same for whoever knows only the id of the job. */
export async function noteHealingOf(
  jobId: string,
  type: HealingType,
  data: JobEvent['data'],
  ports: Pick<RunPorts, 'jobs' | 'audit' | 'clock' | 'log'>,
): Promise<void> {
  const job = await ports.jobs.get(jobId).catch(() => undefined);
  if (job) await noteHealing(job, type, data, ports);
}

/** Code and SQLSTATE of an error, for an event. */
export function reasonOf(error: unknown): { readonly code: string; readonly sqlstate?: string } {
  if (!(error instanceof SyncError)) return { code: 'internal' };
  const { sqlstate } = error.facts;
  return { code: error.code, ...(typeof sqlstate === 'string' && { sqlstate }) };
}
