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
  MappingStore,
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
import { dynamoMappingReader } from './aws/dynamo/mapping-reader.ts';
import { dynamoMappingStore } from './aws/dynamo/mapping-store.ts';
import { dynamoResolutionStore } from './aws/dynamo/resolution-store.ts';
import { lazy } from './aws/lazy.ts';
import { jsonLog } from './aws/log.ts';
import { awsSegmentQueue } from './aws/queue.ts';
import { awsSecretStore } from './aws/secrets.ts';
import { awsStarter, awsWorkflow } from './aws/workflow.ts';

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
  readonly maskKeyPrefix: string;
  readonly environmentSecretPrefix: string;
  /** The claim of a token that lists the roles of its user. */
  readonly rolesClaim: string;
  /** ARNs of what is asked for proposals: a model, or an inference profile with the models it leads to. Empty: nobody is. */
  readonly suggestionModels: readonly string[];
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

/** What those need that only start and stop one. */
export interface StartServices extends CoreServices {
  readonly workflow: Pick<Workflow, 'start' | 'stop'>;
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

/** For a function that knows no job and no secret: 30 KB less in its bundle. */
export const bareServices: () => CoreServices = /* @__PURE__ */ lazy(() => {
  const none = (what: string) => () => {
    throw new SyncError('internal', `this function knows no ${what}`);
  };
  const { settings, clock, log } = wireBare(process.env);
  return Object.defineProperties({ settings, clock, log } as CoreServices, {
    jobs: { get: none('jobs') },
    secrets: { get: none('secrets') },
  });
});

/** Stored mappings, for those functions that keep, propose or use them. */
export const mappingStore: () => MappingStore = /* @__PURE__ */ lazy(() => {
  const settings = readSettings(process.env);
  return dynamoMappingStore({ name: () => settings.registryTable, client: dynamoClient });
});

/** As much of them as a start needs, which leaves 3 KB out of its bundle. */
export const approvableMappings: () => Pick<MappingStore, 'get' | 'approvals'> = /* @__PURE__ */ lazy(() => {
  const settings = readSettings(process.env);
  return dynamoMappingReader({ name: () => settings.registryTable, client: dynamoClient });
});

/** The services of this container; the first call builds them, and no AWS client before its first use. */
export const services: () => WorkflowServices = /* @__PURE__ */ lazy(() => wire(process.env));

/** The same for those who only start and stop a workflow. */
export const startServices: () => StartServices = /* @__PURE__ */ lazy(() => {
  const core = wireCore(process.env);
  return { ...core, workflow: awsStarter(workflowClient, () => core.settings.syncJobArn) };
});

/** The same without a workflow, which leaves 24 KB out of a bundle that has none. */
export const coreServices: () => CoreServices = /* @__PURE__ */ lazy(() => wireCore(process.env));

/** The same with the audit trails; commands, whose events wait in the target's outbox, leave 4 KB out of their bundle. */
export const auditedServices: () => AuditedServices & WorkflowServices = /* @__PURE__ */ lazy(() => ({
  ...services(),
  ...withAudit(services()),
}));

export function withAudit(core: CoreServices): AuditedServices {
  return { ...core, audit: auditLog(core) };
}

/** The trails alone, for a function that knows no job. */
export function auditLog({ settings }: Pick<CoreServices, 'settings'>): AuditLog {
  const table = (name: () => string) => ({ name, client: dynamoClient });
  return dynamoAuditLog(
    table(() => settings.auditTable),
    table(() => settings.jobsTable),
  );
}

/** Environment -> ports. Settings are read one by one at their first use: no function needs all of them. */
export function wire(env: Environment): WorkflowServices {
  const core = wireCore(env);
  return { ...core, workflow: awsWorkflow(workflowClient, () => core.settings.syncJobArn) };
}

function wireBare(env: Environment): Pick<CoreServices, 'settings' | 'clock' | 'log'> {
  const clock = () => new Date();
  return {
    settings: readSettings(env),
    clock,
    log: jsonLog(
      {
        service: 'terrafusion-sync',
        function: env.FUNCTION_NAME ?? 'unknown',
        version: env.SERVICE_VERSION ?? 'unknown',
        stack: env.STACK_NAME ?? 'unknown',
      },
      clock,
    ),
  };
}

function wireCore(env: Environment): CoreServices {
  const bare = wireBare(env);
  const { settings } = bare;
  const table = (name: () => string) => ({ name, client: dynamoClient });
  return {
    ...bare,
    jobs: dynamoJobStore(table(() => settings.jobsTable)),
    secrets: awsSecretStore(secretsClient, settings),
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
    get suggestionModels() {
      return (env.SUGGESTION_MODEL_ARNS ?? '').split(',').filter((arn) => arn !== '');
    },
    get secretPrefix() {
      return text('SECRET_PREFIX');
    },
    get maskKeyPrefix() {
      return text('MASK_KEY_PREFIX');
    },
    get rolesClaim() {
      return text('ROLES_CLAIM');
    },
    get environmentSecretPrefix() {
      return text('ENVIRONMENT_SECRET_PREFIX');
    },
  };
}
