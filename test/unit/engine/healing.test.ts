import { expect, test } from 'vitest';
import { TRANSIENT_CODES } from '../../../infra/asl.ts';
import { type ErrorCode, SyncError } from '../../../lib/model/errors.ts';
import type { Job } from '../../../lib/model/job.ts';
import { afterError, giveBackSeconds } from '../../../lib/orchestrator/connections.ts';
import {
  chunkDelayMs,
  chunkRemedy,
  endsInPause,
  probeDelayMs,
  RETRY,
  remedyFor,
  retryDelaySeconds,
} from '../../../lib/orchestrator/healing.ts';
import { pauseFor } from '../../../lib/orchestrator/pause-job.ts';
import { nextChunkRows } from '../../../lib/orchestrator/segment-work.ts';
import { decideSweep } from '../../../lib/orchestrator/sweep.ts';
import { translate } from '../../../lib/postgres/translate.ts';

const now = new Date('2026-11-22T12:00:00Z');
const job = (state: Job['state'], silentSeconds: number, takeovers = 0) =>
  ({ state, takeovers, heartbeat_at: new Date(now.getTime() - silentSeconds * 1000).toISOString() }) as Job; // decideSweep reads no more

test.each([
  ['a run whose execution lives and beats', 'running', 5, 'running', 'leave'],
  ['a run whose execution is gone', 'running', 5, 'missing', 'take_over'],
  ['a run whose execution ended without settling', 'verifying', 5, 'ended', 'take_over'],
  ['a start that may still be on its way', 'created', 5, 'missing', 'leave'],
  ['a start that never came through', 'created', 31, 'missing', 'take_over'],
  ['a run that lives and waits behind others', 'running', 2 * 3600, 'running', 'leave'],
  ['a run that lives and is silent for too long', 'running', 3 * 3600 + 1, 'running', 'take_over'],
  ['a paused job', 'paused', 3600, 'missing', 'leave'],
] as const)('%s: %s, silent %i s, execution %s -> %s', (_, state, silent, execution, decision) => {
  expect(decideSweep(job(state, silent), execution, now)).toBe(decision);
});

test.each([
  ['its next execution may be on its way', 5, 'missing', 'leave'],
  ['its next execution never came', 31, 'missing', 'take_over'],
  ['its execution ended without going on', 5, 'ended', 'take_over'],
] as const)('a job that follows the log: %s', (_, silent, execution, decision) => {
  const following = { round: 3, working: false, rows: 0, lag_bytes: 0 };

  expect(decideSweep({ ...job('running', silent), following }, execution, now)).toBe(decision);
});

test.each([
  ['before its probe is due', '2026-11-22T12:00:01Z', 'leave'],
  ['when its probe is due', '2026-11-22T12:00:00Z', 'probe'],
] as const)('a paused job %s', (_, probe_at, decision) => {
  const pause = {
    code: 'target_read_only',
    message: '',
    since: '2026-11-22T11:59:00Z',
    probe_at: new Date(probe_at).toISOString(),
  };

  expect(decideSweep({ ...job('paused', 60), pause }, 'ended', now)).toBe(decision);
});

const MINUTE_S = 60;
test.each([
  ['stopped, not sealed yet', 'stopped', 0, false, 'seal'],
  ['failed while its target was away, not sealed yet', 'failed', 59 * MINUTE_S, false, 'seal'],
  ['failed an hour ago, its target still away, between two full hours', 'failed', 61 * MINUTE_S, false, 'leave'],
  ['failed two hours ago, its target still away, at the full hour', 'failed', 120 * MINUTE_S, false, 'seal'],
  ['failed and sealed', 'failed', 5, true, 'leave'],
  ['stopped longer ago than it can be resumed', 'stopped', 8 * 24 * 60 * MINUTE_S, false, 'clean'],
  ['completed', 'completed', 5, true, 'forget'],
] as const)('a job that has ended: %s', (_, state, agoSeconds, sealed, decision) => {
  const ended_at = new Date(now.getTime() - agoSeconds * 1000).toISOString();
  const root = { events: 1, hash: 'x', at: ended_at };

  expect(decideSweep({ ...job(state, 0), ended_at, ...(sealed && { audit_root: root }) }, 'ended', now)).toBe(decision);
});

