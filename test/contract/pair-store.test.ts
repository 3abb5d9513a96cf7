import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dynamoFleetOrderStore } from '../../functions/aws/dynamo/fleet-order-store.ts';
import { dynamoPairStore, pairKind } from '../../functions/aws/dynamo/pair-store.ts';
import { KEPT_JOBS } from '../../lib/model/fleet.ts';
import { type FleetOrder, jobOf, NO_PAIRS } from '../../lib/model/fleet-order.ts';
import { putPair, removePair } from '../../lib/orchestrator/keep-pairs.ts';
import type { FleetOrderStore, PairStore } from '../../lib/ports.ts';
import { noEnvironments } from '../support/environments.ts';
import { createTables, startDynamo, type TestDynamo } from './dynamo.ts';
import { samplePair as pair, sampleEnvironment } from './samples.ts';

let dynamo: TestDynamo;
beforeAll(async () => {
  dynamo = await startDynamo();
});
afterAll(() => dynamo.close());

let table: { name: () => string; client: () => TestDynamo['client'] };
beforeEach(async () => {
  const { registry } = await createTables(dynamo);
  table = { name: () => registry, client: () => dynamo.client };
});

describe('pairs in DynamoDB', () => {
  let store: PairStore;
  beforeEach(() => {
    store = dynamoPairStore(table);
  });

  it('is changed by those who have seen the revision before, and gone after it was removed, with its jobs', async () => {
    const first = pair('one');
    expect(await store.put(first)).toBe(true);
    expect(await store.put(pair('one', { description: 'another' }))).toBe(false);
    expect(await store.put(pair('one', { revision: 2, description: 'second' }))).toBe(true);
    await store.note('one', { job_id: 'j', at: 'then' });

    expect(await store.remove('one', 1)).toBe(false);
    expect((await store.get('one'))?.description).toBe('second');
    expect(await store.remove('one', 2)).toBe(true);

    expect(await store.get('one')).toBeUndefined();
    expect(await store.jobs(['one'])).toEqual(new Map());
  });

  it('is listed in name order over all of its partitions, page by page, each once', async () => {
    const names = Array.from({ length: 120 }, (_, i) => `${i % 2 ? 'acres' : 'lots'}-${String(i).padStart(3, '0')}`);
    await Promise.all(names.map((name) => store.put(pair(name))));
    const all = async (prefix?: string) => {
      const found: string[] = [];
      for (let after: string | undefined, more = true; more; ) {
        const page = await store.page({ after, prefix, limit: 17 });
        expect(page.pairs.length).toBeGreaterThan(0);
        found.push(...page.pairs.map((p) => p.name));
        after = found.at(-1);
        more = page.more;
      }
      return found;
    };

    expect(new Set(names.map(pairKind)).size).toBe(16);
    expect(await all()).toEqual([...names].sort());
    expect(await all('acres-')).toEqual(names.filter((name) => name.startsWith('acres-')).sort());
    expect(await store.page({ prefix: 'none', limit: 5 })).toEqual({ pairs: [], more: false });
  });

  it('reads more than one batch, and again what DynamoDB left unread', async () => {
    const names = Array.from({ length: 120 }, (_, i) => `p${i}`);
    await Promise.all(names.map((name) => store.note(name, { job_id: `of ${name}`, at: 'then' })));
    dynamo.faultNext('BatchGetItem', 'leave unprocessed');

    const found = await store.jobs([...names, 'none']);

    expect(new Map([...found].map(([name, [job]]) => [name, job?.job_id]))).toEqual(
      new Map([...found.keys()].map((name) => [name, `of ${name}`])),
    );
    expect([...found.keys()].sort()).toEqual([...names].sort());
  });

  it('notes each job once, the newest 20, also when many note at once', async () => {
    await Promise.all(Array.from({ length: 4 }, (_, i) => store.note('one', { job_id: `same-${i % 2}`, at: `${i}` })));
    expect((await store.jobs(['one'])).get('one')).toHaveLength(2);
    for (let i = 0; i < KEPT_JOBS; i++) await store.note('one', { job_id: `j${i}`, at: `${i}` });

    const jobs = (await store.jobs(['one', 'two'])).get('one') ?? [];
    expect(jobs).toHaveLength(KEPT_JOBS);
    expect(jobs[0]?.job_id).toBe('j19');
    expect(new Set(jobs.map((job) => job.job_id)).size).toBe(KEPT_JOBS);
  });
});

