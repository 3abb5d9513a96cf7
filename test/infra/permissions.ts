import { ofType, type Template } from './synthesized.ts';

/** What resources of the stack are called on the page, with what is captured, and why a role names one. The first match counts. */
const RESOURCES: readonly (readonly [RegExp, string, string])[] = [
  [/StateJobs.*index/, 'lists of jobs', 'to list jobs by start, or by who needs looking after'],
  [/StateJobs/, 'table of jobs', "a job's state, progress and the head of its trail are its items"],
  [/StateConflicts.*index/, 'lists of conflicts', 'to list the conflicts that a job opened or saw last'],
  [/StateConflicts/, 'table of conflicts', 'conflicts and orders to decide many'],
  [
    /StateAudit/,
    'audit trail',
    "events are put once; the table's own policy denies every change, and every deletion but retention's",
  ],
  [/StateRegistry/, 'registry', 'named things; only the partitions that the condition lists'],
  [/SegmentsDeadLetters/, 'dead letters of segments', 'a job is told that its workers died'],
  [
    /SegmentsQueue/,
    'queue of segments',
    'work arrives, is kept hidden while it is done, and goes on in a message of its own',
  ],
  [/FleetOrdersQueue/, 'queue of orders over pairs', 'orders over many pairs go step by step'],
  [/ResolutionsQueue/, 'queue of orders', 'orders to decide many conflicts go step by step'],
  [
    /NotificationsDeliveries/,
    'queue of deliveries',
    'notifications come off the bus, and go to each webhook in a message of its own',
  ],
  [/NotificationsBus/, 'bus of notifications', 'what jobs have to tell is put there'],
  [/SchedulesDeadLetters/, 'dead letters of schedules', 'EventBridge Scheduler leaves there what it could not deliver'],
  [
    /secret:.*\/job\//,
    'secrets of jobs',
    'connections of a job, by the prefix of the stack: their names are made at run time',
  ],
  [
    /secret:.*\/mask\//,
    'keys of masks',
    'one key per pair of databases; nobody may change one, uninstall alone deletes one',
  ],
  [/secret:.*\/schedule\//, 'secrets of schedules', 'connections of a schedule, by the prefix of the stack'],
  [
    /secret:.*\/webhook\//,
    'secrets of webhooks',
    'where a webhook leads and what signs it, by the prefix of the stack',
  ],
  [/secret:.*\/environment\//, 'secrets of environments', 'connections of environments, by the prefix of the stack'],
  [/stateMachine:.*-(sync-\w+)/, 'state machine', 'runs are started, told of and answered'],
  [/execution:.*-(sync-\w+)/, 'runs of', 'runs are looked at and stopped; named by job at run time'],
  [
    /StepFunctionsGetEventsForStepFunctionsExecutionRule/,
    "Step Functions' own rule",
    'a run waits for the runs that it started',
  ],
  [/scheduler:.*schedule\//, 'schedules', 'made at run time, in the one group of the stack'],
  [/SchedulesRole/, 'role that fires schedules', 'handed to EventBridge Scheduler, and to nobody else'],
  [/LogGroup|Logs\w*"|AccessLog/, 'own log group', 'to write its log'],
  [/"(\w+)Function\w*","Arn"/, 'function', 'a step or a schedule runs them'],
  [
    /DatabaseUserArns/,
    'database users',
    'connections with auth=iam sign in as those that the deployment names; where it names none, there is no such right',
  ],
  [/SuggestionModelArns/, 'language models', 'asked for proposals where the deployment names one'],
];
/** Actions that accept no resource. */
const EVERYWHERE: readonly (readonly [RegExp, string])[] = [
  [/^xray:/, 'traces; X-Ray knows no resource'],
  [/^logs:/, 'delivery of the logs of a state machine; its actions accept no resource'],
];

export interface Permission {
  readonly role: string;
  readonly actions: readonly string[];
  readonly on: string;
  readonly why: string;
  readonly condition: string;
}

interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const list = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T]);

/** What a resource is called, and why a role names it; throws on one that the table above does not know. */
function meaning(resource: unknown, actions: readonly string[]): { readonly on: string; readonly why: string } {
  const text = JSON.stringify(resource);
  if (text === '"*"') {
    const why = EVERYWHERE.find(([pattern]) => actions.every((action) => pattern.test(action)))?.[1];
    if (why === undefined) throw new Error(`${actions.join(', ')} on everything: no reason`);
    return { on: 'everything', why };
  }
  const found = RESOURCES.map(([pattern, on, why]) => ({ match: pattern.exec(text), on, why })).find((x) => x.match);
  if (!found)
    throw new Error(`${actions.join(', ')} on ${text}: test/infra/permissions.ts has no name and reason for it`);
  const which = found.match?.[1];
  return { on: which === undefined ? found.on : `${found.on} \`${which}\``, why: found.why };
}

/** Every right of every role of the template, one for each kind of resource, in the order of roles and resources. */
export function permissions(template: Template): readonly Permission[] {
  const name = (logicalId: string) => logicalId.replace(/Role[0-9A-F]{8}$/, '').replace(/[0-9A-F]{8}$/, '');
  const rights = ofType(template, 'AWS::IAM::Policy').flatMap(([, { Properties }]) =>
    (Properties.PolicyDocument.Statement as readonly Statement[]).flatMap((statement) => {
      if (statement.Effect !== 'Allow') throw new Error('a policy of a role denies: say how on the page');
      const actions = [...list(statement.Action)].sort();
      const condition = Object.values(statement.Condition ?? {})
        .flatMap((test) => Object.entries(test))
        .map(([key, value]) => `${key}: ${list(value).join(', ')}`)
        .join('; ');
      const found = list(statement.Resource).map((resource) => meaning(resource, actions));
      const kinds = new Map(found.map((kind) => [kind.on, kind]));
      return [...kinds.values()].map((kind) => ({ role: name(Properties.Roles[0].Ref), actions, condition, ...kind }));
    }),
  );
  const key = (p: Permission) => `${p.role} ${p.on} ${p.actions[0]}`;
  return rights.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