test.each([
  ['that somebody is carrying through', 5, undefined, 'leave'],
  ['whose asker has died', 31, undefined, 'finish_stop'],
  ['that waits for the target', 5, 'target_unavailable', 'finish_stop'],
] as const)('a stop %s', (_, silent, code, decision) => {
  const pause = code && { code, message: '', since: '2026-11-22T11:59:00Z' };

  expect(decideSweep({ ...job('stopping', silent), ...(pause && { pause }) }, 'running', now)).toBe(decision);
});

test('a pause without an end of its own has no probe; one over a broken connection has', () => {
  const failure = (code: string) => ({ code, message: '' });

  expect(pauseFor(failure('schema_changed'), now).probe_at).toBeUndefined();
  expect(pauseFor(failure('target_unavailable'), now)).toMatchObject({
    since: '2026-11-22T12:00:00.000Z',
    probe_at: '2026-11-22T12:01:00.000Z',
  });
});

test('gives up after five takeovers', () => {
  expect(decideSweep(job('running', 0, 5), 'missing', now)).toBe('give_up');
});

test.each([
  ['57P01', 'target_unavailable', 'retry'],
  ['40P01', 'target_unavailable', 'retry'],
  ['08006', 'target_unavailable', 'retry'],
  ['53300', 'too_many_connections', 'retry'],
  ['55P03', 'lock_timeout', 'retry'],
  ['57014', 'statement_timeout', 'retry'],
  ['53100', 'disk_full', 'retry'],
  ['25006', 'target_read_only', 'retry'],
  ['54000', 'row_rejected', 'stop'],
  ['42804', 'schema_changed', 'pause'],
  ['23505', 'row_rejected', 'stop'],
  ['22003', 'row_rejected', 'stop'],
  ['42501', 'privilege_missing', 'pause'],
  ['42P01', 'schema_changed', 'pause'],
  ['XX000', 'internal', 'stop'],
] as const)('SQLSTATE %s is %s and the remedy is %s', (sqlstate, code, remedy) => {
  const error = translate(
    {
      code: sqlstate,
      message: 'Key (email)=(canary@example.org) exists',
      detail: 'canary',
      table: 'owners',
      constraint: 'owners_email_key',
    },
    'target',
  );

  expect(error.code).toBe(code);
  expect(remedyFor(error)).toBe(remedy);
  expect(`${error.message} ${JSON.stringify(error.facts)}`).not.toContain('canary');
  expect(error.facts).toMatchObject({ sqlstate, constraint: 'owners_email_key' });
});

test.each([
  ['source_unavailable', 'retry', 60],
  ['target_unavailable', 'retry', 60],
  ['target_read_only', 'retry', 60],
  ['lock_timeout', 'retry', 60],
  ['statement_timeout', 'retry', 300],
  ['disk_full', 'retry', 300],
  ['target_moving', 'retry', undefined],
  ['connection_auth_failed', 'pause', 300],
  ['schema_changed', 'pause', undefined],
  ['privilege_missing', 'pause', undefined],
] as const)('%s: %s, then the job waits; a look after %s s', (code, remedy, probeSeconds) => {
  expect(remedyFor(new SyncError(code, 'x'))).toBe(remedy);
  expect(endsInPause(code)).toBe(true);
  expect(probeDelayMs(code)).toBe(probeSeconds && probeSeconds * 1000);
});

test.each([
  'quarantine_limit',
  'row_rejected',
  'trigger_interfered',
  'verification_failed',
  'internal',
  'a_code_of_the_future',
])('%s fails the job', (code) => {
  expect(remedyFor(new SyncError(code as ErrorCode, 'x'))).toBe('stop');
  expect(endsInPause(code)).toBe(false);
  expect(probeDelayMs(code)).toBeUndefined();
});

