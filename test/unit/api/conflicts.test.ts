import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Conflict } from '../../../lib/model/conflict.ts';
import { sampleConflict, sampleJob, sampleResolution } from '../../contract/samples.ts';
import { type Answer, errorsOf, type TestApi, type TestApiOptions, testApi } from './client.ts';

const job = sampleJob({ state: 'completed_with_issues' });
const later = sampleJob();
const base = `/api/sync/conflicts/${job.job_id}`;

async function withConflicts(conflicts: readonly Conflict[], options: TestApiOptions = {}) {
  const api = testApi(options);
  await api.jobs.create(job);
  await api.jobs.create(later);
  await api.conflicts.put(conflicts);
  api.engine.add(conflicts);
  return api;
}

const second = (n: number) => `2026-11-23T10:00:${String(n).padStart(2, '0')}.000Z`;
const some = () =>
  Array.from({ length: 5 }, (_, i) =>
    sampleConflict(job.job_id, {
      opened_at: second(i),
      table: i % 2 ? 'public.owners' : 'public.parcels',
      type: i === 4 ? 'insert_exists' : 'update_differing',
      ...(i === 3 && { state: 'converged' as const }),
    }),
  );
const idsIn = (answer: Answer) => answer.json.conflicts.map((c: { conflict_id: string }) => c.conflict_id);

describe('GET /api/sync/conflicts/{job_id}', () => {
  it('lists oldest first, without what is not for people', async () => {
    const conflicts = some();
    const api = await withConflicts(conflicts);

    const answer = await api.call({ path: base });

    expect(answer.status).toBe(200);
    expect(idsIn(answer)).toEqual(conflicts.map((c) => c.conflict_id));
    expect(answer.json.conflicts[0]).toMatchObject({
      state: 'open',
      expected: { source: 'a'.repeat(32), target: 'b'.repeat(32) },
      preview: [{ column: 'owner', source: 'Ada', target: 'Grace' }],
    });
    expect(answer.json.conflicts[0]).not.toHaveProperty('version');
    expect(answer.json.conflicts[0]).not.toHaveProperty('pair');
    expect(answer.json).not.toHaveProperty('next_token');
  });

  it('counts what is open and all there is when asked, whatever the filters', async () => {
    const api = await withConflicts(some());

    const [asked, plain] = await Promise.all([
      api.call({ path: base, query: 'counts=true&status=converged&limit=1' }),
      api.call({ path: base }),
    ]);

    expect(asked.json.counts).toEqual({ open: 4, all: 5 });
    expect(plain.json).not.toHaveProperty('counts');
  });

  it('pages and filters, for the job that opened them and the one that saw them last', async () => {
    const conflicts = some().map((c) => ({ ...c, seen_by: later.job_id }));
    const api = await withConflicts(conflicts);
    const query =
      'table=public.parcels&status=open&opened_from=2026-11-23T10:00:00Z&opened_to=2026-11-23T12:00:04%2B02:00';

    const [first, seen] = await Promise.all([
      api.call({ path: base, query: `${query}&limit=1` }),
      api.call({ path: `/api/sync/conflicts/${later.job_id}`, query: 'type=insert_exists' }),
    ]);
    const second = await api.call({ path: base, query: `${query}&limit=1&next_token=${first.json.next_token}` });

    expect([...idsIn(first), ...idsIn(second)]).toEqual([conflicts[0]?.conflict_id, conflicts[2]?.conflict_id]);
    expect(second.json).not.toHaveProperty('next_token');
    expect(idsIn(seen)).toEqual([conflicts[4]?.conflict_id]);
  });

  it.each([
    ['limit=0', ['out_of_range /limit']],
    ['limit=501', ['out_of_range /limit']],
    ['limit=10000', ['out_of_range /limit']],
    ['limit=abc', ['type_integer /limit']],
    ['type=update', ['invalid_enum /type']],
    ['status=done', ['invalid_enum /status']],
    ['state=open', ['unknown_field /state']],
    ['next_token=x', ['cursor_invalid /next_token']],
    ['opened_from=yesterday', ['range_invalid /opened_from']],
    ['opened_from=2026-13-45', ['range_invalid /opened_from']],
    ['opened_to=1764000000', ['range_invalid /opened_to']],
    ['opened_from=2026-11-24&opened_to=2026-11-23', ['range_invalid /opened_to']],
    ['opened_from=2026-11-23&opened_to=2026-11-23', ['range_invalid /opened_to']],
    [
      'limit=0&type=x&opened_from=x&opened_to=y&stat=1',
      [
        'unknown_field /stat',
        'invalid_enum /type',
        'out_of_range /limit',
        'range_invalid /opened_from',
        'range_invalid /opened_to',
      ],
    ],
  ])('refuses ?%s', async (query, errors) => {
    const answer = await (await withConflicts([])).call({ path: base, query });

    expect(answer.status).toBe(400);
    expect(errorsOf(answer).sort()).toEqual([...errors].sort());
  });

  it('refuses a cursor of another filter or job', async () => {
    const api = await withConflicts(some());
    const { next_token } = (await api.call({ path: base, query: 'limit=1&status=open' })).json;

    for (const [path, query] of [
      [base, 'limit=1'],
      [base, 'limit=1&status=converged'],
      [`/api/sync/conflicts/${later.job_id}`, 'limit=1&status=open'],
    ] as const)
      expect(errorsOf(await api.call({ path, query: `${query}&next_token=${next_token}` }))).toEqual([
        'cursor_invalid /next_token',
      ]);
  });

  it.each([
    ['x', 400, 'id_format'],
    ["'; drop table jobs", 400, 'id_format'],
    [randomUUID(), 404, 'job_not_found'],
  ])('of job %j is %i %s', async (id, status, code) => {
    expect(await testApi().call({ path: `/api/sync/conflicts/${id}` })).toMatchObject({ status, json: { code } });
  });
});

