import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dynamoConflictStore } from '../../functions/aws/dynamo/conflict-store.ts';
import type { Conflict, ConflictFilter } from '../../lib/model/conflict.ts';
import type { ConflictStore } from '../../lib/ports.ts';
import { createTables, startDynamo, type TestDynamo } from './dynamo.ts';
import { memoryConflictStore } from './memory.ts';
import { sampleConflict } from './samples.ts';

let dynamo: TestDynamo;
beforeAll(async () => {
  dynamo = await startDynamo();
});
afterAll(() => dynamo.close());

async function newDynamoStore(): Promise<ConflictStore> {
  const { conflicts } = await createTables(dynamo);
  return dynamoConflictStore({ name: () => conflicts, client: () => dynamo.client });
}

const second = (n: number) =>
  `2026-11-23T10:${String(Math.floor(n / 60)).padStart(2, '0')}:${String(n % 60).padStart(2, '0')}.000Z`;
const ids = (conflicts: readonly Conflict[]) => conflicts.map((c) => c.conflict_id);

/** Every page of a list, with how many each held. */
async function all(store: ConflictStore, filter: ConflictFilter, limit: number) {
  const conflicts: Conflict[] = [];
  const pages: number[] = [];
  for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
    const page: { conflicts: readonly Conflict[]; cursor?: string } = await store.list({
      ...filter,
      limit,
      ...(cursor !== undefined && { cursor }),
    });
    conflicts.push(...page.conflicts);
    pages.push(page.conflicts.length);
    cursor = page.cursor;
  }
  return { conflicts, pages };
}

