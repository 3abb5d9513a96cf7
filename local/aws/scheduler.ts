import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import { ExpressionError } from '../../lib/model/cron.ts';
import { nextRuns, parseExpression } from '../../lib/model/schedule-expression.ts';
import { isTimeZone } from '../../lib/model/zone.ts';
import { writePrivateFile } from '../files.ts';
import type { Json, JsonObject } from '../json.ts';
import { functionName } from '../states/tasks.ts';
import { ACCOUNT, REGION } from '../template/resolve.ts';
import { AwsError } from './json-protocol.ts';
import type { RestCall, RestService } from './rest-protocol.ts';

/** What CreateSchedule and UpdateSchedule take, as far as it changes what happens here. Times are seconds since 1970. */
const input = z.looseObject({
  GroupName: z.string().default('default'),
  ScheduleExpression: z.string(),
  ScheduleExpressionTimezone: z.string().default('UTC'),
  StartDate: z.number().optional(),
  EndDate: z.number().optional(),
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  FlexibleTimeWindow: z.looseObject({
    Mode: z.enum(['OFF', 'FLEXIBLE']),
    MaximumWindowInMinutes: z.number().min(1).max(1440).optional(),
  }),
  Target: z.looseObject({
    Arn: z.string(),
    RoleArn: z.string(),
    Input: z.string().default('{}'),
    DeadLetterConfig: z.looseObject({ Arn: z.string() }).optional(),
  }),
});

const stored = z.object({
  name: z.string(),
  input,
  created: z.number(),
  changed: z.number(),
  /** Runs up to this one were fired, or are not to be. ISO 8601. */
  after: z.string(),
});
type Stored = z.infer<typeof stored>;

export interface SchedulerOptions {
  /** Where schedules are kept, mode 0600. */
  readonly file: string;
  readonly invoke: (functionName: string, event: Json) => Promise<Json>;
  /** Takes an event that could not be delivered, by the ARN of a queue. */
  readonly deadLetter: (queueArn: string, event: string, why: string) => Promise<void>;
  readonly log: (line: string) => void;
  readonly now?: () => number;
}

export interface Scheduler {
  readonly service: RestService;
  /** Fires what is due. */
  tick(): void;
  /** Puts its clock forward, for tests: nobody waits for an hour. Only this clock: what it fires sees the real time. */
  advance(ms: number): void;
  stop(): void;
}

/** Lambda tries an event again whose function failed: after one minute, then after two. */
const RETRY_MS = [60_000, 120_000];

/** Longer than that nothing here is late; looking costs some microseconds a schedule. */
const LOOK_MS = 1000;

const ARN = `arn:aws:scheduler:${REGION}:${ACCOUNT}:schedule/`;
const seconds = (ms: number) => Math.floor(ms / 1000);
const wholeSeconds = (iso: string) => iso.replace(/\.\d+Z$/, 'Z');

/**
 * EventBridge Scheduler: makes, changes, shows and deletes schedules over its own wire format, and fires them at functions.
 *
 * Schedules survive a restart. Runs that were due while nobody ran this are not made up; a run fires at the beginning of its
 * flexible window.
 */
