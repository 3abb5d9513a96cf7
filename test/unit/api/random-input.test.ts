import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ERRORS } from '../../../lib/model/errors.ts';
import { sampleEnvironment, sampleMapping, sampleSchedule, sampleTable } from '../../contract/samples.ts';
import { approval, calls, conflict, job, resolution } from './calls.ts';
import { type Call, testApi } from './client.ts';

// Calls of every route, each broken in some way that nobody has thought of. `SEED=n` repeats a run.

const RUNS = 2_000;
const seed = Number(process.env.SEED ?? 20_261_123);

const awkward = fc.oneof(
  fc.constantFrom('', ' ', '\u0000', '__proto__', 'constructor', '../..', '%00', "'; drop table x; --", '{{7*7}}'),
  fc.constantFrom('\ud800', '‮x', 'x'.repeat(5_000), '1e400', '-0', 'NaN', '9'.repeat(400), '2026-02-30T25:61:00Z'),
  fc.string({ unit: 'binary' }),
);
const value = fc.oneof(
  awkward,
  fc.jsonValue({ maxDepth: 3 }),
  fc.double(),
  fc.constantFrom(null, true, [], {}, [[[[]]]], { a: { b: { c: {} } } }, 2 ** 53, -1),
);

/** Somewhere in a body another value, a field more, or one less. */
function broken(body: unknown, path: readonly number[], put: unknown, name: string): unknown {
  if (typeof body !== 'object' || body === null) return put;
  const [at = 0, ...rest] = path;
  const entries = Object.entries(body);
  const n = at % (entries.length + 2);
  if (n === entries.length) return Array.isArray(body) ? [...body, put] : { ...body, [name]: put };
  if (n === entries.length + 1) return Array.isArray(body) ? [] : Object.fromEntries(entries.slice(1));
  const [key = '', inner] = entries[n] ?? [];
  const next = rest.length === 0 ? put : broken(inner, rest, put, name);
  if (Array.isArray(body)) return body.map((x, i) => (String(i) === key ? next : x));
  return { ...body, [key]: next };
}

const call: fc.Arbitrary<Call> = fc
  .record({
    base: fc.constantFrom(...Object.values(calls)),
    path: fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }),
    put: value,
    name: awkward,
    part: fc.nat(10),
    query: fc.oneof(
      fc.constant(undefined),
      fc.webQueryParameters(),
      awkward.map((text) => encodeURIComponent(text.toWellFormed())),
    ),
    how: fc.constantFrom('body', 'body', 'body', 'raw', 'path', 'query', 'headers'),
    raw: fc.oneof(
      fc.string(),
      fc.json().map((text) => text.slice(0, -1)),
      fc.constant('['.repeat(50_000)),
    ),
    header: fc.constantFrom(
      'content-type',
      'idempotency-key',
      'if-match',
      'if-none-match',
      'accept',
      'content-encoding',
    ),
  })
  .map(({ base, path, put, name, part, query, how, raw, header }): Call => {
    if (how === 'body') return { ...base, body: broken(base.body ?? {}, path, put, name) };
    if (how === 'raw') return { ...base, body: undefined, raw };
    if (how === 'query') return query === undefined ? base : { ...base, query };
    if (how === 'headers') return { ...base, headers: { ...base.headers, [header]: String(name) } };
    const parts = base.path.split('/');
    const at = 1 + (part % (parts.length - 1));
    const odd = encodeURIComponent(name.toWellFormed().replaceAll('/', '')) || 'x';
    return { ...base, path: parts.map((p, i) => (i === at ? odd : p)).join('/') };
  });

async function filled() {
  const api = testApi();
  await api.jobs.create(job);
  await api.jobs.putTables([sampleTable(job.job_id, { name: 'public.parcels' })]);
  await api.conflicts.put([conflict]);
  api.engine.add([conflict]);
  await api.resolutions.create(resolution);
  await api.schedules.create(sampleSchedule());
  await api.kept.add('ops');
  await api.environments.put(sampleEnvironment());
  await api.approvals.put(approval);
  await api.mappings.put(sampleMapping(1));
  return api;
}

test('2,000 calls that are broken somewhere are answered in the words of the catalogue, and never by a crash', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(call, async (broke) => {
      const api = await filled();
      const { status, text, json, headers } = await api.call({ groups: '[admin]', ...broke });

      expect([status, status >= 500 ? api.logged : []]).toEqual([expect.any(Number), []]);
      if (status >= 400) {
        expect(text).not.toMatch(
          /\bat [^"]+\.[cm]?[jt]sx?:\d+:\d+|node:internal|node_modules|TypeError|secret@|:secret/,
        );
        expect(String(headers['content-type'])).toContain('application/problem+json');
        expect(Object.keys(ERRORS)).toContain(json.code);
        expect(ERRORS[json.code as keyof typeof ERRORS].status).toBe(status);
        seen.add(json.code);
      }
    }),
    { numRuns: RUNS, seed, endOnFailure: false },
  );

  expect(seen.size).toBeGreaterThan(10); // the calls do break in many ways
});
