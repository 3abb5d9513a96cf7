import { expect, test } from 'vitest';
import { fakeService, ok, tfsync } from './fake-service.ts';

const PAIR = `tfsync_${'ab'.repeat(16)}`;
const TRACES = {
  tables: 2,
  buckets: 10,
  base_rows: 0,
  baseline_bytes: 2048,
  changed_keys: 7,
  watermarks: 1,
  quiet_tables: 0,
  conflicts: 3,
  open_conflicts: 2,
  jobs: 1,
  quarantined: 4,
};
const answer = (more: object = {}) => ({
  pair: PAIR,
  confirmed: false,
  complete: false,
  source: { state: 'found', had: { slot: { retained_bytes: 3 * 1024 ** 3, wal_status: 'extended', active: false } } },
  target: { state: 'found', had: TRACES },
  ...more,
});
const ENDS = ['--source', 'postgresql://a@h/s', '--target', 'postgresql://a@h/t'];

test('shows what a pair keeps and drops nothing where nobody can be asked', async () => {
  await using service = await fakeService(ok(answer()));

  const { code, stderr } = await tfsync(['pairs', 'drop', ...ENDS, '--url', service.url]);

  expect(code).toBe(2);
  expect(stderr).toContain('the slot, which keeps 3.0 GB of log');
  expect(stderr).toContain('what is known of 2 tables, 2.0 KB');
  expect(stderr).toContain('3 conflicts, 2 of them open');
  expect(stderr).toContain('add --yes');
  expect(service.calls.map((c) => c.body)).toEqual([
    { source_connection: ENDS[1], target_connection: ENDS[3] }, // no confirm
  ]);
});

test('drops what it has looked at by its name, goes on where the time was up, and says what is left', async () => {
  const left = { confirmed: true, target: { state: 'left', had: TRACES, code: 'unavailable', message: 'rows' } };
  const half = {
    confirmed: true,
    source: { state: 'unreachable', code: 'connection_unreachable', message: 'nobody \u001b[2J', hint: 'mend it' },
    target: { state: 'dropped', had: TRACES },
  };
  await using service = await fakeService(ok(answer()), ok(answer(left)), ok(answer(half)));

  const { code, stdout, stderr } = await tfsync(['pairs', 'drop', ...ENDS, '--yes', '--url', service.url]);

  expect(code).toBe(1);
  expect(stdout).toContain(`Dropped in part: ${PAIR}`);
  expect(stdout).toContain('connection_unreachable');
  expect(stdout).not.toMatch(/[^\P{C}\n]/u);
  expect(stderr).toContain('The same command again does the rest');
  expect(service.calls.map((c) => `${c.method} ${c.path}`)).toEqual(Array(3).fill('POST /api/sync/pairs/drop'));
  expect(service.calls.slice(1).map((c) => c.body)).toEqual(
    Array(2).fill(expect.objectContaining({ pair: PAIR, confirm: true })),
  );
});

test('needs a database at least, and one is enough with the name of the pair', async () => {
  await using service = await fakeService(
    ok(answer({ target: { state: 'not_asked' } })),
    ok(
      answer({
        confirmed: true,
        complete: true,
        source: { state: 'dropped', had: {} },
        target: { state: 'not_asked' },
      }),
    ),
  );

  const none = await tfsync(['pairs', 'drop', '--url', service.url]);
  const one = await tfsync(['pairs', 'drop', '--source', ENDS[1] ?? '', '--pair', PAIR, '--yes', '--url', service.url]);

  expect(none.code).toBe(2);
  expect(one.code).toBe(0);
  expect(one.stdout).toContain(`Dropped: ${PAIR}`);
  expect(service.calls.map((c) => c.body)).toEqual([
    { source_connection: ENDS[1], pair: PAIR },
    { source_connection: ENDS[1], pair: PAIR, confirm: true },
  ]);
});

test('lists slots with what is to be said of them', async () => {
  const slots = [
    { slot: PAIR, database: 'county\u001b[2J', active: false, retained_bytes: 0, wal_status: 'reserved', concerns: [] },
    {
      slot: `tfsync_${'cd'.repeat(16)}`,
      database: 'county',
      active: false,
      retained_bytes: 5 * 1024 ** 3,
      limit_bytes: 8 * 1024 ** 3,
      wal_status: 'extended',
      concerns: ['filling', 'unknown'],
    },
  ];
  await using service = await fakeService(ok({ slots }));

  const { code, stdout } = await tfsync(['pairs', 'slots', '--source', ENDS[1] ?? '', '--url', service.url]);

  expect(code).toBe(0);
  expect(stdout).toMatch(/fine/);
  expect(stdout).toMatch(/5\.0 GB +8\.0 GB +extended/);
  expect(stdout).toContain('unknown: No job that this service knows');
  expect(stdout).not.toMatch(/[^\P{C}\n]/u);
});
