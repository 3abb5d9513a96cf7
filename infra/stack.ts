import { Aspects, Aws, type CfnCondition, CfnOutput, Lazy, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { WEB_BASE } from '../functions/web/pages.ts';
import { Alarms } from './constructs/alarms.ts';
import { CustomerKey, EncryptWith, wantsCustomerKey } from './constructs/customer-key.ts';
import { Dashboard } from './constructs/dashboard.ts';
import { allowDatabaseSignIn } from './constructs/database-sign-in.ts';
import { FLEET_SECONDS, OrderQueue } from './constructs/fleet-queue.ts';
import { FunctionSchedule } from './constructs/function-schedule.ts';
import { HttpApi, type RouteDeclaration } from './constructs/http-api.ts';
import {
  allowEnvironmentSecrets,
  allowJobSecrets,
  allowMaskKeys,
  ENVIRONMENT_SECRET_PREFIX,
  MASK_KEY_PREFIX,
  SECRET_PREFIX,
} from './constructs/job-secrets.ts';
import { Network } from './constructs/network.ts';
import { DELIVERY_SECONDS, Notifications } from './constructs/notifications.ts';
import { Parameters } from './constructs/parameters.ts';
import { RESOLUTION_SECONDS, ResolutionQueue } from './constructs/resolution-queue.ts';
import { Schedules } from './constructs/schedules.ts';
import { DEAD_LETTER_SECONDS, SegmentQueue } from './constructs/segment-queue.ts';
import { ServiceFunction } from './constructs/service-function.ts';
import { SignIn } from './constructs/sign-in.ts';
import { StateTables } from './constructs/state-tables.ts';
import { allowModels } from './constructs/suggestion-models.ts';
import { SyncJobMachine } from './constructs/sync-job-machine.ts';
import { SyncPartMachine } from './constructs/sync-part-machine.ts';
import { SyncTableMachine } from './constructs/sync-table-machine.ts';
import { acknowledgeExecutions, executionArns, machineArn } from './constructs/workflow-machine.ts';
import { networkOptions } from './network-options.ts';

export interface SyncStackProps extends StackProps {
  readonly routes: readonly RouteDeclaration[];
  /** Where the bundles lie, one folder a function. */
  readonly distDir: string;
  readonly serviceVersion: string;
}

/** Lambda's longest. A worker stops before its deadline and sends its own continuation, so this bounds one stride only. */
const WORKER_TIMEOUT_SECONDS = 900;

/**
 * ```
 * client -> HttpApi -> commands --start--> SyncJob --child--> SyncTable --message--> SegmentQueue -> worker
 *              \-----> queries, web          |                   |  ^                                  |
 *                                  prepare-job, plan-pass, settle-job  plan-table, settle-table  <--task token----/
 *              \-----> conflicts --message--> ResolutionQueue -> resolve-conflicts
 *              \-----> environments --> what may be written to, and who approved it
 *              \-----> schedules --CreateSchedule--> Schedules --when it is time--> fire-schedule --start--> SyncJob
 * SyncJob, schedule -> announce --PutEvents--> bus --rule--> Deliveries -> deliver-webhooks --POST--> webhooks
 *              \-----> fleet --message--> OrderQueue -> run-fleet --start--> SyncJob
 * schedule -> sweeper --takes over--> SyncJob                          all of them: StateTables, job secrets
 *        \----> retention --deletes--> StateTables
 * ```
 */
export class SyncStack extends Stack {
  constructor(scope: Construct, id: string, props: SyncStackProps) {
    super(scope, id, props);

    const parameters = new Parameters(this);
    if (wantsCustomerKey(this)) Aspects.of(this).add(new EncryptWith(new CustomerKey(this)));
    const state = new StateTables(this);
    const segments = new SegmentQueue(this, { workerTimeoutSeconds: WORKER_TIMEOUT_SECONDS });
    const resolutions = new ResolutionQueue(this);
    const notifications = new Notifications(this);
    const signIn = new SignIn(this, { parameters, apiEndpoint: Lazy.string({ produce: () => api.endpoint }) });

    const network = networkOptions(this.node);
    const common = {
      network: network && new Network(this, network),
      distDir: props.distDir,
      logRetention: parameters.logRetention,
      architecture: parameters.functionArchitecture,
      environment: {
        AWS_ENDPOINT_URL: parameters.awsEndpointUrl,
        JOBS_TABLE: state.jobs.tableName,
        CONFLICTS_TABLE: state.conflicts.tableName,
        AUDIT_TABLE: state.audit.tableName,
        REGISTRY_TABLE: state.registry.tableName,
        SEGMENT_QUEUE_URL: segments.queue.queueUrl,
        RESOLUTION_QUEUE_URL: resolutions.queue.queueUrl,
        SYNC_JOB_ARN: machineArn('sync-job'),
        SYNC_TABLE_ARN: machineArn('sync-table'),
        SECRET_PREFIX,
        MASK_KEY_PREFIX,
        ENVIRONMENT_SECRET_PREFIX,
        TLS_POLICY: parameters.tlsPolicy,
        ALLOWED_DATABASE_HOSTS: parameters.allowedDatabaseHosts,
        DATABASE_AUTHORITIES_FILE: '/var/runtime/ca-cert.pem', // Lambda's own file; Amazon RDS's authorities are in it
        DATABASE_CONNECTION_BUDGET: parameters.databaseConnectionBudget,
        ROLES_CLAIM: signIn.rolesClaim,
        SERVICE_VERSION: props.serviceVersion,
        STACK_NAME: Aws.STACK_NAME, // metrics of several stacks in one account stay apart by it
        NODE_OPTIONS: '--enable-source-maps',
      },
    };

    // The worker. It promises to stay under 256 MB whatever the table size, and gets no more.
    const worker = new ServiceFunction(this, 'SyncSegment', {
      ...common,
      name: 'sync-segment',
      description: 'Works on one segment: detect, apply, checkpoint.',
      memoryMb: 256,
      timeoutSeconds: WORKER_TIMEOUT_SECONDS,
    });
    segments.feed(worker, { maxConcurrency: parameters.maxWorkers });
    state.writeJobs(worker);
    state.writeConflicts(worker);
    state.appendAudit(worker);
    allowJobSecrets(worker, 'GetSecretValue');
    allowMaskKeys(worker, 'GetSecretValue');
    worker.allow(
      ['states:SendTaskSuccess', 'states:SendTaskFailure', 'states:SendTaskHeartbeat'],
      [machineArn('sync-table')],
    );

    const deadLetters = new ServiceFunction(this, 'DeadLetters', {
      ...common,
      name: 'dead-letters',
      description: 'Tells a job that the workers of a segment died again and again.',
      memoryMb: 256,
      timeoutSeconds: DEAD_LETTER_SECONDS,
    });
    segments.feedDeadLetters(deadLetters);
    state.writeJobs(deadLetters);
    state.appendAudit(deadLetters);
    deadLetters.allow(['states:SendTaskFailure', 'states:SendTaskHeartbeat'], [machineArn('sync-table')]);

    // One table, one pass.
    const planTable = new ServiceFunction(this, 'PlanTable', {
      ...common,
      name: 'plan-table',
      description: 'Lists the segments of a table that are still to do.',
      memoryMb: 256,
      timeoutSeconds: 300,
    });
    const settleTable = new ServiceFunction(this, 'SettleTable', {
      ...common,
      name: 'settle-table',
      description: 'Closes one pass over a table.',
      memoryMb: 256,
      timeoutSeconds: 300,
    });
    const syncTable = new SyncTableMachine(this, {
      planTable,
      settleTable,
      segments,
      logRetention: parameters.logRetention,
    });

    // One job.
    const prepareJob = new ServiceFunction(this, 'PrepareJob', {
      ...common,
      name: 'prepare-job',
      description: 'Checks both ends in full, orders the tables, creates the checkpoints.',
      memoryMb: 512, // both catalogs at once
      timeoutSeconds: 900,
    });
    const followChanges = new ServiceFunction(this, 'FollowChanges', {
      ...common,
      name: 'follow-changes',
      description: "Drains the source's log, for jobs that follow it.",
      memoryMb: 256, // a transaction of a million rows takes 110 MB, one of wide rows 140 (docs/adr/0016)
      timeoutSeconds: 900,
    });
    const planPass = new ServiceFunction(this, 'PlanPass', {
      ...common,
      name: 'plan-pass',
      description: 'Lists the tables that a pass has something to do in.',
      memoryMb: 256,
      timeoutSeconds: 300,
    });
    const settleJob = new ServiceFunction(this, 'SettleJob', {
      ...common,
      name: 'settle-job',
      description: 'Ends a job: sequences, leases, report, state.',
      memoryMb: 256,
      timeoutSeconds: 300,
    });
    for (const step of [planTable, settleTable, prepareJob, followChanges, planPass, settleJob]) {
      state.writeJobs(step);
      state.writeConflicts(step);
      state.appendAudit(step);
      allowJobSecrets(step, 'GetSecretValue', ...(step === settleJob ? (['DeleteSecret'] as const) : []));
    }
    for (const step of [prepareJob, followChanges, settleJob]) allowMaskKeys(step, 'GetSecretValue'); // they open the source

    // What jobs have to tell: taken from their items, put on the bus, and delivered to webhooks.
    const announce = new ServiceFunction(this, 'Announce', {
      ...common,
      network: undefined, // it opens no database
      environment: {
        ...common.environment,
        EVENT_BUS_NAME: notifications.busName,
        LAG_NOTICE_BYTES: parameters.lagNoticeBytes,
        LAG_NOTICE_SECONDS: parameters.lagNoticeSeconds,
      },
      name: 'announce',
      description: 'Publishes what jobs have to tell.',
      memoryMb: 256,
      timeoutSeconds: 60,
    });
    new FunctionSchedule(this, 'EveryMinuteNotices', {
      runs: announce,
      rate: '1 minute',
      description: 'Publishes what jobs have to tell.',
    });
    state.tellNotices(announce);
    notifications.allowPublishing(announce);
    const deliverer = new ServiceFunction(this, 'DeliverWebhooks', {
      ...common,
      network: undefined, // it opens no database; who receives is outside
      environment: {
        ...common.environment,
        ...notifications.environment,
        ALLOWED_WEBHOOK_HOSTS: parameters.allowedWebhookHosts,
      },
      name: 'deliver-webhooks',
      description: 'Posts notifications to webhooks.',
      memoryMb: 256,
      timeoutSeconds: DELIVERY_SECONDS,
    });
    notifications.feed(deliverer);
    state.keepWebhooks(deliverer);
    notifications.allowSecrets(deliverer, 'GetSecretValue');

    const syncPart = new SyncPartMachine(this, { planPass, syncTable, logRetention: parameters.logRetention });
    const syncJob = new SyncJobMachine(this, {
      prepareJob,
      followChanges,
      planPass,
      settleJob,
      announce,
      syncTable,
      syncPart,
      logRetention: parameters.logRetention,
    });

    // A job that follows the log until it is stopped goes on in an execution of its own.
    for (const step of [followChanges, settleJob]) step.allow(['states:StartExecution'], [machineArn('sync-job')]);

    // Jobs that nobody works on any more.
    const sweeper = new ServiceFunction(this, 'Sweeper', {
      ...common,
      name: 'sweeper',
      description: 'Takes over jobs whose run died.',
      memoryMb: 256,
      timeoutSeconds: 300,
    });
    new FunctionSchedule(this, 'EveryMinute', {
      runs: sweeper,
      rate: '1 minute',
      description: 'Takes over jobs whose heartbeat died.',
    });
    state.writeJobs(sweeper);
    state.writeConflicts(sweeper);
    state.appendAudit(sweeper);
    resolutions.allowSending(sweeper);
    allowJobSecrets(sweeper, 'GetSecretValue', 'DeleteSecret');
    allowMaskKeys(sweeper, 'GetSecretValue');
    sweeper.allow(['states:StartExecution'], [machineArn('sync-job')]);
    sweeper.allow(['states:DescribeExecution', 'states:StopExecution'], [executionArns('sync-job')]);
    acknowledgeExecutions(sweeper.role, 'sync-job');

    // Jobs whose time is up.
    const retention = new ServiceFunction(this, 'Retention', {
      ...common,
      environment: { ...common.environment, AUDIT_RETENTION_DAYS: parameters.auditRetentionDays },
      name: 'retention',
      description: 'Deletes jobs and their audit trails when their time is up.',
      memoryMb: 256,
      timeoutSeconds: 900,
    });
    new FunctionSchedule(this, 'EveryDay', {
      runs: retention,
      rate: '1 day',
      description: 'Deletes jobs whose time is up.',
    });
    state.eraseJobs(retention);

    // The front door: what changes something, and what only reads.
    const commands = new ServiceFunction(this, 'Commands', {
      ...common,
      name: 'commands',
      description: 'API routes that change state.',
      memoryMb: 512, // a preflight reads both catalogs while the caller waits
      timeoutSeconds: 29, // the gateway gives up after 30
    });
    state.writeJobs(commands);
    state.readMappings(commands);
    state.keepCalls(commands);
    allowJobSecrets(commands, 'CreateSecret', 'PutSecretValue', 'GetSecretValue', 'DeleteSecret');
    allowMaskKeys(commands, 'CreateSecret', 'GetSecretValue');
    commands.allow(['states:StartExecution'], [machineArn('sync-job')]);
    commands.allow(['states:StopExecution'], [executionArns('sync-job')]);
    acknowledgeExecutions(commands.role, 'sync-job');

    // Conflicts: what looks at their rows and decides one while somebody waits, and what decides many.
    const conflicts = new ServiceFunction(this, 'ConflictsApi', {
      ...common,
      name: 'conflicts',
      description: 'API routes that look at rows of a conflict, or decide it.',
      memoryMb: 256,
      timeoutSeconds: 29, // the gateway gives up after 30
    });
    const resolver = new ServiceFunction(this, 'ResolveConflicts', {
      ...common,
      name: 'resolve-conflicts',
      description: 'One step of an order to decide many conflicts.',
      memoryMb: 256,
      timeoutSeconds: RESOLUTION_SECONDS,
    });
    for (const fn of [conflicts, resolver]) {
      state.readJobs(fn);
      state.writeConflicts(fn);
      state.appendAudit(fn);
      state.moveTrailHeads(fn);
      allowJobSecrets(fn, 'GetSecretValue');
      allowMaskKeys(fn, 'GetSecretValue');
      resolutions.allowSending(fn);
    }
    resolutions.feed(resolver);

    // Schedules: what keeps them, and what starts jobs for them.
    const kept = new Schedules(this);
    const fireSchedule = new ServiceFunction(this, 'FireSchedule', {
      ...common,
      environment: { ...common.environment, ...kept.environment },
      name: 'fire-schedule',
      description: 'Starts what a schedule says; each minute, runs that wait.',
      memoryMb: 512, // a start, as commands
      timeoutSeconds: 60,
    });
    kept.fire(fireSchedule);
    new FunctionSchedule(this, 'EveryMinuteSchedules', {
      runs: fireSchedule,
      rate: '1 minute',
      description: 'Starts scheduled runs that wait.',
    });
    const schedules = new ServiceFunction(this, 'SchedulesApi', {
      ...common,
      environment: { ...common.environment, ...kept.environment, FIRE_FUNCTION_ARN: fireSchedule.arn },
      name: 'schedules',
      description: 'API routes that keep schedules.',
      memoryMb: 512, // a preflight, as commands
      timeoutSeconds: 29, // the gateway gives up after 30
    });
    state.writeJobs(fireSchedule);
    allowJobSecrets(fireSchedule, 'CreateSecret', 'PutSecretValue', 'GetSecretValue', 'DeleteSecret');
    allowMaskKeys(fireSchedule, 'CreateSecret', 'GetSecretValue');
    fireSchedule.allow(['states:StartExecution'], [machineArn('sync-job')]);
    for (const fn of [fireSchedule, schedules]) {
      state.keepSchedules(fn);
      state.readMappings(fn);
    }
    kept.allowKeeping(fireSchedule);
    kept.allowKeeping(schedules, 'CreateSecret', 'PutSecretValue');
    // Webhooks: what keeps them and tries them. Knows of no job and no database.
    const webhooks = new ServiceFunction(this, 'WebhooksApi', {
      ...common,
      network: undefined, // it opens no database; who receives is outside
      environment: {
        ...common.environment,
        ...notifications.environment,
        ALLOWED_WEBHOOK_HOSTS: parameters.allowedWebhookHosts,
      },
      name: 'webhooks',
      description: 'API routes that keep webhooks.',
      memoryMb: 256,
      timeoutSeconds: 29, // the gateway gives up after 30
    });
    state.keepWebhooks(webhooks, 'PutItem', 'DeleteItem');
    notifications.allowSecrets(webhooks, 'CreateSecret', 'GetSecretValue', 'DeleteSecret');

    // Rows that were put aside: what lists them, and starts a job over them.
    const quarantine = new ServiceFunction(this, 'QuarantineApi', {
      ...common,
      name: 'quarantine',
      description: 'API routes about rows that were put aside.',
      memoryMb: 256,
      timeoutSeconds: 29, // the gateway gives up after 30
    });
    state.writeJobs(quarantine);
    allowJobSecrets(quarantine, 'CreateSecret', 'PutSecretValue', 'GetSecretValue', 'DeleteSecret');
    allowMaskKeys(quarantine, 'CreateSecret', 'GetSecretValue');
    quarantine.allow(['states:StartExecution'], [machineArn('sync-job')]);
    // Stored mappings. Knows of no database and no model; who approves is a person.
    const mappings = new ServiceFunction(this, 'MappingsApi', {
      ...common,
      name: 'mappings',
      description: 'API routes that keep and approve stored mappings.',
      memoryMb: 256,
      timeoutSeconds: 29, // the gateway gives up after 30
    });
    state.keepMappings(mappings);
    state.approveMappings(mappings);
    state.appendAudit(mappings);
    state.moveTrailHeads(mappings);

    // Proposals. The one function that may talk to a language model, and only to the one that the parameter names; what it makes
    // is a draft: the partition of approvals is closed to it.
    const suggest = new ServiceFunction(this, 'SuggestApi', {
      ...common,
      environment: { ...common.environment, SUGGESTION_MODEL_ARNS: parameters.suggestionModelArns },
      name: 'suggest',
      description: 'API routes that propose mappings.',
      memoryMb: 1024, // both catalogs, and half a core to compare them with
      timeoutSeconds: 29, // the gateway gives up after 30
    });
    state.keepMappings(suggest);
    allowModels(suggest, parameters);

    // Pairs that are given up, and slots that nobody reads.
    const pairs = new ServiceFunction(this, 'PairsApi', {
      ...common,
      name: 'pairs',
      description: 'API routes that drop a pair and list slots.',
      memoryMb: 256,
      timeoutSeconds: 29, // the gateway gives up after 30
    });
    state.readJobs(pairs);
    state.writeConflicts(pairs);
    state.appendAudit(pairs);
    state.moveTrailHeads(pairs);
    // Environments: named connections, and approvals to write to them. Starts nothing, and writes to no database.
    const environments = new ServiceFunction(this, 'EnvironmentsApi', {
      ...common,
      name: 'environments',
      description: 'API routes that keep environments and approvals.',
      memoryMb: 512, // a catalog, as commands
      timeoutSeconds: 29, // the gateway gives up after 30
    });
    state.readJobs(environments);
    state.readSchedules(environments);
    state.keepEnvironments(environments);
    state.keepApprovals(environments);
    state.appendAudit(environments);
    state.moveTrailHeads(environments);
    allowEnvironmentSecrets(environments, 'CreateSecret', 'GetSecretValue', 'DeleteSecret');
    allowJobSecrets(environments, 'GetSecretValue', 'CreateSecret', 'PutSecretValue'); // of jobs that go on with new credentials
    for (const fn of [commands, fireSchedule, schedules]) state.useApprovals(fn);
    // Plans of projects. Knows of no job, and keeps nothing of the connections.
    const projects = new ServiceFunction(this, 'ProjectsApi', {
      ...common,
      name: 'projects',
      description: 'API routes that plan project syncs.',
      memoryMb: 512,
      timeoutSeconds: 29, // the gateway gives up after 30
    });
    // Pairs that are kept, and orders over many of them: what takes them, and what does a step of one.
    const orders = new OrderQueue(this);
    const ordering = { ...common.environment, FLEET_QUEUE_URL: orders.queue.queueUrl };
    const fleet = new ServiceFunction(this, 'FleetApi', {
      ...common,
      network: undefined, // it opens no database
      environment: ordering,
      name: 'fleet',
      description: 'API routes that keep pairs, and take orders over many of them.',
      memoryMb: 512, // an order over 5,000 pairs reads 25 MB
      timeoutSeconds: 29, // the gateway gives up after 30
    });
    const runFleet = new ServiceFunction(this, 'RunFleet', {
      ...common,
      environment: ordering,
      name: 'run-fleet',
      description: 'One step of an order over many pairs; each minute, orders whose message was lost.',
      memoryMb: 512, // eight starts at once
      timeoutSeconds: FLEET_SECONDS,
    });
    orders.feed(runFleet);
    new FunctionSchedule(this, 'EveryMinuteFleet', {
      runs: runFleet,
      rate: '1 minute',
      description: 'Goes on with orders over pairs whose message was lost.',
    });
    for (const fn of [fleet, runFleet]) {
      state.keepPairs(fn);
      orders.allowSending(fn);
    }
    state.readJobs(fleet);
    state.keepCalls(fleet);
    state.readEnvironments(fleet);
    state.writeJobs(runFleet);
    state.readMappings(runFleet);
    state.keepSchedules(runFleet);
    state.useApprovals(runFleet);
    allowJobSecrets(runFleet, 'CreateSecret', 'PutSecretValue', 'GetSecretValue', 'DeleteSecret');
    allowMaskKeys(runFleet, 'CreateSecret', 'GetSecretValue');
    runFleet.allow(['states:StartExecution'], [machineArn('sync-job')]);
    runFleet.allow(['states:StopExecution'], [executionArns('sync-job')]);
    acknowledgeExecutions(runFleet.role, 'sync-job');

    // What takes the service out of a database. Reads no row, and no connection but those of environments.
    const uninstall = new ServiceFunction(this, 'UninstallApi', {
      ...common,
      name: 'uninstall',
      description: 'API route that takes the service out of a database.',
      memoryMb: 256,
      timeoutSeconds: 29, // the gateway gives up after 30
    });
    state.writeJobs(uninstall);
    state.readSchedules(uninstall);
    state.removeEnvironments(uninstall);
    state.appendAudit(uninstall);
    state.moveTrailHeads(uninstall);
    allowEnvironmentSecrets(uninstall, 'GetSecretValue', 'DeleteSecret');
    allowJobSecrets(uninstall, 'GetSecretValue', 'DeleteSecret'); // whether a job is over a copy, it has to ask the copy
    allowMaskKeys(uninstall, 'DescribeSecret', 'DeleteSecret');
    // Whoever is asked for a pair of databases may be told names of environments.
    for (const fn of [commands, fireSchedule, schedules, quarantine, suggest, pairs, projects, runFleet]) {
      state.readEnvironments(fn);
      allowEnvironmentSecrets(fn, 'GetSecretValue');
    }
    state.readMappings(projects);

    // Those that open databases.
    const openers = [worker, prepareJob, planPass, planTable, settleTable, settleJob, followChanges, sweeper];
    const asked = [
      commands,
      conflicts,
      resolver,
      fireSchedule,
      schedules,
      quarantine,
      suggest,
      pairs,
      environments,
      projects,
      runFleet,
      uninstall,
    ];
    for (const fn of [...openers, ...asked]) allowDatabaseSignIn(fn, parameters);

    const queries = new ServiceFunction(this, 'Queries', {
      ...common,
      name: 'queries',
      description: 'API routes that only read.',
      memoryMb: 512, // a look at an audit trail reads up to 20 MB
      timeoutSeconds: 15,
    });
    state.readJobs(queries);
    state.readConflicts(queries);
    state.readAudit(queries);
    state.describe(queries);
    segments.describe(queries);
    allowJobSecrets(queries, 'DescribeSecret');
    queries.allow(['states:DescribeStateMachine'], [machineArn('sync-job'), machineArn('sync-table')]);

    // What describes the API, and answers for paths that are none. May do nothing, and knows of no table.
    const openapi = new ServiceFunction(this, 'OpenApi', {
      ...common,
      network: undefined, // it calls nobody
      name: 'openapi',
      description: 'The API as OpenAPI; the answer to unknown paths.',
      memoryMb: 512, // the document is made from 200 schemas while somebody waits
      timeoutSeconds: 15,
    });

    // The pages: files that came with the bundle. May do nothing, and knows of no table or queue.
    const web = new ServiceFunction(this, 'Web', {
      ...common,
      network: undefined, // it calls nobody
      environment: { NODE_OPTIONS: '--enable-source-maps', ...signIn.environment },
      name: 'web',
      description: 'The web UI: one document and the files it loads.',
      memoryMb: 256,
      timeoutSeconds: 10,
    });

    const api: HttpApi = new HttpApi(this, {
      routes: props.routes,
      commands,
      conflicts,
      environments,
      schedules,
      webhooks,
      quarantine,
      mappings,
      suggest,
      pairs,
      projects,
      fleet,
      uninstall,
      queries,
      openapi,
      web,
      jwtIssuer: signIn.issuer,
      jwtAudience: signIn.audience,
      requestsPerSecond: parameters.requestsPerSecond,
      requestBurst: parameters.requestBurst,
      logRetention: parameters.logRetention,
    });

    const watched = {
      functions: this.node.findAll().filter((found) => found instanceof ServiceFunction),
      segments: segments.queue,
      segmentDeadLetters: segments.deadLetters,
      resolutions: resolutions.queue,
      resolutionDeadLetters: resolutions.deadLetters,
      orders: orders.queue,
      orderDeadLetters: orders.deadLetters,
      deliveries: notifications.queue,
      deliveryDeadLetters: notifications.deadLetters,
      scheduleDeadLetters: kept.deadLetters,
      tables: [state.jobs, state.conflicts, state.audit, state.registry],
      machines: [syncJob.arn, syncTable.arn],
      apiId: api.id,
      lagBytes: parameters.lagNoticeBytes,
      lagSeconds: parameters.lagNoticeSeconds,
    };
    const { alarmAddress: address, hasAlarmAddress: hasAddress } = parameters;
    const alarms = new Alarms(this, { watched, address, hasAddress });
    const dashboard = new Dashboard(this, { watched, alarms });

    this.output('ApiUrl', api.url);
    this.output('WebUrl', `${api.url}${WEB_BASE.slice(1)}`);
    // of a provider that the parameters name, whoever deploys knows these
    this.output('Issuer', signIn.pool.issuer, signIn.ownPool);
    this.output('SignInClient', signIn.pool.clientId, signIn.ownPool);
    this.output('SignInUrl', signIn.pool.domainUrl, signIn.ownPool);
    this.output('UserPoolId', signIn.pool.id, signIn.ownPool);
    this.output('FirstAdmin', signIn.firstAdmin, signIn.ownPool);
    this.output('LoginCommand', `tfsync --url ${api.url} login`);
    this.output('DoctorCommand', `tfsync --url ${api.url} doctor`);
    // where nothing stands in front of them: an implementation of AWS without API Gateway
    this.output('ApiId', api.id);
    this.output('CommandsFunction', commands.lambda.functionName);
    this.output('QueriesFunction', queries.lambda.functionName);
    this.output('JobsTable', state.jobs.tableName);
    this.output('ConflictsTable', state.conflicts.tableName);
    this.output('AuditTable', state.audit.tableName);
    this.output('RegistryTable', state.registry.tableName);
    this.output('SegmentQueueUrl', segments.queue.queueUrl);
    this.output('ResolutionQueueUrl', resolutions.queue.queueUrl);
    this.output('FleetQueueUrl', orders.queue.queueUrl);
    this.output('ResolutionDeadLetterQueueUrl', resolutions.deadLetters.queueUrl);
    this.output('FleetDeadLetterQueueUrl', orders.deadLetters.queueUrl);
    this.output('ScheduleDeadLetterQueueUrl', kept.deadLetters.queueUrl);
    this.output('AlarmTopicArn', alarms.topicArn);
    this.output('DashboardName', dashboard.name);
    this.output('EventBusArn', notifications.busArn);
    this.output('DeliveryQueueUrl', notifications.queue.queueUrl);
    this.output('DeliveryDeadLetterQueueUrl', notifications.deadLetters.queueUrl);
    this.output('DeadLetterQueueUrl', segments.deadLetters.queueUrl);
    this.output('SyncJobArn', syncJob.arn);
    this.output('SyncTableArn', syncTable.arn);
    this.output('SecretPrefix', SECRET_PREFIX);
    this.output('MaskKeyPrefix', MASK_KEY_PREFIX);
  }

  private output(name: string, value: string, condition?: CfnCondition): void {
    new CfnOutput(this, name, { value, ...(condition && { condition }) });
  }
}