describe('GET /api/sync/conflicts/{job_id}/{conflict_id}', () => {
  it('shows both rows and the base, differing columns first, with a suggestion and an etag', async () => {
    const conflict = sampleConflict(job.job_id);
    const api = await withConflicts([conflict]);

    const answer = await api.call({ path: `${base}/${conflict.conflict_id}` });

    expect(answer.status).toBe(200);
    expect(answer.headers.etag).toBe(`"${'a'.repeat(32)}.${'b'.repeat(32)}"`);
    expect(answer.json).toMatchObject({
      sides: { source: 'row', target: 'row', base: 'row' },
      fields: [
        { column: 'owner', differs: true, source: 'Ada', target: 'Grace', base: 'Ida', changed_by: 'both' },
        { column: 'id', differs: false },
        { column: 'note', differs: false, source: 'same' },
      ],
      suggestion: { reason: expect.stringContaining('owner') },
    });
    expect(answer.json.suggestion).not.toHaveProperty('decision');
  });

  it('masks tagged columns for those who may not decide', async () => {
    const preview = [{ column: 'owner', source: '…', target: '…', masked: true }];
    const conflict = sampleConflict(job.job_id, { preview });
    const api = await withConflicts([conflict], { masks: { owner: 'last4' } });
    const path = `${base}/${conflict.conflict_id}`;

    const [viewer, resolver] = [
      await api.call({ path, groups: '[operator]' }),
      await api.call({ path, groups: '[resolver]' }),
    ];

    expect(viewer.json.fields[0]).toMatchObject({ column: 'owner', masked: true });
    expect(viewer.text).not.toMatch(/Grace|Ada|Ida/);
    expect(resolver.json.fields[0]).toMatchObject({ source: 'Ada', target: 'Grace', base: 'Ida' });
  });

  it.each(['x', 'resolve', '0'.repeat(31), 'G'.repeat(32), '../jobs'])('refuses the id %j', async (id) => {
    const api = await withConflicts([]);

    const { json } = await api.call({ path: `${base}/${encodeURIComponent(id)}` });
    expect(json.code).toBe('id_format');
    expect(json.errors[0].hint).toBe('Use the conflict_id as the list of conflicts has it.');
  });

  it('answers the same for a conflict of another job and for none', async () => {
    const conflict = sampleConflict(randomUUID());
    const api = await withConflicts([conflict]);

    const [other, none] = [
      await api.call({ path: `${base}/${conflict.conflict_id}` }),
      await api.call({ path: `${base}/${'0'.repeat(32)}` }),
    ];

    expect(other).toMatchObject({ status: 404, json: { code: 'conflict_not_found' } });
    expect({ ...other.json, instance: '' }).toEqual({ ...none.json, instance: '' });
  });
});

