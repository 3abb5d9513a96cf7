import { describe, expect, it } from 'vitest';
import { NO_COUNTS } from '../../../lib/model/job.ts';
import { jobStatus, statusView } from '../../../lib/orchestrator/status.ts';
import { sampleJob, sampleProgress, sampleTable } from '../../contract/samples.ts';

const NOW = new Date('2026-11-23T10:00:20.000Z');
const job = sampleJob({ state: 'running', started_at: '2026-11-23T10:00:10.000Z' });
const id = job.job_id;

describe('the status of a job', () => {
  it('adds up over passes, so that a deleted row is no longer counted as kept', () => {
    const tables = [sampleTable(id, { segments: 1 })];
    const progress = [
      sampleProgress(id, {
        finished: true,
        counts: { ...NO_COUNTS, read: 110, inserted: 10, updated: 5, unchanged: 85, kept: 10 },
      }),
      sampleProgress(id, { pass: 'delete', counts: { ...NO_COUNTS, deleted: 4, kept: -4 } }),
    ];

    const view = jobStatus(job, { tables, progress }, NOW);

    expect(view.counts).toEqual({
      ...NO_COUNTS,
      read: 110,
      inserted: 10,
      updated: 5,
      deleted: 4,
      unchanged: 85,
      kept: 6,
    });
    expect(view.tables[0]).toMatchObject({ pass: 'delete', segments: { total: 1, done: 0 }, counts: view.counts });
  });

  it('of a job that follows the log adds up over rounds, and tells of what waits now and how far behind it is', () => {
    const settled = {
      epoch: 2,
      counts: { ...NO_COUNTS, read: 50, inserted: 48, quarantined: 2 },
      quarantined: 0,
      conflicts: 0,
    };
    const tables = [sampleTable(id, { state: 'verified', settled })];
    const earlier = sampleProgress(id, { epoch: 2, counts: { ...NO_COUNTS, read: 9, updated: 7, quarantined: 2 } });
    const now = sampleProgress(id, {
      epoch: 3,
      segment: 1,
      counts: { ...NO_COUNTS, read: 3, updated: 2, quarantined: 1 },
    });
    const view = {
      round: 2,
      working: true,
      applied: '0/1A0',
      as_of: '2026-11-23T10:00:15.500Z',
      rows: 7,
      lag_bytes: 90,
    };
    const following = { ...job, following: view };

    const quiet = jobStatus(following, { tables, progress: [earlier] }, NOW);
    const working = jobStatus(following, { tables, progress: [earlier, now] }, NOW);

    expect(quiet.counts).toEqual(settled.counts);
    expect(quiet.tables[0]?.validation).toBe('validated');
    expect(working.counts).toEqual({ ...settled.counts, read: 53, updated: 2, quarantined: 3 });
    expect(working.tables[0]?.validation).toBe('quarantined');
    expect(working.following).toEqual({
      round: 2,
      working: true,
      applied: '0/1A0',
      rows: 7,
      lag_bytes: 90,
      lag_seconds: 4.5,
    });
    expect(statusView.parse(working)).toEqual(working);
  });

  it('counts the segments of the pass each table is in', () => {
    const tables = [sampleTable(id, { segments: 3 }), sampleTable(id, { table: 1, segments: 4, level: 1 })];
    const progress = [
      sampleProgress(id, { segment: 0, finished: true }),
      sampleProgress(id, { segment: 1, finished: true }),
      sampleProgress(id, { segment: 2, finished: true }),
      sampleProgress(id, { segment: 0, finished: true, pass: 'verify' }),
      sampleProgress(id, { segment: 1, pass: 'verify' }),
    ];

    const view = jobStatus(job, { tables, progress }, NOW);

    expect(view.tables.map((t) => [t.pass, t.segments])).toEqual([
      ['verify', { total: 3, done: 1 }],
      ['apply', { total: 4, done: 0 }],
    ]);
  });

  it('knows rate and time left only where there is something to know them from', () => {
    const tables = [sampleTable(id, { rows_estimate: 1000 })];
    const read = (n: number) => [sampleProgress(id, { counts: { ...NO_COUNTS, read: n, unchanged: n } })];
    const view = (n: number, over = {}) => jobStatus({ ...job, ...over }, { tables, progress: read(n) }, NOW);

    expect(view(250)).toMatchObject({ seconds: 10, rows_per_second: 25, eta_seconds: 30, rows_estimate: 1000 });
    expect(view(0)).not.toHaveProperty('rows_per_second');
    expect(view(0)).not.toHaveProperty('eta_seconds');
    expect(view(2000)).not.toHaveProperty('eta_seconds');
    expect(view(250, { state: 'verifying' })).not.toHaveProperty('eta_seconds');
    expect(jobStatus(job, { tables, progress: read(5) }, new Date(job.started_at ?? ''))).toMatchObject({ seconds: 0 });
  });

  it('stops the clock when the job ends', () => {
    const ended = sampleJob({
      state: 'completed',
      started_at: '2026-11-23T10:00:10.000Z',
      ended_at: '2026-11-23T10:00:12.500Z',
    });

    expect(jobStatus(ended, { tables: [], progress: [] }, NOW)).toMatchObject({ seconds: 2.5, tables: [] });
    expect(jobStatus(sampleJob(), { tables: [], progress: [] }, NOW).seconds).toBe(20);
  });

  it('says how many deletes wait to be accepted', () => {
    const pause = { code: 'confirm_required', message: 'm', since: '2026-11-23T10:00:15.000Z', deletes: 150 };

    const view = jobStatus(sampleJob({ state: 'paused', pause }), { tables: [], progress: [] }, NOW);

    expect(view.pause).toEqual(pause);
    expect(statusView.strict().parse(JSON.parse(JSON.stringify(view)))).toEqual(view);
  });

  it('says why a job or table failed, and fits its schema', () => {
    const failure = {
      code: 'row_rejected',
      message: 'm',
      hint: 'h',
      problems: [{ code: 'no_key' as const, message: 'p' }],
    };
    const failed = sampleJob({ state: 'failed', failure });

    const view = jobStatus(failed, { tables: [sampleTable(id, { state: 'failed', failure })], progress: [] }, NOW);

    expect(view.failure).toEqual(failure);
    expect(view.tables[0]?.failure).toEqual(failure);
    expect(statusView.strict().parse(JSON.parse(JSON.stringify(view)))).toEqual(view);
  });
});
