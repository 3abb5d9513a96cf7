import type { TlsPolicy } from '../lib/model/tls.ts';
import type { AuditLog, Clock, JobStore, Log, SecretStore, SegmentQueue, Workflow } from '../lib/ports.ts';

/** What the environment of a function says; every name is a CloudFormation output of infra/stack.ts. */
export interface Settings {
  readonly version: string;
  readonly tlsPolicy: TlsPolicy;
  readonly jobsTable: string;
  readonly conflictsTable: string;
  readonly auditTable: string;
  readonly registryTable: string;
  readonly segmentQueueUrl: string;
  readonly syncJobArn: string;
  readonly secretPrefix: string;
}

/** Everything a handler needs from outside, wired once per container. */
export interface Services {
  readonly settings: Settings;
  readonly jobs: JobStore;
  readonly audit: AuditLog;
  readonly secrets: SecretStore;
  readonly workflow: Workflow;
  readonly queue: SegmentQueue;
  readonly clock: Clock;
  readonly log: Log;
}