describe('POST /api/sync/conflicts/{job_id}/{conflict_id}/resolve', () => {
  const expected = { source: 'a'.repeat(32), target: 'b'.repeat(32) };
  const decide = (api: TestApi, c: Conflict, body: unknown, headers: Record<string, string> = {}) =>
    api.call({ path: `${base}/${c.conflict_id}/resolve`, body, headers });

  it.each([
    [{ side: 'source' }],
    [{ side: 'target', note: 'as agreed' }],
    [{ strategy: 'source_wins' }],
    [{ fields: { owner: { side: 'source' } } }],
    [{ fields: { owner: { value: null } } }],
  ])('applies %j once; the same again answers the same', async (body) => {
    const conflict = sampleConflict(job.job_id);
    const api = await withConflicts([conflict]);

    const answers = await Promise.all([1, 2, 3].map(() => decide(api, conflict, { ...body, expected })));

    expect(answers.map((a) => a.status)).toEqual([200, 200, 200]);
    expect(new Set(answers.map((a) => a.text)).size).toBe(1);
    expect(answers[0]?.json).toMatchObject({
      outcome: 'applied',
      conflict: { state: 'resolved', decision: { actor: 'ada' } },
    });
    expect(api.engine.writes.get(conflict.conflict_id)).toBe(1);
    expect((await api.conflicts.get(conflict.conflict_id))?.state).toBe('resolved');
  });

  it('takes the etag of the detail in place of expected', async () => {
    const conflict = sampleConflict(job.job_id, { prints: { source: null, target: 'b'.repeat(32) } });
    const api = await withConflicts([conflict]);
    const { headers } = await api.call({ path: `${base}/${conflict.conflict_id}` });

    const answer = await decide(api, conflict, { side: 'target' }, { 'if-match': String(headers.etag) });

    expect(answer.status).toBe(200);
  });

  it('of different answers lets the first win and tells the others of it', async () => {
    const conflict = sampleConflict(job.job_id);
    const api = await withConflicts([conflict]);

    const answers = await Promise.all(
      ['source', 'target', 'target', 'source'].map((side) => decide(api, conflict, { side, expected })),
    );

    const lost = answers.filter((a) => a.status === 409);
    expect(answers.map((a) => a.status).sort()).toEqual([200, 200, 409, 409]);
    for (const answer of lost) {
      expect(answer.headers['content-type']).toBe('application/problem+json');
      expect(answer.json).toMatchObject({
        code: 'already_resolved',
        facts: { state: 'resolved', winner: 'source', actor: 'ada', at: expect.any(String) },
        conflict: { state: 'resolved', decision: { winner: 'source' } },
      });
    }
    expect(api.engine.writes.get(conflict.conflict_id)).toBe(1);
  });

  it('refuses what was decided on rows that have moved, and shows them as they are', async () => {
    const conflict = sampleConflict(job.job_id);
    const api = await withConflicts([conflict]);
    api.engine.move(conflict.conflict_id, 'target', 'd'.repeat(32));

    const stale = await decide(api, conflict, { side: 'source', expected });

    expect(stale).toMatchObject({
      status: 409,
      headers: { etag: `"${'a'.repeat(32)}.${'d'.repeat(32)}"`, 'content-type': 'application/problem+json' },
      json: {
        code: 'conflict_stale',
        conflict: { expected: { source: 'a'.repeat(32), target: 'd'.repeat(32) }, fields: expect.any(Array) },
      },
    });
    expect(api.engine.writes.size).toBe(0);
    expect((await api.conflicts.get(conflict.conflict_id))?.state).toBe('open');
    expect((await decide(api, conflict, { side: 'source', expected: stale.json.conflict.expected })).status).toBe(200);
  });

  it.each<[unknown, string[]]>([
    [{}, ['required /side']],
    [{ expected }, ['required /side']],
    [{ side: 'source' }, ['required /expected']],
    [{ side: 'both', expected }, ['invalid_enum /side']],
    [{ side: 5, expected }, ['type_string /side']],
    [{ side: 'source', strategy: 'source_wins', expected }, ['invalid_request /strategy']],
    [{ side: 'source', fields: {}, expected }, ['invalid_request /fields']],
    [{ sides: 'source', expected }, ['unknown_field /sides', 'required /side']],
    [{ fields: { owner: 'source' }, expected }, ['invalid_request /fields/owner']],
    [{ fields: { owner: { side: 'x' } }, expected }, ['invalid_enum /fields/owner/side']],
    [{ fields: { owner: { value: 5 } }, expected }, ['invalid_request /fields/owner/value']],
    [{ fields: { owner: { side: 'source', value: 'x' } }, expected }, ['invalid_request /fields/owner']],
    [{ side: 'source', expected: { source: 'a' } }, ['required /expected/target']],
    [
      { side: 'source', expected: { source: 5, target: null, base: null } },
      ['unknown_field /expected/base', 'invalid_request /expected/source'],
    ],
    [{ side: 'source', expected, note: 'x'.repeat(2001) }, ['invalid_request /note']],
    [
      { side: 'x', note: 5, expected: 'y', actor: 'eve' },
      ['unknown_field /actor', 'invalid_enum /side', 'type_string /note', 'type_mismatch /expected'],
    ],
  ])('refuses %j and decides nothing', async (body, errors) => {
    const conflict = sampleConflict(job.job_id);
    const api = await withConflicts([conflict]);

    const answer = await decide(api, conflict, body);

    expect(answer.status).toBe(400);
    expect(errorsOf(answer).sort()).toEqual([...errors].sort());
    expect(api.commands).toEqual([]);
  });

  it.each(['*', 'W/"a.b"', '"a"', '"a.b", "c.d"', 'a.b'])('refuses if-match: %s', async (tag) => {
    const conflict = sampleConflict(job.job_id);
    const api = await withConflicts([conflict]);

    const answer = await decide(api, conflict, { side: 'source' }, { 'if-match': tag });

    expect(errorsOf(answer)).toEqual(['required /expected']);
    expect(api.commands).toEqual([]);
  });
});

