import { expect, test } from 'vitest';
import { fakeService, ok, tfsync } from './fake-service.ts';

const AT = '2026-11-23T10:00:00.000Z';
const view = (over: object = {}) => ({
  ...{ name: 'ops', origin: 'https://hooks.example', events: ['job.ended', 'job.paused'], paused: false },
  ...{ actor: 'ada', created_at: AT, updated_at: AT, given_up: 0 },
  ...over,
});
const last = { id: 'n', type: 'job.ended', at: AT, outcome: 'failed', attempt: 3, status: 503 };

test.each([['webhooks'], ['webhooks list']])('%s lists them with what became of the last delivery', async (words) => {
  await using service = await fakeService(
    ok({ webhooks: [view({ last, given_up: 2 }), view({ name: 'off', paused: true, origin: 'https://\u001b[31mx' })] }),
  );

  const ran = await tfsync([...words.split(' '), '--url', service.url]);

  expect(service.calls).toMatchObject([{ method: 'GET', path: '/api/sync/webhooks' }]);
  expect(ran.stdout).toMatch(
    /ops +https:\/\/hooks\.example +job\.ended job\.paused +failed 503 2026-11-23 10:00:00Z, 2 given up/,
  );
  expect(ran.stdout).toMatch(/off .* paused/);
  expect(ran.stdout).not.toContain('\u001b');
});

test('puts one with exactly what was asked for, and prints its secret', async () => {
  await using service = await fakeService(ok(view({ secret: 'whsec_abc' })), ok(view()));
  const put = ['webhooks', 'put', 'ops', '--url', service.url];

  const made = await tfsync([...put, '--to', 'https://hooks.example/x', '--events', 'job.ended, job.paused']);
  const changed = await tfsync([...put, '--paused']);

  expect(service.calls.map((c) => [c.method, c.path])).toEqual(Array(2).fill(['PUT', '/api/sync/webhooks/ops']));
  expect(service.calls.map((c) => c.body)).toEqual([
    { url: 'https://hooks.example/x', events: ['job.ended', 'job.paused'] },
    { paused: true },
  ]);
  expect(made.stdout).toContain('Secret, shown this once: whsec_abc');
  expect(changed.stdout).not.toContain('Secret');
});

test('reads where it leads from standard input, so that it is on no command line', async () => {
  await using service = await fakeService(ok(view()));

  await tfsync(['webhooks', 'put', 'ops', '--to', '-', '--url', service.url], {
    stdin: 'https://hooks.example/c4n4ry\n',
  });

  expect(service.calls[0]?.body).toEqual({ url: 'https://hooks.example/c4n4ry' });
});

test('rotates one, and says how long the secret before is good', async () => {
  await using service = await fakeService(ok(view({ secret: 'whsec_new', overlap_until: AT })));

  const ran = await tfsync(['webhooks', 'rotate', 'ops', '--url', service.url]);

  expect(service.calls).toMatchObject([{ method: 'POST', path: '/api/sync/webhooks/ops/rotate' }]);
  expect(ran.stdout).toMatch(/whsec_new\nThe secret before signs too, until 2026-11-23 10:00:00Z/);
});

test('tests one; the exit code says whether it was delivered', async () => {
  const no = { delivered: false, code: 'webhook_refused', message: 'The receiver does not take it: it answers 500.' };
  await using service = await fakeService(ok({ delivered: true, status: 204 }), ok(no));
  const run = () => tfsync(['webhooks', 'test', 'ops', '--url', service.url]);

  expect(await run()).toMatchObject({ code: 0, stdout: 'Delivered: it answers 204.\n' });
  expect(await run()).toMatchObject({ code: 1, stdout: expect.stringContaining('it answers 500') });
});

test('deletes one', async () => {
  await using service = await fakeService({ status: 204, body: '' });

  const ran = await tfsync(['webhooks', 'delete', 'ops', '--url', service.url]);

  expect(service.calls).toMatchObject([{ method: 'DELETE', path: '/api/sync/webhooks/ops' }]);
  expect([ran.code, ran.stdout]).toEqual([0, '']);
});
