import { expect, test } from 'vitest';
import { NO_COUNTS } from '../../../lib/model/job.ts';
import type { Notice } from '../../../lib/model/notice.ts';
import { notification } from '../../../lib/model/notification.ts';
import { noticeOf } from '../../../lib/notifications/notice.ts';
import { type Known, notificationsOf } from '../../../lib/notifications/tell.ts';
import { sampleJob } from '../../contract/samples.ts';

const AT = '2026-11-23T10:00:00.000Z';
const JOB = '11111111-2222-4333-8444-555555555555';
const job = sampleJob({ job_id: JOB });
const counts = { ...NO_COUNTS, read: 9, inserted: 2, quarantined: 1, conflicts: 3 };
const known = (over: Partial<Known> = {}): Known => ({
  counts,
  conflicts: { by_table: [], more: false },
  lag: { bytes: 1000, seconds: 60 },
  ...over,
});
const tell = (notice: Notice, over: Partial<Known> = {}) => {
  const told = notificationsOf(job, notice, known(over));
  for (const one of told) expect(notification.safeParse(one).error).toBeUndefined();
  return told;
};
const ended = (over: object = {}): Notice => ({ what: 'ended', epoch: 3, at: AT, state: 'completed', ...over });

test.each([
  ['an end', { state: 'completed', ended_at: AT }, { what: 'ended', epoch: 2, at: AT, state: 'completed' }],
  [
    'a failure, at the epoch that closes the job',
    { state: 'failed', epoch: 3, ended_at: AT, failure: { code: 'no_key', message: 'county.parcels has none' } },
    { what: 'ended', epoch: 3, at: AT, state: 'failed', code: 'no_key' },
  ],
  ['a stop', { state: 'stopped', ended_at: AT }, { what: 'ended', epoch: 2, at: AT, state: 'stopped' }],
  [
    'a pause',
    { state: 'paused', epoch: 3, pause: { code: 'confirm_required', message: 'm', since: AT, probe_at: AT } },
    { what: 'paused', epoch: 3, at: AT, code: 'confirm_required', probe_at: AT },
  ],
  [
    'a resume',
    { state: 'created', epoch: 4, heartbeat_at: AT, moved_by: { event: 'job.resumed', actor: 'ada' } },
    { what: 'resumed', epoch: 4, at: AT },
  ],
  [
    'a part of the log that is left',
    {
      heartbeat_at: AT,
      changes: { slot: 's', through: '0/1', transactions: 1, changes: 1, lag_bytes: 5, lag_seconds: 0 },
    },
    { what: 'lagging', epoch: 2, at: AT, lag_bytes: 5, lag_seconds: 0 },
  ],
  ['a takeover', { state: 'created', epoch: 3, moved_by: { event: 'job.taken_over', actor: 'us' } }, undefined],
  ['a step of the run', { state: 'running', started_at: AT }, undefined],
  [
    'a reason that changes while it waits',
    { pause: { code: 'target_unavailable', message: 'm', since: AT } },
    undefined,
  ],
  [
    'a log that is drained',
    { changes: { slot: 's', through: '0/1', transactions: 1, changes: 1, lag_bytes: 0, lag_seconds: 0 } },
    undefined,
  ],
  ['the seal of a trail', { audit_root: { events: 1, hash: 'h', at: AT } }, undefined],
] as const)('%s is noted as it is', (_, patch, notice) => {
  expect(noticeOf({ epoch: 2 }, patch)).toEqual(notice);
});

test('an end tells state and counts, under one id however often it is told', () => {
  const [told, ...others] = tell(ended());

  expect(others).toEqual([]);
  expect(told).toEqual({
    id: `job_ended-${JOB}-e3`,
    version: 1,
    type: 'job.ended',
    time: AT,
    job: { id: JOB, mode: 'full', epoch: 3, source: 'assessor', target: 'assessor' },
    data: { state: 'completed', dry_run: false, counts, open_conflicts: 0, quarantined: 1 },
  });
  expect(tell(ended({ at: '2026-11-24T10:00:00.000Z' }))[0]?.id).toBe(told?.id);
  expect(told?.id).not.toContain('.'); // it would end the id in what is signed
});