describe.each([
  ['memory', async () => memoryConflictStore()],
  ['DynamoDB', newDynamoStore],
])('a conflict store in %s', (_name, make) => {
  let store: ConflictStore;
  const [job, later, other] = [randomUUID(), randomUUID(), randomUUID()];
  beforeEach(async () => {
    store = await make();
  });

  it('gives a conflict back as it was put', async () => {
    const conflict = sampleConflict(job, { key: ['7', 'ä'], preview: [{ column: 'c', source: null, target: '' }] });

    await store.put([conflict]);

    expect(await store.get(conflict.conflict_id)).toEqual(conflict);
    expect(await store.get('0'.repeat(32))).toBeUndefined();
  });

  it('takes a newer version only, whatever order they come in', async () => {
    const first = sampleConflict(job);
    const third = { ...first, version: 3, reason: 'third' };

    await store.put([third]);
    await store.put([first, { ...first, version: 2, state: 'converged' }, { ...third, reason: 'again' }]);

    expect(await store.get(first.conflict_id)).toEqual(third);
  });

  it('lists a conflict once for the job that opened it and once for the last that saw it', async () => {
    const own = sampleConflict(job, { opened_at: second(2) });
    const passed = sampleConflict(job, { seen_by: later, opened_at: second(1) });
    await store.put([own, passed, sampleConflict(other)]);

    expect(ids((await all(store, { job_id: job }, 10)).conflicts)).toEqual(ids([passed, own]));
    expect(ids((await all(store, { job_id: later }, 10)).conflicts)).toEqual(ids([passed]));
    expect([await store.count({ job_id: job }), await store.count({ job_id: later })]).toEqual([2, 1]);

    await store.put([{ ...passed, version: 2, seen_by: other }]);

    expect(await store.count({ job_id: later })).toBe(0);
    expect(await store.count({ job_id: other })).toBe(2);
    expect(await store.count({ job_id: other }, 1)).toBeGreaterThan(0); // it may stop there
    expect(await store.count({ job_id: job })).toBe(2);
  });

  it('pages oldest first over all of its lists, each conflict once', async () => {
    const conflicts = Array.from({ length: 57 }, (_, i) =>
      sampleConflict(i % 3 ? job : other, {
        seen_by: i % 3 === 1 ? later : job,
        state: i % 5 ? 'open' : 'resolved',
        opened_at: second(Math.floor(i / 4)), // some at the same time
      }),
    );
    await store.put(conflicts.toReversed());

    for (const limit of [1, 7, 57, 100]) {
      const { conflicts: found } = await all(store, { job_id: job }, limit);
      expect(found.map((c) => `${c.opened_at}#${c.conflict_id}`)).toEqual(
        conflicts.map((c) => `${c.opened_at}#${c.conflict_id}`).sort(),
      );
    }
  });

  it.each<[string, Partial<ConflictFilter>, number[]]>([
    ['nothing', {}, [0, 1, 2, 3, 4, 5]],
    ['table', { table: 'public.owners' }, [1, 4]],
    ['type', { type: 'insert_exists' }, [2, 5]],
    ['open', { state: 'open' }, [0, 1, 2]],
    ['resolved', { state: 'resolved' }, [3]],
    ['converged', { state: 'converged' }, [4]],
    ['superseded', { state: 'superseded' }, [5]],
    ['from', { opened_from: second(2) }, [2, 3, 4, 5]],
    ['to', { opened_to: second(2) }, [0, 1]],
    ['age', { opened_from: second(1), opened_to: second(4) }, [1, 2, 3]],
    ['no time', { opened_from: second(4), opened_to: second(1) }, []],
    ['all', { table: 'public.owners', type: 'update_differing', state: 'open', opened_from: second(0) }, [1]],
  ])('filters by %s', async (_what, filter, expected) => {
    const states = ['open', 'open', 'open', 'resolved', 'converged', 'superseded'] as const;
    const conflicts = states.map((state, i) =>
      sampleConflict(job, {
        state,
        opened_at: second(i),
        table: i % 3 === 1 ? 'public.owners' : 'public.parcels',
        type: i % 3 === 2 ? 'insert_exists' : 'update_differing',
      }),
    );
    await store.put(conflicts);

    const { conflicts: found } = await all(store, { job_id: job, ...filter }, 2);

    expect(found).toEqual(expected.map((i) => conflicts[i]));
    expect(await store.count({ job_id: job, ...filter })).toBe(expected.length);
  });

  it.each(['2026-11-23T10:00:00.123456Z', '2026-11-23T10:00:00.123Z'])(
    'bounds the age %s however exact it is',
    async (at) => {
      await store.put([sampleConflict(job, { opened_at: at })]);

      expect(await store.count({ job_id: job, opened_from: '2026-11-23T10:00:00.123Z' })).toBe(1);
      expect(await store.count({ job_id: job, opened_from: '2026-11-23T10:00:00.124Z' })).toBe(0);
      expect(await store.count({ job_id: job, opened_to: '2026-11-23T10:00:00.124Z' })).toBe(1);
      expect(await store.count({ job_id: job, opened_to: '2026-11-23T10:00:00.123Z' })).toBe(0);
    },
  );

  it('takes a cursor back for the same job and filter only', async () => {
    await store.put([0, 1, 2].map((i) => sampleConflict(job, { opened_at: second(i) })));
    const filter = { job_id: job, state: 'open' } as const;
    const { cursor } = await store.list({ ...filter, limit: 1 });
    if (cursor === undefined) throw new Error('there is a second page');

    expect((await store.list({ ...filter, limit: 2, cursor })).conflicts).toHaveLength(2);
    const forged = Buffer.from(Buffer.from(cursor, 'base64url').toString().replace(/10:00/, '09:00')).toString(
      'base64url',
    );
    expect((await store.list({ ...filter, limit: 9, cursor: forged })).conflicts).toHaveLength(3); // a place like any other
    for (const query of [
      { ...filter, cursor: `${cursor}A` },
      { ...filter, cursor: 'x' },
      { ...filter, cursor: '' },
      { ...filter, job_id: other, cursor },
      { ...filter, table: 'public.parcels', cursor },
      { job_id: job, cursor },
    ])
      await expect(store.list({ ...query, limit: 1 })).rejects.toMatchObject({ code: 'cursor_invalid' });
  });

  it('of two that decide at once tells both who was first', async () => {
    const open = sampleConflict(job);
    await store.put([open]);
    const decided = (actor: string): Conflict => ({
      ...open,
      version: 2,
      state: 'resolved',
      closed_at: second(9),
      reason: actor,
    });

    const answers = await Promise.all(['ada', 'grace'].map((actor) => store.resolve(decided(actor))));

    expect(answers[0]).toEqual(answers[1]);
    expect(['ada', 'grace']).toContain(answers[0]?.reason);
    expect(await store.get(open.conflict_id)).toEqual(answers[0]);
    expect(await store.count({ job_id: job, state: 'open' })).toBe(0);
    expect(await store.resolve({ ...open, version: 1 })).toEqual(answers[0]);
  });

  it('knows the newest open conflict of a job, and whether its connections are needed', async () => {
    expect(await store.newestOpen(job)).toBeUndefined();
    expect(await store.needs(job)).toBe(false);
    const [old, young] = [
      sampleConflict(job, { opened_at: second(1), seen_by: later }),
      sampleConflict(job, { opened_at: second(5) }),
    ];
    await store.put([old, young]);

    expect(await store.newestOpen(job)).toBe(second(5));
    expect([await store.needs(job), await store.needs(later), await store.needs(other)]).toEqual([true, true, false]);

    await store.put([{ ...young, version: 2, state: 'converged' }]);

    expect(await store.newestOpen(job)).toBe(second(1));
    expect([await store.needs(job), await store.needs(later)]).toEqual([false, true]);
  });
});

describe('a conflict store in DynamoDB', () => {
  it('looks at a bounded number of items for a page with a rare filter, and goes on behind them', async () => {
    const store = await newDynamoStore();
    const job = randomUUID();
    const many = Array.from({ length: 2300 }, (_, i) =>
      sampleConflict(job, {
        opened_at: new Date(Date.UTC(2026, 10, 23, 10, 0, i)).toISOString(),
        table: i === 2200 ? 'public.rare' : 'public.parcels',
      }),
    );
    await store.put(many);
    dynamo.calls.length = 0;

    const first = await store.list({ job_id: job, table: 'public.rare', limit: 10 });
    const calls = dynamo.calls.length;
    const { conflicts, pages } = await all(store, { job_id: job, table: 'public.rare' }, 10);

    expect(first.conflicts).toEqual([]);
    expect(first.cursor).toBeDefined();
    expect(calls).toBeLessThanOrEqual(8);
    expect(ids(conflicts)).toEqual([many[2200]?.conflict_id]);
    expect(pages).toEqual([0, 0, 1]);
  }, 60_000);

  it('takes a write whose reply was lost for written', async () => {
    const store = await newDynamoStore();
    const conflict = sampleConflict(randomUUID());
    dynamo.faultNext('PutItem', 'lose reply');
    dynamo.faultNext('PutItem', 'throttle');

    await store.put([conflict]);

    expect(await store.get(conflict.conflict_id)).toEqual(conflict);
  });
});