describe('POST /api/sync/conflicts/{job_id}/resolve-all', () => {
  const order = (api: TestApi, body: unknown) => api.call({ path: `${base}/resolve-all`, body });

  it('counts with preview, and decides nothing', async () => {
    const api = await withConflicts(some());

    const answer = await order(api, { side: 'source', preview: true, filter: { table: 'public.parcels' } });

    expect(answer).toMatchObject({ status: 200, json: { preview: true, count: 3 } });
    expect(api.commands).toEqual([]);
  });

  it('takes an order with the count of the preview, and answers where to follow it', async () => {
    const api = await withConflicts(some());

    const answer = await order(api, { side: 'target', expected_count: 4, note: 'as agreed' });
    const status = await api.call({ path: String(answer.headers.location) });

    expect(answer).toMatchObject({ status: 202, json: { state: 'listing', status_url: answer.headers.location } });
    expect(status).toMatchObject({
      status: 200,
      headers: { 'retry-after': '1' },
      json: { state: 'listing', actor: 'ada', expected_count: 4, note: 'as agreed', counts: { applied: 0 } },
    });
    expect(status.json).not.toHaveProperty('seq');
    expect(
      (await api.call({ path: String(answer.headers.location).replace(job.job_id, later.job_id) })).json.code,
    ).toBe('resolution_not_found');
  });

  it('refuses an order whose count has changed', async () => {
    const api = await withConflicts(some());

    expect(await order(api, { side: 'target', expected_count: 3 })).toMatchObject({
      status: 409,
      json: { code: 'count_changed', facts: { expected: 3, found: 4 } },
    });
  });

  it.each<[unknown, string[]]>([
    [{}, ['required /side']],
    [{ side: 'source' }, ['required /expected_count']],
    [{ side: 'source', strategy: 'source_wins', preview: true }, ['invalid_request /strategy']],
    [{ strategy: 'fastest_wins', preview: true }, ['invalid_enum /strategy']],
    [{ fields: {}, preview: true }, ['unknown_field /fields', 'required /side']],
    [{ side: 'source', expected_count: -1 }, ['out_of_range /expected_count']],
    [{ side: 'source', expected_count: '4' }, ['type_integer /expected_count']],
    [{ side: 'source', preview: 'yes' }, ['invalid_request /preview']],
    [{ side: 'source', preview: true, if_moved: 'perhaps' }, ['invalid_enum /if_moved']],
    [{ side: 'source', preview: true, filter: { status: 'open' } }, ['unknown_field /filter/status']],
    [{ side: 'source', preview: true, filter: [] }, ['type_mismatch /filter']],
    [
      { side: 'source', preview: true, filter: { type: 'x', opened_from: 'x', opened_to: '2026-99-99' } },
      ['invalid_enum /filter/type', 'range_invalid /filter/opened_from', 'range_invalid /filter/opened_to'],
    ],
    [
      { side: 'source', preview: true, filter: { opened_from: '2026-11-24', opened_to: '2026-11-23' } },
      ['range_invalid /filter/opened_to'],
    ],
  ])('refuses %j and decides nothing', async (body, errors) => {
    const api = await withConflicts(some());

    const answer = await order(api, body);

    expect(answer.status).toBe(400);
    expect(errorsOf(answer).sort()).toEqual([...errors].sort());
    expect(api.commands).toEqual([]);
  });
});

