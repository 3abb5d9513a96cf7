import { expect, test } from 'vitest';
import { exitCodeOf } from '../../../cli/exit.ts';
import { columns, plain } from '../../../cli/format.ts';
import { renderOutcome } from '../../../cli/outcome.ts';
import { NO_PACE, renderChanges, renderJob, track } from '../../../cli/progress.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { JOB, jobStatus } from './fake-service.ts';

test('shows the job, its share done, and rate and time left of each running table', () => {
  const tables = (read: number) => [
    { name: 'public.owners', state: 'verified' as const, counts: { read: 1000, unchanged: 990, updated: 10 } },
    {
      name: 'public.parcels',
      rows_estimate: 7000,
      segments: { total: 8, done: 3 },
      counts: { read, inserted: 17, kept: 4, conflicts: 1, unchanged: read - 22 },
    },
    { name: 'public.sales', state: 'pending' as const, rows_estimate: 3500 },
  ];
  const first = jobStatus('running', tables(2000));
  const second = jobStatus('running', tables(3000), { rows_per_second: 1600, eta_seconds: 5 });

  const pace = track(track(NO_PACE, first, 0), second, 1000);
  const lines = renderJob(second, { width: 120, pace });

  expect(lines).toEqual([
    'Job 0b5e1d3c-6a0f-4a57-9d0e-2f8c8f6f3c11  full sync  running  2.5 s',
    'county_production (127.0.0.1:5432) -> county_training (127.0.0.1:5432)',
    '[########----------------] 34 %  4,000 of about 11,500 rows  1,600 rows/s  5.0 s left',
    '',
    'TABLE           STATE       ROWS   DONE  ROWS/S   LEFT  NEW  CHANGED  DELETED  KEPT  ISSUES',
    'public.owners   verified   1,000  100 %                   0       10        0     0       0',
    'public.parcels  apply 3/8  3,000   42 %   1,000  4.0 s   17        0        0     4       1',
    'public.sales    waiting        0    0 %                   0        0        0     0       0',
  ]);
});

test('takes the rate from the last seconds, not from the beginning', () => {
  const at = (read: number) => jobStatus('running', [{ counts: { read } }]);

  let pace = NO_PACE;
  for (const [second, read] of [0, 100, 200, 1200, 2200, 3200, 4200, 5200].entries()) {
    pace = track(pace, at(read), second * 1000);
  }

  expect(pace.get('public.t0')?.perSecond).toBeGreaterThan(950);
});

test('never shows a table as done before it is', () => {
  const status = jobStatus('running', [{ rows_estimate: 10, counts: { read: 5000 } }]);

  const line = renderJob(status, { width: 100 }).at(-1);

  expect(line).toContain(' 99 %');
});

test('keeps to the height of the terminal, failed and running tables first', () => {
  const states = ['verified', 'verified', 'verified', 'failed', 'running', 'pending', 'pending'] as const;
  const status = jobStatus(
    'running',
    states.map((state) => ({ state })),
  );

  const lines = renderJob(status, { width: 100, height: 10 });

  expect(lines).toHaveLength(9);
  expect(lines.slice(5).map((line) => line.split(/\s/)[0])).toEqual(['public.t3', 'public.t4', 'public.t5', '...']);
  expect(lines.at(-1)).toBe('... and 4 more tables');
});

