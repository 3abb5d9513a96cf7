import { expect, test } from 'vitest';
import { SyncError } from '../../../lib/model/errors.ts';
import type { Job } from '../../../lib/model/job.ts';
import { remedyFor, retryDelaySeconds } from '../../../lib/orchestrator/healing.ts';
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

test('gives up after five takeovers', () => {
  expect(decideSweep(job('running', 0, 5), 'missing', now)).toBe('give_up');
});

test.each([
  ['57P01', 'target_unavailable', 'retry'],
  ['40P01', 'target_unavailable', 'retry'],
  ['08006', 'target_unavailable', 'retry'],
  ['53300', 'target_unavailable', 'retry'],
  ['55P03', 'target_unavailable', 'retry'],
  ['25006', 'target_read_only', 'stop'],
  ['23505', 'row_rejected', 'stop'],
  ['22003', 'row_rejected', 'stop'],
  ['42501', 'privilege_missing', 'stop'],
  ['42P01', 'schema_changed', 'stop'],
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

test('a broken socket is worth a retry, a bug is not', () => {
  expect(remedyFor(translate(Object.assign(new Error('Connection terminated unexpectedly')), 'source'))).toBe('retry');
  expect(remedyFor(new TypeError('x is undefined'))).toBe('stop');
  expect(remedyFor(new SyncError('epoch_superseded', 'gone'))).toBe('stop');
});

test('waits at most 1, 2, 4, ... 30 seconds', () => {
  expect([1, 2, 3, 4, 5, 6, 9].map((n) => retryDelaySeconds(n, 0.999))).toEqual([1, 2, 4, 8, 16, 30, 30]);
  expect(retryDelaySeconds(5, 0)).toBe(0);
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
