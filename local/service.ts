import { SIGN_IN_PATH } from '../functions/web/pages.ts';
import { CLI_CALLBACK } from '../lib/model/sign-in.ts';
import { startControlEndpoint } from './aws/control-endpoint.ts';
import { startDynamoDb } from './aws/dynamodb.ts';
import type { Emulator } from './aws/emulator.ts';
import { eventBusActions, readRules } from './aws/event-bus.ts';
import { startScheduler } from './aws/scheduler.ts';
import { secretActions } from './aws/secrets.ts';
import { startSqs } from './aws/sqs.ts';
import { type DataDir, takeDataDir } from './data-dir.ts';
import { deploy } from './deploy.ts';
import type { QueueFigures } from './events/queue-poller.ts';
import { startSchedule } from './events/schedule.ts';
import { readSchedules } from './events/sources.ts';
import { writePrivateFile } from './files.ts';
import { jwtContext } from './gateway/jwt-authorizer.ts';
import { readRoutes } from './gateway/routes.ts';
import { startGateway } from './gateway/server.ts';
import { readThrottle } from './gateway/throttle.ts';
import type { Json, JsonObject } from './json.ts';
import type { FunctionFigures } from './lambda/function-pool.ts';
import { ensureQueue, ensureTable } from './provision.ts';
import { createIssuer, ISSUER_FOLDER, type Issuer } from './sign-in/issuer.ts';
import type { TaskAnswers } from './states/actions.ts';
import { synthesize } from './synth.ts';
import { readAssembly } from './template/assembly.ts';
import { resolveStack, type StackResource } from './template/stack.ts';
import {
  createClients,
  createPools,
  describe,
  poolOf,
  sendEvent,
  sendTo,
  specsFrom,
  startPollers,
  startStates,
} from './wiring.ts';

export interface ServiceOptions {
  /** 0: any free port. */
  readonly port: number;
  /** A folder, or one that the caller has taken and will release itself. */
  readonly dataDir: string | DataDir;
  /** `none`: every caller is the local administrator; loopback only, and no pages of other origins. */
  readonly auth: 'token' | 'none';
  /** What the service is doing, one line at a time, for people. */
  readonly log?: (line: string) => void;
  /** A cloud assembly to run instead of synthesizing this repository's stack. */
  readonly assembly?: string;
  /** The URL that everybody is given instead of an emulated service's own, for tests that stand in between. */
  readonly through?: (name: 'dynamodb' | 'sqs' | 'control', url: string) => Promise<string>;
  /** Where Amazon Bedrock, or what stands in for it, answers; absent: the SDK's own address. */
  readonly bedrockUrl?: string;
  /** CloudFormation parameters beside those that the service sets itself. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** What happened so far, for tests and benches; also at `GET /_local/counters` of the control endpoint. */
export interface Counters {
  readonly queues: Readonly<Record<string, QueueFigures>>;
  readonly states: TaskAnswers & {
    /** Task tokens handed out, each in one message. */
    readonly tokens: number;
    readonly executions: number;
    readonly largestHistory: number;
    /** States entered by all executions. */
    readonly transitions: number;
    /** Executions that have not ended. */
    readonly running: number;
  };
  readonly functions: Readonly<Record<string, FunctionFigures>>;
}

export const DEPENDENCIES = ['dynamodb', 'sqs', 'states', 'secrets'] as const;
export type Dependency = (typeof DEPENDENCIES)[number];

export interface Service {
  readonly url: string;
  /** Empty with `auth: 'none'`. */
  readonly token: string;
  /** Where Step Functions, Secrets Manager, the issuer and `/_local/...` answer. */
  readonly controlUrl: string;
  readonly issuer: Issuer;
  counters(): Counters;
  /** Function processes alive now. */
  processes(): readonly {
    readonly function: string;
    readonly pid: number;
    readonly busy: boolean;
    readonly bytes: number;
  }[];
  /** The most resident memory that a process of each function ever had, in bytes. */
  peakMemory(): Readonly<Record<string, number>>;
  /** Makes an emulated AWS service unreachable, or reachable again. */
  setOutage(dependency: Dependency, down: boolean): void;
  /** Ends everything and waits until no process is left. Repeatable. */
  stop(): Promise<void>;
}

/**
 * Runs the whole service from the synthesized template, in this process and one child process per running function.
 *
 * State is kept in `dataDir`, which one service at a time may use; executions of state machines are not kept, so the
 * service's own sweeper starts their jobs again. Throws with a message for people when the folder is in use, the stack
 * cannot be synthesized, or the template needs something that is not emulated.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const log = options.log ?? (() => {});
  const taken = typeof options.dataDir === 'string' ? takeDataDir(options.dataDir) : undefined;
  const undo: Ending['undo'] = [() => taken?.release()];
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= (async () => {
      for (const step of undo.reverse()) await step();
    })();
    return stopping;
  };
  try {
    return await assemble(options, taken ?? (options.dataDir as DataDir), log, { undo, stop }); // not a string, or it were taken
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Ending {
  /** Steps to take back, last one first. */
  readonly undo: (() => Promise<unknown> | unknown)[];
  readonly stop: () => Promise<void>;
}

