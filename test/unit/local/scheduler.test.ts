import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateScheduleCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { awsAlarmClock } from '../../../functions/aws/alarm-clock.ts';
import { startControlEndpoint } from '../../../local/aws/control-endpoint.ts';
import { type Scheduler, startScheduler } from '../../../local/aws/scheduler.ts';
import type { Json } from '../../../local/json.ts';
import { sampleSchedule } from '../../contract/samples.ts';

const START = Date.parse('2026-11-23T12:00:00Z');
const MINUTE = 60_000;

let folder: string;
let control: Awaited<ReturnType<typeof startControlEndpoint>>;
let client: SchedulerClient;
let scheduler: Scheduler;
let fired: { name: string; event: Json }[];
let dead: string[];
let failing: boolean;
let nowMs: number;

/** A scheduler over the same file as the one before, on the same endpoint. */
function open(): Scheduler {
  const made = startScheduler({
    file: join(folder, 'schedules.json'),
    invoke: async (name, event) => {
      fired.push({ name, event });
      if (failing) throw new Error('the function died');
      return null;
    },
    deadLetter: async (_queue, event) => void dead.push(event),
    log: () => {},
    now: () => nowMs,
  });
  control.addRest('schedules', made.service);
  return made;
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tf-scheduler-'));
  [fired, dead, failing, nowMs] = [[], [], false, START];
  control = await startControlEndpoint();
  scheduler = open();
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  client = new SchedulerClient({ endpoint: control.url, region: 'us-east-1', credentials, maxAttempts: 1 });
});
afterEach(async () => {
  scheduler.stop();
  client.destroy();
  await control.stop();
  rmSync(folder, { recursive: true });
});

const input = (over: object = {}) => ({
  Name: 'a',
  GroupName: 'g',
  ScheduleExpression: 'rate(1 minute)',
  FlexibleTimeWindow: { Mode: 'OFF' as const },
  Target: {
    Arn: 'arn:aws:lambda:us-east-1:000000000000:function:fire',
    RoleArn: 'arn:aws:iam::000000000000:role/r',
    Input: '{"schedule":"a","due":"<aws.scheduler.scheduled-time>"}',
    DeadLetterConfig: { Arn: 'arn:aws:sqs:us-east-1:000000000000:q' },
  },
  ...over,
});

/** Lets what was fired without waiting come to its end. */
const settle = () => new Promise((done) => setImmediate(done));
const pass = async (ms: number) => {
  nowMs += ms;
  scheduler.tick();
  await settle();
};
const dues = () => fired.map(({ event }) => (event as { due: string }).due);

test('creates, shows, changes and deletes schedules for the real client', async () => {
  const { ScheduleArn } = await client.send(new CreateScheduleCommand(input({ StartDate: new Date(START + MINUTE) })));
  const twice = await client.send(new CreateScheduleCommand(input())).catch((e) => e);
  const shown = await client.send(new GetScheduleCommand({ Name: 'a', GroupName: 'g' }));
  await client.send(new UpdateScheduleCommand(input({ State: 'DISABLED', ScheduleExpressionTimezone: 'Asia/Tokyo' })));
  const changed = await client.send(new GetScheduleCommand({ Name: 'a', GroupName: 'g' }));
  await client.send(new DeleteScheduleCommand({ Name: 'a', GroupName: 'g' }));
  const gone = await Promise.all([
    client.send(new GetScheduleCommand({ Name: 'a', GroupName: 'g' })).catch((e) => e.name),
    client.send(new DeleteScheduleCommand({ Name: 'a', GroupName: 'g' })).catch((e) => e.name),
    client.send(new UpdateScheduleCommand(input())).catch((e) => e.name),
  ]);

  expect(ScheduleArn).toBe('arn:aws:scheduler:us-east-1:000000000000:schedule/g/a');
  expect(twice.name).toBe('ConflictException');
  expect(shown).toMatchObject({ Name: 'a', State: 'ENABLED', StartDate: new Date(START + MINUTE) });
  expect(shown.CreationDate).toEqual(new Date(START));
  expect(changed).toMatchObject({ State: 'DISABLED', ScheduleExpressionTimezone: 'Asia/Tokyo' });
  expect(gone).toEqual(Array(3).fill('ResourceNotFoundException'));
  expect(statSync(join(folder, 'schedules.json')).mode & 0o777).toBe(0o600);
});