describe('POST /api/sync/conflicts/{job_id}/resolutions/{resolution_id}/cancel', () => {
  const cancel = (api: TestApi, location: unknown, of = job.job_id) =>
    api.call({ method: 'POST', path: `${String(location).replace(job.job_id, of)}/cancel` });

  it('ends an order, once; answers the same again, and nothing of another job', async () => {
    const api = await withConflicts(some());
    const order = { side: 'target', expected_count: 4, if_moved: 'decide' };
    const { location } = (await api.call({ path: `${base}/resolve-all`, body: order })).headers;

    expect((await cancel(api, location, later.job_id)).json.code).toBe('resolution_not_found');
    const first = await cancel(api, location);
    const again = await cancel(api, location);

    expect(first).toMatchObject({
      status: 200,
      json: { state: 'cancelled', cancelled_by: 'ada', if_moved: 'decide', counts: { applied: 0 } },
    });
    expect(first.json.ended_at).toBeDefined();
    expect(again.json).toEqual(first.json);
    expect((await api.call({ path: String(location) })).json).toEqual(first.json);
    expect(await api.resolutions.unfinished()).toEqual([]);
  });

  it('refuses one that has ended otherwise, and names its state', async () => {
    const api = await withConflicts(some());
    const done = { ...sampleResolution(job.job_id), state: 'completed' as const };
    await api.resolutions.create(done);

    expect(await cancel(api, `${base}/resolutions/${done.resolution_id}`)).toMatchObject({
      status: 409,
      json: { code: 'state_conflict', facts: { state: 'completed' } },
    });
  });
});