test('a notice without a time is told with the last sign of life, for no bus takes an event without one', () => {
  expect(noticeOf({ epoch: 1 }, { state: 'completed' })?.at).toBe('');
  expect(tell(ended({ at: '' }))[0]?.time).toBe(job.heartbeat_at);
});

test('a dry run is told as one', () => {
  const dry = sampleJob({ config: { ...job.config, dry_run: true } });

  expect(notificationsOf(dry, ended(), known())[0]?.data).toMatchObject({ dry_run: true });
});

test('an end with conflicts tells them too, the largest numbers first and no more than are worth listing', () => {
  const by_table = Array.from({ length: 150 }, (_, i) => ({ table: `t${i}`, type: 'update_differing', open: i + 1 }));

  const [end, conflicts] = tell(ended(), { conflicts: { by_table, more: false } });

  expect(end?.data).toMatchObject({ open_conflicts: 11_325 });
  expect(conflicts).toMatchObject({ id: `conflicts_new-${JOB}-e3`, data: { open: 11_325, more: true } });
  const listed = conflicts?.type === 'conflicts.new' ? conflicts.data.by_table : [];
  expect(listed).toHaveLength(100);
  expect(listed[0]).toEqual({ table: 't149', type: 'update_differing', open: 150 });
});

test('a pause and a failure tell a code and its fixed words, not what was said of this one', () => {
  const [paused] = tell({ what: 'paused', epoch: 2, at: AT, code: 'target_unavailable', probe_at: AT });
  const [failed] = tell(ended({ state: 'failed', code: 'no_key' }));
  const [odd] = tell(ended({ state: 'failed', code: 'Key (email)=(x@y)' }));

  expect(paused?.data).toMatchObject({ code: 'target_unavailable', probe_at: AT });
  expect(failed?.data).toMatchObject({ state: 'failed', failure: { code: 'no_key' } });
  expect(JSON.stringify(odd)).toContain('"code":"internal"');
  expect(JSON.stringify(odd)).not.toContain('email');
});

test.each([
  [{ lag_bytes: 1001, lag_seconds: 0 }, 1],
  [{ lag_bytes: 0, lag_seconds: 61 }, 1],
  [{ lag_bytes: 1000, lag_seconds: 60 }, 0],
])('a lag of %j is told %i times', (lag, times) => {
  expect(tell({ what: 'lagging', epoch: 1, at: AT, ...lag })).toHaveLength(times);
});

test('a threshold of zero is none', () => {
  const notice: Notice = { what: 'lagging', epoch: 1, at: AT, lag_bytes: 1e12, lag_seconds: 1e6 };

  expect(tell(notice, { lag: { bytes: 0, seconds: 0 } })).toEqual([]);
});

test('nothing that is told names a server, a user, a secret, a person or what a message says', () => {
  const notices: Notice[] = [
    ended({ state: 'failed', code: 'no_key' }),
    { what: 'paused', epoch: 1, at: AT, code: 'host_not_allowed' },
    { what: 'resumed', epoch: 1, at: AT },
    { what: 'lagging', epoch: 1, at: AT, lag_bytes: 5000, lag_seconds: 1 },
  ];
  const conflicts = { by_table: [{ table: 'public.parcels', type: 'insert_exists', open: 1 }], more: false };

  const text = JSON.stringify(notices.flatMap((n) => tell(n, { conflicts })));

  for (const hidden of [job.source.host, job.target.host, 'sync', job.secret_ref, job.actor, 'system_identifier'])
    expect(text.replaceAll(/"(meaning|remedy)":"[^"]*"/g, '')).not.toContain(hidden);
});
