import { describe, expect, it } from 'vitest';
import { webFacts } from '../../../infra/web-facts.ts';
import type { JobSummary } from '../../../lib/model/answers.ts';
import { JOB_STATES, NO_COUNTS } from '../../../lib/model/job.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { allowedActions } from '../../../lib/orchestrator/lifecycle.ts';
import { countersOf } from '../../../web/dashboard/counters.ts';
import { issuesOf, speedOf } from '../../../web/dashboard/issues.ts';
import { jobQueryIn, jobsQuery } from '../../../web/dashboard/job-query.ts';
import { dataText, filtersIn, withFilters } from '../../../web/job/audit-filters.ts';
import { configRows } from '../../../web/job/config-rows.ts';
import { addSample, ratesOf, type Sample } from '../../../web/job/rates.ts';
import { reasonsOf } from '../../../web/job/reasons.ts';
import { minutesOf, momentsOf } from '../../../web/job/timeline.ts';

const NASTY = ['a&b=c', '100 %', '+1', 'ä"\'<script>', '#x?y', 'a b'];

describe('filters in an address', () => {
  it.each(NASTY)('%j comes back from the list of jobs and from the trail as it was', (text) => {
    const jobs = { status: 'failed', text, source: text };
    expect(jobQueryIn(new URLSearchParams(jobsQuery(jobs, 25, 'tok+/=')))).toEqual({ filters: jobs, next: 'tok+/=' });
    expect(filtersIn(new URLSearchParams(withFilters({ text, type: 'chunk' }, { tab: 'audit' })))).toEqual({
      text,
      type: 'chunk',
    });
  });

  it('what is empty or unknown is no filter', () => {
    expect(jobQueryIn(new URLSearchParams('status=&text=%20&colour=red&tab=x'))).toEqual({
      filters: {},
      next: undefined,
    });
    expect(withFilters({ text: ' ', actor: '' }, { tab: 'audit' })).toBe('tab=audit');
    expect(jobsQuery({}, 25, undefined)).toBe('limit=25');
  });

  it('data of an event is a line of text', () => {
    expect(dataText({ table: 'public.t', inserted: 3, counts: { read: 1 }, none: null })).toBe(
      'table public.t, inserted 3, counts {"read":1}, none null',
    );
  });
});

describe('what a list tells of a job', () => {
  it('is what it left for people, and nothing where it left nothing', () => {
    expect(issuesOf({ open_conflicts: 23, quarantined: 1 }).map(({ text }) => text)).toEqual([
      '23 conflicts',
      '1 row put aside',
    ]);
    expect(issuesOf({ open_conflicts: 0 })).toEqual([]);
  });

  it('is how fast one at work is, as far as that is known', () => {
    const counts = { ...NO_COUNTS, read: 12_345, conflicts: 2 };
    expect(speedOf({ counts, rows_per_second: 987.6, eta_seconds: 75 })).toBe(
      '12,345 rows · 988 rows/s · 1 m 15 s left · 2 conflicts',
    );
    expect(speedOf({ counts: NO_COUNTS })).toBe('0 rows');
  });
});

describe('counters', () => {
  const now = Date.parse('2026-11-23T10:00:00Z');
  const job = (state: JobSummary['state'], ended_at?: string) =>
    ({ state, created_at: '2026-11-01T00:00:00Z', ...(ended_at && { ended_at }) }) as JobSummary;

  it('count states that are there, and failures of a day', () => {
    const jobs = [
      job('running'),
      job('failed', '2026-11-23T09:00:00Z'),
      job('failed', '2026-11-21T09:00:00Z'),
      job('completed', '2026-11-23T09:00:00Z'),
    ];
    expect(countersOf(jobs, now)).toEqual({
      jobs: 4,
      byState: [
        ['running', 1],
        ['completed', 1],
        ['failed', 2],
      ],
      failedToday: 1,
    });
  });
});

describe('rates', () => {
  it('are rows a second between two looks', () => {
    const samples = [
      [1000, 0],
      [3000, 500],
      [3000, 500], // the same look
      [5000, 500],
    ].map(([atMs, read]) => ({ atMs, read }) as Sample);
    const kept = samples.reduce<readonly Sample[]>(addSample, []);
    expect(ratesOf(kept)).toEqual([
      [3, 5],
      [250, 0],
    ]);
  });

  it('begin anew where a count went back, and forget what is long ago', () => {
    expect(addSample([{ atMs: 1, read: 10 }], { atMs: 2, read: 5 })).toEqual([{ atMs: 2, read: 5 }]);
    let many: readonly Sample[] = [];
    for (let i = 0; i < 4000; i++) many = addSample(many, { atMs: i * 2000, read: i });
    expect([many.length, many.at(-1)?.read]).toEqual([3600, 3999]);
  });
});

describe('reasons', () => {
  it('are given in every state for exactly what is not offered', () => {
    for (const state of JOB_STATES) {
      const offered: readonly string[] = allowedActions(state);
      const refused = (['stop', 'resume'] as const).filter((action) => !offered.includes(action));
      const text = reasonsOf(refused, state).join(' ');
      for (const action of refused) expect(text, state).toContain(action === 'stop' ? 'stopped' : 'resumed');
      expect(text, state).not.toContain('the service does not offer it');
    }
    expect(reasonsOf(['stop', 'resume'], 'completed')).toEqual([
      'It cannot be stopped or resumed: it has come to its end.',
    ]);
  });
});

describe('the configuration', () => {
  it('shows what was given first, then the defaults, and what this build does not know', () => {
    const config = {
      ...jobConfigSchema.parse({ batch_size: 5, key_columns: { 'public.v': ['id'] } }),
      of_tomorrow: [1],
    };
    const rows = configRows(config, webFacts().config);
    expect(rows.filter((r) => !r.usual).map((r) => [r.name, r.value])).toEqual([
      ['batch_size', '5'],
      ['key_columns', '{\n  "public.v": [\n    "id"\n  ]\n}'],
      ['of_tomorrow', '[\n  1\n]'],
    ]);
    expect(rows).toHaveLength(webFacts().config.length + 1);
  });
});

describe('the timeline', () => {
  it('has steps and healing in the order of time, each once', () => {
    const milestones = [
      { seq: 1, at: '2026-11-23T10:00:00Z', type: 'job.created', actor: 'ada' },
      { seq: 4, at: '2026-11-23T10:00:05Z', type: 'healing.paused', actor: 'terrafusion-sync', code: 'x' },
      { seq: 9, at: '2026-11-23T10:01:00Z', type: 'job.failed', actor: 'terrafusion-sync', code: 'same_database' },
    ];
    const healing = [{ at: '2026-11-23T10:00:05Z', type: 'healing.paused', message: 'It waits.' }];
    expect(momentsOf(milestones, healing).map((m) => [m.type, m.text])).toEqual([
      ['job.created', 'by ada'],
      ['healing.paused', 'It waits.'],
      ['job.failed', 'by the service itself: same_database'],
    ]);
  });

  it('shows minutes as shares of the busiest', () => {
    const minute = (name: string, inserted: number) => ({
      minute: name,
      inserted,
      updated: 0,
      deleted: 0,
      quarantined: 0,
    });
    expect(minutesOf([minute('a', 10), minute('b', 40)]).map((m) => m.share)).toEqual([0.25, 1]);
    expect(minutesOf([minute('a', 0)])[0]?.share).toBe(0);
  });
});