test('shortens long table names to the width and takes the sting out of control characters', () => {
  const status = jobStatus('running', [{ name: `public.\x1b[2Jx${'y'.repeat(200)}` }]);

  const lines = renderJob(status, { width: 90 }).slice(4);

  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(90);
  expect(lines[1]).toMatch(/^public\.\?\[2Jxy+… {2}apply 0\/4/);
});

test('tells a change once, in a line of its own', () => {
  const before = jobStatus('running', [{ counts: { read: 100 } }, { state: 'pending' }]);
  const same = jobStatus('running', [{ counts: { read: 120 } }, { state: 'pending' }]);
  const after = jobStatus('running', [
    { state: 'verified', counts: { read: 1000, inserted: 5, unchanged: 995 } },
    { counts: { read: 350 }, segments: { total: 4, done: 1 } },
  ]);

  expect(renderChanges(undefined, before)).toEqual([
    '2.5 s  job running',
    '2.5 s  public.t0  apply 0/4, 100 of about 1,000 rows',
  ]);
  expect(renderChanges(before, same)).toEqual([]);
  expect(renderChanges(same, after)).toEqual([
    '2.5 s  public.t0  verified: 5 new, 0 changed, 0 deleted, 995 equal',
    '2.5 s  public.t1  apply 1/4, 350 of about 1,000 rows',
  ]);
});

test.each([
  ['completed', { read: 9, unchanged: 9 }, 'Completed: source and target compare equal.'],
  ['completed', { read: 9, kept: 2 }, 'Completed: source and target compare equal, but for the rows named here.'],
  ['completed_with_issues', { read: 9, conflicts: 2 }, 'Completed with issues: 2 conflicts wait.'],
] as const)('says what %s means for %o', (state, counts, first) => {
  const [line, ...rest] = renderOutcome(jobStatus(state, [{ state: 'verified', counts }]));

  expect(line).toBe(first);
  expect(rest.join('\n')).toContain('9 rows in 2.5 s');
  expect(rest.join('\n').includes('2 rows exist only in the target and stay there (delete_mode tracked).')).toBe(
    'kept' in counts,
  );
});

test('tells of warnings about tables before somebody meets them as rows', () => {
  const tables = [{ schema_warnings: 2 }, { schema_warnings: 1 }, {}];
  const config = jobConfigSchema.parse({ dry_run: true });

  expect(renderOutcome(jobStatus('completed', tables, { config })).at(-1)).toBe(
    `3 warnings about tables: tfsync validate ${JOB}`,
  );
});

test('a dry run says what a run that writes would bring, and not that anything is equal', () => {
  const counts = { read: 46_275, inserted: 343, updated: 19, unchanged: 45_911, kept: 2 };
  const config = jobConfigSchema.parse({ dry_run: true });
  const status = jobStatus('completed', [{ state: 'compared', counts }], { config });

  expect(renderJob(status, { width: 100 })[0]).toContain('  full sync, dry run  completed  ');
  expect(renderOutcome(status).slice(0, 3)).toEqual([
    'Dry run: nothing was written.',
    'A run that writes would bring: 343 new, 19 changed, 0 deleted (45,911 equal, 2 kept).',
    '46,275 rows compared in 2.5 s.',
  ]);
  expect(renderOutcome(status).join()).not.toContain('Completed');
});

test('names the reason of a failure and its tables', () => {
  const failure = { code: 'privilege_missing', message: 'A privilege is missing.', hint: 'grant insert on public.t0' };
  const status = jobStatus('failed', [{ state: 'failed', failure: { code: 'row_rejected', message: 'No.' } }], {
    failure,
  });

  expect(renderOutcome(status).slice(0, 3)).toEqual([
    'Failed (privilege_missing): A privilege is missing.',
    '  grant insert on public.t0',
    '  public.t0: No. (row_rejected)',
  ]);
});

test.each([
  [{ conflict_strategy: 'newer_wins' }, 5],
  [{ conflict_rules: { '*': { strategy: 'target_wins' } } }, 5],
  [{ direction: 'bidirectional', conflict_strategy: 'manual' }, 5],
  [{ conflict_strategy: 'newer_wins' }, 1],
] as const)('under %o kept rows are not said to be only in the target: %i', (given, kept) => {
  const status = jobStatus('completed', [{ counts: { kept } }], { config: jobConfigSchema.parse(given) });

  expect(renderOutcome(status)[2]).toBe(
    kept === 1
      ? '1 row stays as the target has it: it exists only there (delete_mode tracked), was edited there, or was decided for it.'
      : '5 rows stay as the target has them: they exist only there (delete_mode tracked), were edited there, or were decided for it.',
  );
});

test.each([
  [{ conflicts: 3 }, 0, 'Completed with issues: 3 conflicts, all decided since.', 0, []],
  [{ conflicts: 3 }, 1, 'Completed with issues: 1 of 3 conflicts waits.', 3, ['conflicts']],
  [{ conflicts: 3 }, undefined, 'Completed with issues: 3 conflicts wait.', 3, ['conflicts']], // an older service
  [
    { conflicts: 3, quarantined: 1 },
    0,
    'Completed with issues: 1 quarantined row waits; 3 conflicts, all decided since.',
    3,
    ['quarantine list'],
  ],
  [
    { conflicts: 1, quarantined: 2 },
    1,
    'Completed with issues: 1 conflict and 2 quarantined rows wait.',
    3,
    ['conflicts', 'quarantine list'],
  ],
] as const)('of a job with %o, of which %s are open: %s', (counts, open_conflicts, first, code, lists) => {
  const more = open_conflicts === undefined ? {} : { open_conflicts };
  const status = jobStatus('completed_with_issues', [{ state: 'verified', counts }], more);

  const lines = renderOutcome(status);

  expect(lines[0]).toBe(first);
  expect(lines.filter((line) => line.startsWith('See them'))).toEqual(lists.map((l) => `See them: tfsync ${l} ${JOB}`));
  expect(exitCodeOf(status)).toBe(code);
});

test('decided conflicts do not make good what was never compared', () => {
  const config = jobConfigSchema.parse({ verify: 'none' });
  const counts = { conflicts: 1 };
  const status = jobStatus('completed_with_issues', [{ counts }], { config, open_conflicts: 0 });

  expect(renderOutcome(status)[0]).toContain('all decided since; nothing was compared after the last write');
  expect(exitCodeOf(status)).toBe(3);
});

test('a pause before deletes prints the resume that accepts them, and no other', () => {
  const pause = { code: 'confirm_required', message: '150 rows in all.', since: '2026-11-23T10:00:00.000Z' };
  const last = (more: object) => renderOutcome(jobStatus('paused', [], { pause: { ...pause, ...more } })).at(-1);

  expect(last({ deletes: 150 })).toBe(`If the deletes are right: tfsync resume ${JOB} --confirm-deletes 150`);
  expect(last({})).toBe(`If the deletes are right: tfsync resume ${JOB} --confirm-deletes N`); // an older service
  expect(last({ code: 'privilege_missing' })).toBe(`When that is done: tfsync resume ${JOB}`);
});

test('says what rules came to, and where the rows put aside are listed', () => {
  const rules = [
    {
      name: 'range(price)',
      rule: 'range',
      severity: 'warn' as const,
      columns: ['price'],
      rows: 2,
      of: 300,
      samples: [['4'], ['7']],
    },
    { name: 'not_null(owner)', rule: 'not_null', severity: 'reject' as const, columns: ['owner'], rows: 0, of: 300 },
  ];
  const status = jobStatus('completed_with_issues', [
    { name: 'public.parcels', rules, counts: { read: 300, inserted: 299, quarantined: 1 } },
  ]);

  const lines = renderOutcome(status);

  expect(lines).toContain('public.parcels, rule range(price) (warn): 2 of 300 rows, such as (4) (7)');
  expect(lines.join(' ')).not.toContain('not_null');
  expect(lines.at(-1)).toBe(`See them: tfsync quarantine list ${status.job_id}`);
});

test('a job that follows the log has no share done: it tells how far it is, and a line for each round', () => {
  const following = {
    round: 3,
    working: false,
    applied: '0/1A2B',
    rows: 1200,
    quiet_since: '2026-11-23T10:00:00.000Z',
    lag_bytes: 56,
    lag_seconds: 2.5,
  };
  const tables = [{ state: 'verified' as const }];
  const quiet = jobStatus('running', tables, { following });
  const next = jobStatus('running', tables, { following: { ...following, round: 4 } });
  const stopped = jobStatus('stopped', tables, { following });

  expect(renderJob(quiet, { width: 200 })[2]).toBe(
    'Following: quiet since 2026-11-23T10:00:00.000Z; round 3 wrote 1,200 rows; at most 2.5 s and 56 bytes of log behind, applied up to 0/1A2B.',
  );
  expect(renderJob(quiet, { width: 200 }).join()).not.toContain('of about');
  expect(renderChanges(quiet, quiet)).toEqual([]);
  expect(renderChanges(quiet, next)).toEqual([expect.stringContaining('round 4 wrote')]);
  expect(renderJob(stopped, { width: 200 })[2]).toContain('Followed: round 3 wrote 1,200 rows');
  expect(
    renderJob(jobStatus('running', tables, { following: { round: 0, working: true, rows: 0, lag_bytes: 0 } }), {
      width: 99,
    })[2],
  ).toBe('Following: the first round is under way.');
});

test('a table leaves out what is empty, and lets its widest cells give way before names do', () => {
  const ended = jobStatus('completed', [{ name: 'public.film_category', state: 'verified' }]);
  const heads = [{ title: 'TABLE' }, { title: 'NOTHING' }, { title: 'VALUES', gives: true }];
  const rows = [['public.film_category', '', 'v'.repeat(300)]];

  expect(renderJob(ended, { width: 80 })[4]).toBe(
    'TABLE                 STATE     ROWS   DONE  NEW  CHANGED  DELETED  KEPT  ISSUES',
  );
  expect(columns(heads, rows, { width: 60, paint: plain })).toEqual([
    'TABLE                 VALUES',
    `public.film_category  ${'v'.repeat(37)}…`,
  ]);
  expect(columns(heads, rows, { width: 30, paint: plain })[1]).toBe('public.film_cat…  vvvvvvvvvvv…');
});

test('an ended job has a cost, one that goes on a cost so far; a stopped one says how it goes on', () => {
  const usage = { figures: {}, cost: { usd: '0.01', prices: '2026-11-23', region: 'us-east-1', lines: [] } } as never;
  const last = (state: 'completed' | 'paused') =>
    renderOutcome(jobStatus(state, [], { usage, pause: { code: 'x', message: 'm' } })).at(-1);

  expect(last('completed')).toMatch(/^Cost: /);
  expect(last('paused')).toMatch(/^Cost so far: /);
  expect(renderOutcome(jobStatus('stopped', []))[0]).toContain(`tfsync resume ${JOB}`);
});