test('a broken socket is worth a retry, a bug is not', () => {
  expect(remedyFor(translate(Object.assign(new Error('Connection terminated unexpectedly')), 'source'))).toBe('retry');
  expect(remedyFor(new TypeError('x is undefined'))).toBe('stop');
  expect(remedyFor(new SyncError('epoch_superseded', 'gone'))).toBe('stop');
});

test('waits at most 1, 2, 4, ... 30 seconds', () => {
  expect([1, 2, 3, 4, 5, 6, 9].map((n) => retryDelaySeconds(n, 0.999))).toEqual([1, 2, 4, 8, 16, 30, 30]);
  expect(retryDelaySeconds(5, 0)).toBe(0);
});

test.each([
  ['40001', 'again'],
  ['40P01', 'again'],
  ['55P03', 'again'],
  ['53200', 'smaller'],
  ['57014', 'isolate'],
  ['54000', 'isolate'],
  ['23505', 'isolate'],
  ['22003', 'isolate'],
  ['57P01', 'give_up'],
  ['53100', 'give_up'],
  ['25006', 'give_up'],
  ['42P01', 'give_up'],
] as const)('a chunk refused with %s is tried %s', (sqlstate, remedy) => {
  expect(chunkRemedy(translate({ code: sqlstate }, 'target'))).toBe(remedy);
});

test('a chunk that a trigger interfered with is taken apart; one whose fence fell is not', () => {
  expect(chunkRemedy(new SyncError('trigger_interfered', 'x'))).toBe('isolate');
  expect(chunkRemedy(new SyncError('epoch_superseded', 'x'))).toBe('give_up');
  expect(chunkRemedy(new TypeError('x'))).toBe('give_up');
});

test('a chunk waits at most 0.1, 0.2, ... 5 seconds', () => {
  expect([1, 2, 3, 6, 7, 9].map((n) => chunkDelayMs(n, 0.9999))).toEqual([99, 199, 399, 3199, 4999, 4999]);
  expect(chunkDelayMs(8, 0)).toBe(0);
});

test('the state machines try the same codes again as the worker, but for rows that move', () => {
  expect([...TRANSIENT_CODES].sort()).toEqual(RETRY.filter((code) => code !== 'target_moving').toSorted());
});

test('a chunk grows or shrinks towards half a second, at most by two', () => {
  expect([
    nextChunkRows(1000, 500),
    nextChunkRows(1000, 400),
    nextChunkRows(1000, 10),
    nextChunkRows(1000, 5000),
  ]).toEqual([1000, 1250, 2000, 500]);
  // for its time alone a chunk gets no smaller than 50 rows, and a lone large row is followed by two
  expect([nextChunkRows(60, 60_000), nextChunkRows(1, 60_000)]).toEqual([50, 2]);
});

test('a segment whose server is full waits as a new message, however often; what it waited for is not held against it', () => {
  const full = new SyncError('too_many_connections', 'full');
  const message = { v: 1, job_id: 'j', epoch: 1, table: 0, pass: 'apply', segment: 0, task_token: 't' } as const;

  expect(afterError(full, message, 5, 0.5)).toEqual({
    do: 'send_copy',
    message: { ...message, given_back: 1 },
    delaySeconds: 3,
  });
  expect([1, 2, 3, 4, 5, 6, 50].map((n) => giveBackSeconds(n, 0.9999))).toEqual([4, 8, 16, 32, 64, 64, 64]);
  expect(afterError(new SyncError('target_unavailable', 'away'), message, 4, 0.999)).toEqual({
    do: 'hide',
    seconds: 8,
  });
  expect(afterError(new SyncError('target_unavailable', 'away'), message, 5, 0.999)).toEqual({ do: 'answer' });
  expect(afterError(new SyncError('row_rejected', 'no'), message, 1, 0)).toEqual({ do: 'answer' });
});