export function startScheduler(options: SchedulerOptions): Scheduler {
  const { file, invoke, deadLetter, log } = options;
  const real = options.now ?? Date.now;
  let ahead = 0;
  const now = () => real() + ahead;
  const started = new Date(now()).toISOString();
  const schedules = new Map(readFile(file).map((s) => [keyOf(s), s.after < started ? { ...s, after: started } : s]));
  const next = new Map<string, string | undefined>();
  const retries: { readonly at: number; readonly run: () => void }[] = [];

  const save = () => writePrivateFile(file, JSON.stringify([...schedules.values()]));
  const keep = (schedule: Stored) => {
    schedules.set(keyOf(schedule), schedule);
    next.set(keyOf(schedule), dueAfter(schedule));
    save();
  };
  for (const schedule of schedules.values()) next.set(keyOf(schedule), dueAfter(schedule));

  const deliver = (schedule: Stored, due: string, attempt: number) => {
    const { Arn, Input, DeadLetterConfig } = schedule.input.Target;
    const event = Input.replaceAll('<aws.scheduler.scheduled-time>', wholeSeconds(due))
      .replaceAll('<aws.scheduler.schedule-arn>', `${ARN}${keyOf(schedule)}`)
      .replaceAll('<aws.scheduler.execution-id>', randomUUID())
      .replaceAll('<aws.scheduler.attempt-number>', String(attempt));
    invoke(functionName(Arn), JSON.parse(event) as Json).catch(async (error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      log(`Schedule ${schedule.name}, due ${due}: ${why}`);
      const wait = RETRY_MS[attempt - 1];
      if (wait !== undefined) retries.push({ at: now() + wait, run: () => deliver(schedule, due, attempt + 1) });
      else if (DeadLetterConfig) await deadLetter(DeadLetterConfig.Arn, event, why).catch(() => undefined);
    });
  };

  const tick = () => {
    const instant = new Date(now()).toISOString();
    for (const late of retries.filter((r) => r.at <= now())) {
      retries.splice(retries.indexOf(late), 1);
      late.run();
    }
    for (const schedule of schedules.values()) {
      let at: Stored = schedule;
      for (let due = next.get(keyOf(at)); due !== undefined && due <= instant; due = next.get(keyOf(at))) {
        at = { ...at, after: due };
        keep(at); // before it fires: a crash in between leaves a run out, and repeats none
        deliver(at, due, 1);
      }
    }
  };

  const find = (call: RestCall): Stored => {
    const key = `${call.query.get('groupName') ?? 'default'}/${call.path[1]}`;
    const found = schedules.get(key);
    if (!found) throw new AwsError('ResourceNotFoundException', `Schedule ${call.path[1]} does not exist.`, 404);
    return found;
  };
  const put = (call: RestCall, before?: Stored): JsonObject => {
    const at = new Date(now()).toISOString();
    const schedule = {
      name: call.path[1] ?? '',
      input: read(call.body),
      created: before?.created ?? now(),
      changed: now(),
      after: at,
    };
    keep(schedule);
    return { ScheduleArn: `${ARN}${keyOf(schedule)}` };
  };
  const actions: Readonly<Record<string, (call: RestCall) => JsonObject>> = {
    POST(call) {
      const { GroupName } = read(call.body);
      if (schedules.has(`${GroupName}/${call.path[1]}`))
        throw new AwsError('ConflictException', `Schedule ${call.path[1]} already exists.`, 409);
      return put(call);
    },
    PUT(call) {
      const { GroupName } = read(call.body);
      const before = schedules.get(`${GroupName}/${call.path[1]}`);
      if (!before) throw new AwsError('ResourceNotFoundException', `Schedule ${call.path[1]} does not exist.`, 404);
      return put(call, before);
    },
    GET(call) {
      const found = find(call);
      return {
        ...(found.input as unknown as JsonObject), // parsed from JSON
        Name: found.name,
        Arn: `${ARN}${keyOf(found)}`,
        CreationDate: seconds(found.created),
        LastModificationDate: seconds(found.changed),
      };
    },
    DELETE(call) {
      const found = find(call);
      schedules.delete(keyOf(found));
      next.delete(keyOf(found));
      save();
      return {};
    },
  };
  const timer = setInterval(tick, LOOK_MS);
  return {
    service: (call) => {
      const action = call.path[0] === 'schedules' && call.path.length === 2 ? actions[call.method] : undefined;
      if (!action) throw new AwsError('UnknownOperationException', `${call.method} is not emulated`, 404);
      return action(call);
    },
    tick,
    advance: (ms) => {
      ahead += ms;
      tick();
    },
    stop: () => clearInterval(timer),
  };
}

const keyOf = (schedule: Stored) => `${schedule.input.GroupName}/${schedule.name}`;

function readFile(file: string): Stored[] {
  return existsSync(file) ? z.array(stored).parse(JSON.parse(readFileSync(file, 'utf8'))) : [];
}

function read(body: JsonObject): Stored['input'] {
  const parsed = input.safeParse(body);
  const refuse = (why: string) => new AwsError('ValidationException', why);
  if (!parsed.success) throw refuse(`Invalid ${parsed.error.issues.map((i) => i.path.join('.')).join(', ')}`);
  if (!isTimeZone(parsed.data.ScheduleExpressionTimezone)) throw refuse('Provided timezone is not supported.');
  try {
    parseExpression(parsed.data.ScheduleExpression);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw refuse('Invalid Schedule Expression.');
  }
  return parsed.data;
}

function dueAfter({ input: s, created, after }: Stored): string | undefined {
  if (s.State !== 'ENABLED') return undefined;
  const anchor = s.StartDate === undefined ? created : s.StartDate * 1000;
  const timing = {
    expression: s.ScheduleExpression,
    timezone: s.ScheduleExpressionTimezone,
    anchor: new Date(anchor).toISOString(),
  };
  const [due] = nextRuns(timing, new Date(after), 1);
  return due === undefined || (s.EndDate !== undefined && Date.parse(due) > s.EndDate * 1000) ? undefined : due;
}
