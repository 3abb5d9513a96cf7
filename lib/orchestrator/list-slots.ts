import type { Connection } from '../model/connection.ts';
import { ENDED_STATES, type Job } from '../model/job.ts';
import { concernsOf, type SlotFacts, type SlotReader } from '../model/slot.ts';
import type { SlotView } from '../model/slot-view.ts';
import type { Clock, JobStore, PairDatabases } from '../ports.ts';
import { streamName } from './conflict-plan.ts';
import { type Patience, whenThereIsRoom } from './connections.ts';

export interface SlotPorts {
  readonly databases: Pick<PairDatabases, 'source'>;
  readonly jobs: Pick<JobStore, 'list'>;
  readonly clock: Clock;
  readonly patience?: Patience;
}

const STATEMENT_TIMEOUT_MS = 8_000;

/** Jobs that are looked through for the last one of each pair, newest first. */
const MOST_JOBS = 2_000;
const PAGE = 100;

const readerOf = ({ job_id, state, created_at }: Job): SlotReader => ({
  job_id,
  state,
  created_at,
  ended: ENDED_STATES.includes(state),
});

/** The last job of each of these pairs; `all`: the store has no older jobs than those that were looked at. */
async function lastJobs(slots: readonly SlotFacts[], { jobs }: SlotPorts) {
  const wanted = new Set(slots.map((s) => s.slot));
  const found = new Map<string, Job>();
  let cursor: string | undefined;
  for (let seen = 0; found.size < wanted.size; ) {
    const page = await jobs.list({ limit: PAGE, ...(cursor !== undefined && { cursor }) });
    for (const job of page.jobs) {
      const name = streamName(job.source, job.target);
      if (wanted.has(name) && !found.has(name)) found.set(name, job);
    }
    seen += page.jobs.length;
    cursor = page.cursor;
    if (cursor === undefined) return { found, all: true };
    if (seen >= MOST_JOBS) return { found, all: false };
  }
  return { found, all: true };
}

/**
 * Every slot of this service on the server of a source, with the job that read it last and what is to be said of it. A slot of
 * which nobody knows, or that nobody reads, keeps the log of the whole server. Writes nothing.
 */
export async function listSlots(source: Connection, ports: SlotPorts): Promise<readonly SlotView[]> {
  const as = { name: 'slots', statementTimeoutMs: STATEMENT_TIMEOUT_MS };
  const database = await whenThereIsRoom(() => ports.databases.source(source, as), ports.patience);
  const slots = await database.slots().finally(() => database.close());
  const { found, all } = await lastJobs(slots, ports);
  const nowMs = ports.clock().getTime();
  return slots.map((slot) => {
    const job = found.get(slot.slot);
    const reader = job ? readerOf(job) : all ? null : undefined;
    const { host, port, database: name } = job?.target ?? {};
    return {
      ...slot,
      concerns: concernsOf(slot, reader, nowMs),
      ...(job && { last_job: { job_id: job.job_id, state: job.state, created_at: job.created_at } }),
      ...(host !== undefined && port !== undefined && name !== undefined && { target: { host, port, database: name } }),
    };
  });
}
