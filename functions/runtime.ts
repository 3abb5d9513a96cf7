import type { SecureContext } from 'node:tls';
import { LEAST_BUDGET } from '../lib/model/connection-budget.ts';
import { SyncError } from '../lib/model/errors.ts';
import { type HostPolicy, parseHostPolicy } from '../lib/model/host-policy.ts';
import { TLS_POLICIES, type TlsPolicy } from '../lib/model/tls.ts';
import type {
  AuditLog,
  Clock,
  ConflictStore,
  JobStore,
  Log,
  ResolutionStore,
  SecretStore,
  SegmentQueue,
  Workflow,
} from '../lib/ports.ts';
import { trustIn } from '../lib/postgres/trust.ts';
import { dynamoClient, queueClient, secretsClient, workflowClient } from './aws/clients.ts';
import { dynamoAuditLog } from './aws/dynamo/audit-log.ts';
import { dynamoConflictWriter } from './aws/dynamo/conflict-items.ts';
import { dynamoConflictStore } from './aws/dynamo/conflict-store.ts';
import { dynamoJobStore } from './aws/dynamo/job-store.ts';
import { dynamoResolutionStore } from './aws/dynamo/resolution-store.ts';
import { lazy } from './aws/lazy.ts';
import { powertoolsLog } from './aws/log.ts';
import { awsSegmentQueue } from './aws/queue.ts';
import { awsSecretStore } from './aws/secrets.ts';
import { awsWorkflow } from './aws/workflow.ts';

/** What the environment of a function says; every name is a CloudFormation output of infra/stack.ts. */
export interface Settings {
  readonly version: string;
  readonly tlsPolicy: TlsPolicy;
  readonly hostPolicy: HostPolicy;
  /** Whose signatures are believed when a server shows its certificate. */
  readonly trust: () => SecureContext;
  /** Connections that the service may have to one database server at once. */
  readonly connectionBudget: number;
  readonly jobsTable: string;
  readonly conflictsTable: string;
  readonly auditTable: string;
  readonly registryTable: string;
  readonly segmentQueueUrl: string;
  readonly resolutionQueueUrl: string;
  readonly syncJobArn: string;
  readonly syncTableArn: string;
  readonly secretPrefix: string;
}

/** What every handler needs from outside, wired once per container. */
export interface CoreServices {
  readonly settings: Settings;
  readonly jobs: JobStore;
  readonly secrets: SecretStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** What those need that start, stop or answer a workflow. */
export interface WorkflowServices extends CoreServices {
  readonly workflow: Workflow;
}

/** What a function needs that writes or reads the audit trails. */
export interface AuditedServices extends CoreServices {
  readonly audit: AuditLog;
}

/** Everything a worker needs. */
export interface Services extends AuditedServices, WorkflowServices {
  readonly queue: SegmentQueue;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What a worker needs, with the queue; no other function uses it, and leaves 26 KB out of its bundle. */
export const workerServices: () => Services = /* @__PURE__ */ lazy(() => {
  const core = services();
  return {
    ...core,
    audit: withAudit(core).audit,
    queue: awsSegmentQueue(queueClient, () => core.settings.segmentQueueUrl),
  };
});

/** The queue of conflicts, for those functions that show or decide them. */
export interface ConflictServices {
  readonly conflicts: ConflictStore;
  readonly resolutions: ResolutionStore;
}

export const conflictServices: () => ConflictServices = /* @__PURE__ */ lazy(() => {
  const { settings } = coreServices();
  const table = { name: () => settings.conflictsTable, client: dynamoClient };
  return { conflicts: dynamoConflictStore(table), resolutions: dynamoResolutionStore(table) };
});

/** What the steps of a job need of the queue of conflicts: they tell it, and ask nothing. */
export const conflictWriter: () => Pick<ConflictStore, 'put'> = /* @__PURE__ */ lazy(() => {
  const { settings } = coreServices();
  return dynamoConflictWriter({ name: () => settings.conflictsTable, client: dynamoClient });
});

/** The services of this container; the first call builds them, and no AWS client before its first use. */
export const services: () => WorkflowServices = /* @__PURE__ */ lazy(() => wire(process.env));

/** The same without a workflow, which leaves 24 KB out of a bundle that has none. */
export const coreServices: () => CoreServices = /* @__PURE__ */ lazy(() => wireCore(process.env));

/** The same with the audit trails; commands, whose events wait in the target's outbox, leave 4 KB out of their bundle. */
export const auditedServices: () => AuditedServices & WorkflowServices = /* @__PURE__ */ lazy(() => ({
  ...services(),
  ...withAudit(services()),
}));

export function withAudit(core: CoreServices): AuditedServices {
  const table = (name: () => string) => ({ name, client: dynamoClient });
  const audit = dynamoAuditLog(
    table(() => core.settings.auditTable),
    table(() => core.settings.jobsTable),
  );
  return { ...core, audit };
}

/** Environment -> ports. Settings are read one by one at their first use: no function needs all of them. */
export function wire(env: Environment): WorkflowServices {
  const core = wireCore(env);
  return { ...core, workflow: awsWorkflow(workflowClient, () => core.settings.syncJobArn) };
}

function wireCore(env: Environment): CoreServices {
  const settings = readSettings(env);
  const table = (name: () => string) => ({ name, client: dynamoClient });
  return {
    settings,
    jobs: dynamoJobStore(table(() => settings.jobsTable)),
    secrets: awsSecretStore(secretsClient, () => settings.secretPrefix),
    clock: () => new Date(),
    log: powertoolsLog({ name: 'terrafusion-sync', version: env.SERVICE_VERSION ?? 'unknown' }),
  };
}

function readSettings(env: Environment): Settings {
  const text = (name: string): string => {
    const value = env[name];
    if (value === undefined || value === '')
      throw new SyncError('internal', `the environment variable ${name} is not set`);
    return value;
  };
  return {
    get version() {
      return text('SERVICE_VERSION');
    },
    get tlsPolicy() {
      const policy = TLS_POLICIES.find((p) => p === text('TLS_POLICY'));
      if (!policy) throw new SyncError('internal', `TLS_POLICY must be one of ${TLS_POLICIES.join(', ')}`);
      return policy;
    },
    get hostPolicy() {
      try {
        return parseHostPolicy(text('ALLOWED_DATABASE_HOSTS'));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new SyncError('internal', `ALLOWED_DATABASE_HOSTS: ${error.message}`);
      }
    },
    trust: trustIn(env.DATABASE_AUTHORITIES_FILE),
    get connectionBudget() {
      const budget = Number(text('DATABASE_CONNECTION_BUDGET'));
      if (!Number.isInteger(budget) || budget < LEAST_BUDGET)
        throw new SyncError('internal', `DATABASE_CONNECTION_BUDGET must be a whole number, ${LEAST_BUDGET} or more`);
      return budget;
    },
    get jobsTable() {
      return text('JOBS_TABLE');
    },
    get conflictsTable() {
      return text('CONFLICTS_TABLE');
    },
    get auditTable() {
      return text('AUDIT_TABLE');
    },
    get registryTable() {
      return text('REGISTRY_TABLE');
    },
    get segmentQueueUrl() {
      return text('SEGMENT_QUEUE_URL');
    },
    get resolutionQueueUrl() {
      return text('RESOLUTION_QUEUE_URL');
    },
    get syncJobArn() {
      return text('SYNC_JOB_ARN');
    },
    get syncTableArn() {
      return text('SYNC_TABLE_ARN');
    },
    get secretPrefix() {
      return text('SECRET_PREFIX');
    },
  };
}
