import { expect, test } from 'vitest';
import { validationOf } from '../../contract/samples.ts';
import { fakeService, JOB, ok, tfsync } from './fake-service.ts';

/** A catalog holds whatever somebody named a thing: terminal control, a line break, text that runs backwards. */
const NASTY = '\u001b[2J\n\u202epwned';
const steering = /[^\P{C}\n]/u;

test('shows findings, the statements that would help, and what has changed', async () => {
  await using service = await fakeService(ok({ ...validationOf(JOB), fresh: false }));

  const { code, stdout } = await tfsync(['validate', JOB, 'public.parcels', '--url', service.url]);

  expect(code).toBe(0);
  expect(stdout).toContain('warning public.parcels.owner: The source may hold NULL here');
  expect(stdout).toContain('ALTER TABLE public.parcels ALTER COLUMN owner DROP NOT NULL;');
  expect(stdout).toContain('source: column owner changed: text -> citext');
  expect(service.calls.map((c) => `${c.method} ${c.path}`)).toEqual([`GET /api/sync/validate/${JOB}/public.parcels`]);
});

test('looks now, ends with 1 where something is an error, and lets no name steer the terminal', async () => {
  const finding = {
    code: 'type_lossy',
    severity: 'error',
    side: 'target',
    object: NASTY,
    message: NASTY,
    remedy: NASTY,
    ddl: NASTY,
  };
  const drift = [{ side: 'target', change: 'added', kind: 'index', name: NASTY, after: NASTY }];
  const body = { ...validationOf(JOB), table: NASTY, valid: false, findings: [finding], drift, fresh: true };
  await using service = await fakeService(ok(body));

  const { code, stdout } = await tfsync(['validate', JOB, 'x', '--now', '--url', service.url]);

  expect(code).toBe(1);
  expect(stdout).not.toMatch(steering);
  expect(service.calls.map((c) => c.method)).toEqual(['POST']);
});