async function assemble(
  options: ServiceOptions,
  dataDir: DataDir,
  log: (line: string) => void,
  { undo, stop }: Ending,
): Promise<Service> {
  const assembly = readAssembly(options.assembly ?? (await synthesizeAloud(log)));

  const [dynamodb, sqs, control] = await Promise.all([
    startDynamoDb(dataDir.path('dynamodb')),
    startSqs(dataDir.path('sqs')),
    startControlEndpoint(),
  ]);
  undo.push(...[dynamodb, sqs, control].map((emulator: Emulator) => () => emulator.stop()));
  const issuer = await createIssuer({
    baseUrl: control.url,
    keyFile: dataDir.path('issuer-key.pem'),
    accountsFile: dataDir.path('accounts.json'),
  });
  control.addSite(ISSUER_FOLDER, issuer.answer);

  const through = options.through ?? (async (_name, url) => url);
  const endpoints = {
    dynamodb: await through('dynamodb', dynamodb.url),
    sqs: await through('sqs', sqs.url),
    control: await through('control', control.url),
    ...(options.bedrockUrl && { bedrock: options.bedrockUrl }),
  };
  const settings: Parameters<typeof resolveStack>[1] = {
    sqsUrl: endpoints.sqs,
    parameters: {
      JwtIssuer: issuer.issuer,
      JwtAudience: issuer.clientId,
      SignInClientId: issuer.clientId,
      TlsPolicy: 'as_asked',
      AllowedDatabaseHosts: '*,this-machine',
      AllowedWebhookHosts: '*,this-machine',
      MaxWorkers: '10', // each is a process of its own, and there is one server
      ...options.parameters,
    },
  };
  const stack = resolveStack(assembly, settings);
  const clients = createClients(dynamodb.url, endpoints.sqs);
  undo.push(() => clients.destroy());
  const tables = stack.ofType('AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable');
  await Promise.all(tables.map((table) => ensureTable(clients.dynamodb, table)));
  await Promise.all(stack.ofType('AWS::SQS::Queue').map((queue) => ensureQueue(clients.sqs, queue)));
  log(`Emulated AWS is ready: ${tables.length} tables, ${stack.ofType('AWS::SQS::Queue').length} queues.`);

  const pools = createPools(stack, specsFrom(assembly, dataDir, endpoints));
  undo.push(() => Promise.all([...pools.values()].map((pool) => pool.stop())));
  const invoke = (name: string, event: Json) => poolOf(pools, name).invoke(event);

  control.addService('secretsmanager', secretActions(dataDir.path('secrets.json')));
  control.addService(
    'AWSEvents',
    eventBusActions({
      buses: stack.ofType('AWS::Events::EventBus').map(({ name }) => name),
      rules: readRules(stack),
      send: (queueUrl, body) => sendEvent(clients.sqs, queueUrl, body),
      log,
    }),
  );
  const answers: TaskAnswers = { succeeded: 0, failed: 0, heartbeats: 0 };
  const states = startStates(stack, control, { invoke, sqs: clients.sqs, answers });
  undo.push(() => states.executions.stopAll());

  const pollers = startPollers(stack, clients.sqs, pools, log);
  undo.push(() => Promise.all([...pollers.values()].map((poller) => poller.stop())));

  const gateway = await startGateway({
    port: options.port,
    routes: readRoutes(stack),
    throttle: readThrottle(stack),
    invoke,
    ...(options.auth === 'none' ? { openAs: jwtContext(issuer.claims()) } : {}),
  });
  undo.push(() => gateway.stop());
  const { port } = new URL(gateway.url);
  const pages = ['127.0.0.1', 'localhost'].map((host) => `http://${host}:${port}${SIGN_IN_PATH}`);
  issuer.leadBackTo([...pages, CLI_CALLBACK]);
  const schedules = readSchedules(stack).map(({ name, everyMs, functionName, input }) => {
    const fire = async () => {
      await invoke(functionName, input()).catch((error: unknown) => log(`Schedule ${name}: ${describe(error)}`));
    };
    return { name, ...startSchedule(everyMs, fire) };
  });
  undo.push(() => schedules.map(({ end }) => end()));
  let deployed = stack;
  control.addAction('/_local/deploy', async (query) => {
    const next = readAssembly(query.get('assembly') ?? (await synthesizeAloud(log)));
    const update = { stack: resolveStack(next, settings), specOf: specsFrom(next, dataDir, endpoints) };
    const ensure = (resource: StackResource) =>
      resource.type === 'AWS::SQS::Queue'
        ? ensureQueue(clients.sqs, resource)
        : ensureTable(clients.dynamodb, resource);
    const functions = await deploy({ stack: deployed, pools, ensure }, update);
    deployed = update.stack;
    return { functions };
  });
  control.addAction('/_local/schedules/fire', (query) => {
    const asked = schedules.filter(({ name }) => name.includes(query.get('name') ?? ' '));
    for (const { fireNow } of asked) fireNow();
    return { fired: asked.length };
  });
  const scheduler = startScheduler({
    file: dataDir.path('schedules.json'),
    invoke,
    deadLetter: (queueArn, event, why) => sendTo(stack, clients.sqs, { queueArn, event, why }),
    log,
  });
  undo.push(() => scheduler.stop());
  control.addRest('schedules', scheduler.service);
  control.addAction('/_local/scheduler/advance', (query) => {
    scheduler.advance(Number(query.get('seconds')) * 1000);
    return {};
  });

  const counters = (): Counters => ({
    queues: Object.fromEntries([...pollers].map(([name, poller]) => [name, poller.figures()])),
    states: {
      ...answers,
      tokens: states.tokensHandedOut(),
      executions: states.executions.count(),
      largestHistory: states.executions.largestHistory(),
      transitions: states.executions.transitions(),
      running: states.executions.running(),
    },
    functions: Object.fromEntries([...pools].map(([name, pool]) => [name, pool.figures()])),
  });
  const processes = () =>
    [...pools].flatMap(([name, pool]) => pool.processes().map((one) => ({ function: name, ...one })));
  control.addPage('/_local/counters', () => counters() as unknown as JsonObject); // plain numbers and names
  control.addPage('/_local/processes', () => ({ processes: processes() }));

  const token = options.auth === 'none' ? '' : await issuer.mint();
  writePrivateFile(dataDir.path('token'), token);
  undo.push(
    announce(dataDir, {
      url: gateway.url,
      controlUrl: control.url,
      dynamodbUrl: dynamodb.url,
      sqsUrl: sqs.url,
      pid: process.pid,
    }),
  );

  const outages: Readonly<Record<Dependency, (down: boolean) => void>> = {
    dynamodb: dynamodb.setOutage,
    sqs: sqs.setOutage,
    states: (down) => control.setServiceOutage('AWSStepFunctions', down),
    secrets: (down) => control.setServiceOutage('secretsmanager', down),
  };
  return {
    url: gateway.url,
    token,
    controlUrl: control.url,
    issuer,
    counters,
    processes,
    peakMemory: () => Object.fromEntries([...pools].map(([name, pool]) => [name, pool.figures().peakBytes])),
    setOutage: (dependency, down) => outages[dependency](down),
    stop,
  };
}

async function synthesizeAloud(log: (line: string) => void): Promise<string> {
  const startedAt = performance.now();
  const { folder, fresh } = await synthesize();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  log(fresh ? `Functions built and stack synthesized in ${seconds} s.` : 'Functions and stack are as last built.');
  return folder;
}

/** Tells other programs where the service is, as long as it is there. */
function announce(dataDir: DataDir, facts: JsonObject): () => void {
  const file = dataDir.path('service.json');
  writePrivateFile(file, `${JSON.stringify(facts)}\n`);
  return () => writePrivateFile(file, '{}\n');
}