test.each([
  { ScheduleExpression: 'cron(0 2 * * *)' },
  { ScheduleExpression: 'every day' },
  { ScheduleExpressionTimezone: 'Mars/Olympus' },
])('%o is refused as AWS does', async (over) => {
  expect((await client.send(new CreateScheduleCommand(input(over))).catch((e) => e)).name).toBe('ValidationException');
});

test('fires on time and each time once, with the time that was due', async () => {
  await client.send(new CreateScheduleCommand(input({ StartDate: new Date(START + MINUTE) })));

  await pass(MINUTE - 1);
  const early = dues();
  await pass(1);
  await pass(5_000);
  scheduler.advance(MINUTE);
  await settle();

  expect(early).toEqual([]);
  expect(dues()).toEqual(['2026-11-23T12:01:00Z', '2026-11-23T12:02:00Z']);
  expect(fired[0]?.name).toBe('fire');
});

test('a disabled one does not fire, nor what fell due meanwhile when it is enabled again', async () => {
  await client.send(new CreateScheduleCommand(input({ ScheduleExpression: 'cron(0/5 * * * ? *)', State: 'DISABLED' })));
  await pass(12 * MINUTE);
  await client.send(new UpdateScheduleCommand(input({ ScheduleExpression: 'cron(0/5 * * * ? *)' })));
  await pass(3 * MINUTE);

  expect(dues()).toEqual(['2026-11-23T12:15:00Z']);
});

test('survives a restart; what was due in between is not made up', async () => {
  await client.send(new CreateScheduleCommand(input({ ScheduleExpression: 'cron(0/5 * * * ? *)' })));
  await pass(5 * MINUTE);
  scheduler.stop();
  nowMs += 12 * MINUTE;
  scheduler = open();
  await pass(0);
  await pass(3 * MINUTE);

  expect(dues()).toEqual(['2026-11-23T12:05:00Z', '2026-11-23T12:20:00Z']);
});

test('an event whose function fails is tried twice more, and then is a dead letter', async () => {
  failing = true;
  await client.send(new CreateScheduleCommand(input({ ScheduleExpression: 'cron(1 12 23 11 ? 2026)' })));

  await pass(MINUTE);
  await pass(MINUTE);
  const between = [...dead];
  await pass(2 * MINUTE);
  await pass(MINUTE);

  expect(fired).toHaveLength(3);
  expect(between).toEqual([]);
  expect(dead).toEqual(['{"schedule":"a","due":"2026-11-23T12:01:00Z"}']);
});

test('the alarm clock of the service makes a schedule, changes it, and forgets it again and again', async () => {
  const clock = awsAlarmClock(
    () => client,
    () => ({
      group: 'g',
      functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:fire',
      roleArn: 'arn:aws:iam::000000000000:role/r',
      deadLetterArn: 'arn:aws:sqs:us-east-1:000000000000:q',
    }),
  );
  const get = () => client.send(new GetScheduleCommand({ Name: 'nightly', GroupName: 'g' }));

  await clock.set(sampleSchedule({ timezone: 'America/Chicago', flexible_minutes: 15 }), '2026-11-24T08:00:00.000Z');
  const made = await get();
  await clock.set(sampleSchedule({ expression: 'rate(1 hour)', paused: true }), '2026-11-23T13:00:00.000Z');
  const changed = await get();
  await clock.remove('nightly');
  await clock.remove('nightly');

  expect(made).toMatchObject({
    ScheduleExpression: 'cron(0 2 * * ? *)',
    ScheduleExpressionTimezone: 'America/Chicago',
    State: 'ENABLED',
    FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 15 },
    Target: { Input: '{"schedule":"nightly","due":"<aws.scheduler.scheduled-time>"}' },
  });
  expect(made.StartDate).toBeUndefined();
  expect(changed).toMatchObject({ State: 'DISABLED', StartDate: new Date('2026-11-23T13:00:00Z') });
  expect((await get().catch((e) => e)).name).toBe('ResourceNotFoundException');
});