it('a pair is put in place of another, and removed, by those alone who have seen it as it is', async () => {
  const { environments } = noEnvironments();
  for (const name of ['production', 'training']) await environments.put(sampleEnvironment({ name }));
  const ports = { pairs: dynamoPairStore(table), environments, clock: () => new Date('2026-11-23T12:00:00.000Z') };
  const { created_at: _c, updated_at: _u, revision: _r, ...said } = pair('one');
  const refused = { code: 'pair_changed' };

  await expect(putPair({ ...said, target_environment: 'nowhere' }, ports)).rejects.toMatchObject({
    problems: [{ code: 'environment_not_found', field: '/target_environment' }],
  });
  const first = await putPair(said, ports);
  for (const seen of [undefined, 'absent'] as const)
    await expect(putPair({ ...said, mode: 'incremental', seen }, ports)).rejects.toMatchObject(refused);
  const second = await putPair({ ...said, mode: 'incremental', seen: first.pair }, ports);
  for (const seen of [undefined, first.pair]) {
    await expect(putPair({ ...said, seen }, ports)).rejects.toMatchObject(refused);
    await expect(removePair('one', seen, ports)).rejects.toMatchObject(refused);
  }

  expect([first.created, second.created]).toEqual([true, false]);
  expect(await ports.pairs.get('one')).toEqual({ ...first.pair, mode: 'incremental', revision: 2 });
  await removePair('one', second.pair, ports);
  await expect(removePair('one', second.pair, ports)).rejects.toMatchObject({ code: 'pair_not_found' });
});

describe('orders over pairs in DynamoDB', () => {
  const order: FleetOrder = {
    order_id: '0e0e0e0e-0000-4000-8000-000000000001',
    work: { action: 'start' },
    filter: {},
    list: 'one',
    count: 450,
    pages: 3,
    page: 0,
    at_once: 40,
    working: [],
    state: 'working',
    counts: NO_PAIRS,
    failures: [],
    actor: 'tester',
    created_at: '2026-11-23T10:00:00.000Z',
    updated_at: '2026-11-23T10:00:00.000Z',
    revision: 1,
  };
  let store: FleetOrderStore;
  beforeEach(async () => {
    store = dynamoFleetOrderStore(table);
    await store.create(
      order,
      Array.from({ length: 450 }, (_, i) => ({ pair: `p${i}`, outcome: 'pending' })),
    );
  });

  it('has its pairs in pages, which one writer at a time goes on with', async () => {
    const page = await store.page(order, 2);

    expect(page.items.map((item) => item.pair)).toEqual(Array.from({ length: 50 }, (_, i) => `p${400 + i}`));
    expect(await store.putPage(order, 2, { ...page, revision: page.revision + 1 })).toBe(true);
    expect(await store.putPage(order, 2, { ...page, at: 'other', revision: page.revision + 1 })).toBe(false);
  });

  it('is open until it has ended', async () => {
    expect(await store.open()).toEqual([{ order_id: order.order_id, revision: 1 }]);
    expect(await store.advance({ ...order, note: 'no', revision: 1 })).toBe(false);
    expect(await store.advance({ ...order, state: 'completed', revision: 2 })).toBe(true);

    expect(await store.open()).toEqual([]);
    expect((await store.list(50)).map((o) => o.state)).toEqual(['completed']);
  });

  it('is listed with the newest, once, and a call that died is not', async () => {
    const at = (n: number) => `2026-11-23T1${n}:00:00.000Z`;
    for (let n = 1; n < 5; n++) await store.create({ ...order, order_id: `o${n}`, pages: 0, created_at: at(n) }, []);
    const again = { ...order, order_id: 'o4', pages: 0, created_at: at(5) };
    expect(await store.create(again, [])).toMatchObject({ order_id: 'o4', created_at: at(4) });

    expect((await store.list(3)).map((o) => o.order_id)).toEqual(['o4', 'o3']);
    expect((await store.list(50)).map((o) => o.order_id)).toEqual(['o4', 'o3', 'o2', 'o1', order.order_id]);
  });

  it('gives each pair a job of its own, the same each time', () => {
    const ids = ['a', 'b', 'a'].map((name) => jobOf(order.order_id, name));
    expect(ids[0]).toBe(ids[2]);
    expect(ids[0]).not.toBe(ids[1]);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
