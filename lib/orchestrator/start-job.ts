import type { JobConfig } from '../model/config.ts';
import type { Job } from '../model/job.ts';
import type { TlsPolicy } from '../model/tls.ts';
import type { Clock, ConnectionPair, JobStore, SecretStore, Workflow } from '../ports.ts';

export interface StartRequest {
  readonly jobId: string;
  readonly pair: ConnectionPair;
  readonly config: JobConfig;
  readonly actor: string;
}

export interface StartPorts {
  readonly jobs: JobStore;
  readonly secrets: SecretStore;
  readonly workflow: Workflow;
  readonly clock: Clock;
  readonly tlsPolicy: TlsPolicy;
  /** Goes into application_name. */
  readonly version: string;
}

/**
 * Checks both ends, then takes the lease, stores the secret and the job, and starts the workflow, in that order.
 *
 * Throws a SyncError with every problem found (at most 20 s of checking); then nothing was written anywhere.
 */
export async function startJob(_request: StartRequest, _ports: StartPorts): Promise<Job> {
  throw new Error('being written');
}
