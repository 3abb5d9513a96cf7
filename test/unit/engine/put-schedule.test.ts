import { expect, test } from 'vitest';
import { SyncError } from '../../../lib/model/errors.ts';
import type { Schedule } from '../../../lib/model/schedule.ts';
import {
  type PutSchedule,
  putSchedule,
  removeSchedule,
  type SchedulePorts,
} from '../../../lib/orchestrator/put-schedule.ts';
import { memoryScheduleStore } from '../../contract/memory.ts';
import { sampleJob } from '../../contract/samples.ts';
import { noEnvironments } from '../../support/environments.ts';

const NOW = new Date('2026-11-23T12:00:00Z');
const SAMPLE = sampleJob();
const PAIR = {
  source: { host: 'a', port: 1, database: 'd', user: 'u' },
  target: { host: 'b', port: 2, database: 'd', user: 'u' },
};

/** `paused`, so that no database is looked at: what is looked at is the start's, and tested there. */
const put = (over: Partial<PutSchedule> = {}): PutSchedule => ({
  name: 'nightly',
  expression: 'rate(1 hour)',
  timezone: 'UTC',
  flexible_minutes: 0,
  mode: 'incremental',
  overlap: 'skip',
  paused: true,
  config: SAMPLE.config,
  pair: PAIR,
  actor: 'ada',
  ...over,
});

function world() {
  const schedules = memoryScheduleStore();
  const secrets = new Map<string, unknown>();
  const alarms = new Map<string, string>();
  let ids = 0;
  const down = { clock: false };
  const ports: SchedulePorts = {
    ...noEnvironments(),
    schedules,
    alarms: {
      set: async (s, from) => {
        if (down.clock) throw new SyncError('unavailable', 'the clock is away');
        alarms.set(s.name, `${s.expression} ${s.paused} ${from}`);
      },
      remove: async (name) => void alarms.delete(name),
    },
    secrets: {
      put: async (id, pair) => {
        secrets.set(id, pair);
        return id;
      },
      get: async () => PAIR,
      remove: async (ref) => void secrets.delete(ref),
    },
    databases: { source: notAsked, target: notAsked, planSegments: notAsked } as never, // a paused one looks at none
    startConfig: async (config) => config,
    clock: () => NOW,
    newId: () => `id-${++ids}`,
  };
  return { ports, schedules, secrets, alarms, down };
}
const notAsked = () => Promise.reject(new SyncError('connection_unreachable', 'The source does not answer.'));

test('a schedule that names a stored mapping nobody has approved is refused, and nothing is kept', async () => {
  const w = world();
  const refuse = () => Promise.reject(new SyncError('mapping_not_approved', 'No version of it is approved.'));

  const config = { ...SAMPLE.config, stored_mapping: 'county' };
  const refused = putSchedule(put({ paused: false, config }), { ...w.ports, startConfig: refuse });

  await expect(refused).rejects.toMatchObject({ code: 'mapping_not_approved' });
  expect([await w.schedules.list(), w.secrets.size]).toEqual([[], 0]);
});

test('a schedule keeps its connections as a secret, and the item none of them', async () => {
  const w = world();

  const { created, schedule } = await putSchedule(put(), w.ports);
  const { created: again } = await putSchedule(put({ expression: 'rate(2 hours)' }), w.ports);

  expect([created, again]).toEqual([true, false]);
  expect(schedule).toMatchObject({ source: { host: 'a' }, target: { host: 'b' }, anchor: '2026-11-23T13:00:00.000Z' });
  expect([...w.secrets.keys()]).toEqual(['nightly/id-2']); // the one before is gone
  expect(w.alarms.get('nightly')).toBe('rate(2 hours) true 2026-11-23T14:00:00.000Z');
  expect(await w.schedules.get('nightly')).toMatchObject({ revision: 2, armed: 2, secret_ref: 'nightly/id-2' });
});

test('without connections it keeps those that it has; a new one is refused, naming both', async () => {
  const w = world();
  const { pair: _, ...bare } = put();

  const refused = await putSchedule(bare, w.ports).catch((e) => e);
  await putSchedule(put(), w.ports);
  const { schedule } = await putSchedule(bare, w.ports);

  expect(refused.problems.map((p: { field: string }) => p.field)).toEqual(['/source_connection', '/target_connection']);
  expect(schedule.secret_ref).toBe('nightly/id-1');
  expect([...w.secrets.keys()]).toEqual(['nightly/id-1']);
});

test('one that is not paused is checked as a start is, and what is refused changes nothing', async () => {
  const w = world();
  await putSchedule(put(), w.ports);
  const before = await w.schedules.get('nightly');

  const error = await putSchedule(put({ paused: false, expression: 'rate(2 hours)' }), w.ports).catch((e) => e);

  expect(error.problems[0]).toMatchObject({ code: 'connection_unreachable', field: '/source_connection' });
  expect(await w.schedules.get('nightly')).toEqual(before);
  expect([...w.secrets.keys()]).toEqual(['nightly/id-1']);
});

test('a clock that is away is told later; the answer is the schedule', async () => {
  const w = world();
  w.down.clock = true;

  const { schedule } = await putSchedule(put(), w.ports);

  expect(schedule.revision).toBe(1);
  expect((await w.schedules.get('nightly'))?.armed).toBeUndefined();
});

test('two who change it at once: one does, the other is told so and leaves no secret', async () => {
  const w = world();
  await putSchedule(put(), w.ports);
  const { advance } = w.ports.schedules;
  const slow = {
    ...w.ports,
    schedules: { ...w.ports.schedules, advance: async (s: Schedule) => s.actor !== 'eve' && advance(s) },
  };

  const error = await putSchedule(put({ actor: 'eve' }), slow).catch((e) => e);

  expect(error.code).toBe('schedule_busy');
  expect([...w.secrets.keys()]).toEqual(['nightly/id-1']);
});

test('deleted, it leaves no alarm, no secret and no item; one that is not there is not found', async () => {
  const w = world();
  await putSchedule(put(), w.ports);

  await removeSchedule('nightly', w.ports);
  const error = await removeSchedule('nightly', w.ports).catch((e) => e);

  expect([w.alarms.size, w.secrets.size, (await w.schedules.list()).length]).toEqual([0, 0, 0]);
  expect(error.code).toBe('schedule_not_found');
});

test('whoever says what they have seen changes and deletes that, and nothing else', async () => {
  const { ports, schedules, secrets } = world();
  const { schedule: first } = await putSchedule(put({ seen: 'absent' }), ports);
  const { schedule: second } = await putSchedule(put({ seen: first, expression: 'rate(2 hours)' }), ports);
  const kept = secrets.size;

  for (const seen of ['absent', first, { ...second, created_at: '2020-01-01T00:00:00.000Z' }] as const) {
    await expect(putSchedule(put({ seen, expression: 'rate(3 hours)' }), ports)).rejects.toMatchObject({
      code: 'schedule_changed',
    });
    await expect(removeSchedule('nightly', ports, seen)).rejects.toMatchObject({ code: 'schedule_changed' });
  }

  expect(await schedules.get('nightly')).toMatchObject({ expression: 'rate(2 hours)', revision: 2 });
  expect(await schedules.get('nightly')).not.toHaveProperty('seen');
  expect(secrets.size).toBe(kept);
  await removeSchedule('nightly', ports, second);
  expect(await schedules.get('nightly')).toBeUndefined();
});
