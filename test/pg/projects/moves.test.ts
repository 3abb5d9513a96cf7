import { expect, test } from 'vitest';
import type { TestPair } from '../../support/databases.ts';
import { ports, runJob, start } from '../../support/in-process.ts';
import { parcel, parcelsPair } from '../../support/parcels.ts';

type Config = NonNullable<Parameters<typeof runJob>[1]>;

/** Which parcel each item hangs under, as `item>parcel:x`. */
async function items(client: TestPair['source']['client']): Promise<string> {
  const { rows } = await client.query(
    `select string_agg(id || '>' || parcel_id || ':' || x, ' ' order by id) as s from items`,
  );
  return rows[0].s;
}

/** Row versions of everything outside of parcel 1. */
async function outside(pair: TestPair): Promise<readonly unknown[]> {
  const { rows } = await pair.target.client.query(`
    select 'parcel', id, xmin::text, x from parcels where id <> 1
    union all select 'owner', id, xmin::text, name from owners where id <> 1
    union all select 'item', id, xmin::text, x from items where parcel_id <> 1
    union all select 'note', n.id, n.xmin::text, n.x from notes n join items i on i.id = n.item_id where i.parcel_id <> 1
    order by 1, 2`);
  return rows;
}

const sql = (side: TestPair['source'], text: string) => side.client.query(text);

interface Case {
  readonly title: string;
  readonly source: string;
  readonly target?: string;
  readonly more?: Record<string, unknown>;
  readonly counts: Record<string, number>;
  /** Nothing is left of the project on either side. */
  readonly gone?: true;
  /** SQL in the target that counts what must be there, and how many. */
  readonly holds: readonly (readonly [string, number])[];
}

const cases: readonly Case[] = [
  {
    title: 'an item that moved to another parcel leaves the target with its notes',
    source: 'update items set parcel_id = 2 where id = 11',
    counts: { inserted: 0, updated: 0, deleted: 2 },
    holds: [
      ['items where id = 11', 0],
      ['notes where item_id = 11', 0],
      ['items', 11],
    ],
  },
  {
    title: 'an item that is gone from the source goes with its notes',
    source: 'delete from items where id = 12',
    counts: { deleted: 2 },
    holds: [['items where parcel_id = 1', 3]],
  },
  {
    title: 'an item that came from another parcel is moved in the target, with its notes, and nothing is deleted',
    source: 'update items set parcel_id = 1 where id = 21',
    counts: { inserted: 0, updated: 1, deleted: 0 },
    holds: [
      ['items where id = 21 and parcel_id = 1', 1],
      ['notes where item_id = 21', 1],
    ],
  },
  {
    title: 'an item that the target alone has moved away is brought back',
    source: 'select 1',
    target: 'update items set parcel_id = 3 where id = 13',
    counts: { updated: 1, deleted: 0 },
    holds: [['items where id = 13 and parcel_id = 1', 1]],
  },
  {
    title: 'an item that the target alone has moved here, and the source has elsewhere, leaves the project',
    source: 'select 1',
    target: 'update items set parcel_id = 1 where id = 31',
    counts: { updated: 0, deleted: 2 },
    holds: [['items where id = 31', 0]],
  },
  {
    title: 'an item that only the target has goes where it is in the project, and stays where it is not',
    source: 'select 1',
    target: `insert into items values (19, 1, 'mine'), (29, 2, 'other')`,
    counts: { deleted: 1 },
    holds: [
      ['items where id = 19', 0],
      ['items where id = 29', 1],
    ],
  },
  {
    title: 'an owner that is not referred to any more stays',
    source: 'update parcels set owner_id = 2 where id = 1',
    counts: { updated: 1, deleted: 0 },
    holds: [['owners', 3]],
  },
  {
    title: 'an owner that the target lacks is brought along',
    source: `insert into owners values (4, 'o4'); update parcels set owner_id = 4 where id = 1`,
    counts: { inserted: 1, updated: 1 },
    holds: [['owners where id = 4', 1]],
  },
  {
    title: 'an owner that differs stays as it is by default',
    source: `update owners set name = 'new' where id = 1`,
    counts: { updated: 0, kept: 1 },
    holds: [[`owners where name = 'new'`, 0]],
  },
  {
    title: 'an owner that differs follows where parents do',
    source: `update owners set name = 'new'`,
    more: { parents: 'update' },
    counts: { updated: 1 },
    holds: [[`owners where name = 'new'`, 1]],
  },
  {
    title: 'the parcel that this one is a part of is a parent: it is neither changed nor descended from',
    source: `update parcels set part_of = 2 where id = 1; update parcels set x = 'new' where id = 2; update items set x = 'new' where parcel_id = 2`,
    counts: { updated: 1, deleted: 0 },
    holds: [
      [`parcels where x = 'new'`, 0],
      [`items where x = 'new'`, 0],
    ],
  },
  {
    title: 'what only the target has as a parent stays, and is no issue',
    source: 'update parcels set part_of = 2 where id = 1',
    target: 'update parcels set part_of = 2 where id = 1; update parcels set owner_id = 3 where id = 2',
    counts: { inserted: 0, updated: 0, deleted: 0 },
    holds: [['owners', 3]],
  },
  {
    title: 'a whole that the root is a part of is brought along where it lacks',
    source: 'update parcels set part_of = 2 where id = 1',
    target:
      'delete from notes where item_id in (21, 22, 23, 24); delete from items where parcel_id = 2; delete from parcels where id = 2',
    counts: { inserted: 1, updated: 1, deleted: 0 },
    holds: [
      ['parcels', 3],
      ['items where parcel_id = 2', 0],
    ],
  },
  {
    title: 'parcels that are part of this one are descended into',
    source: `update parcels set part_of = 1 where id = 2; update items set x = 'new' where parcel_id = 2`,
    counts: { updated: 5, deleted: 0 },
    holds: [[`items where x = 'new'`, 4]],
  },
  {
    title: 'a parcel whose root is gone from the source goes, but for its owner',
    source:
      'delete from notes where item_id in (select id from items where parcel_id = 1); delete from items where parcel_id = 1; delete from parcels where id = 1',
    counts: { deleted: 9 },
    gone: true,
    holds: [
      ['parcels', 2],
      ['items', 8],
      ['owners', 3],
    ],
  },
  {
    title: 'a whole new parcel comes with all it needs',
    source: 'select 1',
    target:
      'delete from notes where item_id < 20; delete from items where id < 20; delete from parcels where id = 1; delete from owners where id = 1',
    counts: { inserted: 10, updated: 0, deleted: 0 },
    holds: [
      ['items where parcel_id = 1', 4],
      ['owners', 3],
    ],
  },
];

test.each(cases)('$title', { timeout: 60_000 }, async ({ source, target, more, counts: wanted, holds, gone }) => {
  for (const strategy of ['hash', 'content']) {
    await using pair = await parcelsPair();
    await sql(pair.source, source);
    if (target) await sql(pair.target, target);
    const config = { ...parcel(1, more), detection_strategy: strategy };

    const { job, counts } = await runJob(pair, config);
    const again = gone ? undefined : await runJob(pair, config, {}, ports(), 'incremental');

    expect([strategy, job.failure, job.state]).toEqual([strategy, undefined, 'completed']);
    expect(counts).toMatchObject(wanted);
    for (const [what, rows] of holds) {
      const found = await pair.target.client.query(`select count(*) from ${what}`);
      expect([what, Number(found.rows[0].count)]).toEqual([what, rows]);
    }
    if (again) expect(again.counts).toMatchObject({ inserted: 0, updated: 0, deleted: 0 });
    else await expect(start(pair, config)).rejects.toMatchObject({ code: 'project_not_found' });
  }
});

test('the rows of other projects stay as they are, though both sides differ in every one of them', async () => {
  await using pair = await parcelsPair();
  await sql(
    pair.source,
    `update items set x = 'new'; update notes set x = 'new'; update parcels set x = 'new'; update owners set name = 'new'; delete from notes where item_id = 22`,
  );
  await sql(pair.target, `delete from notes where item_id = 33; insert into items values (99, 3, 'mine')`);
  const before = await outside(pair);

  const { job, counts } = await runJob(pair, parcel(1, { parents: 'update' }));

  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ inserted: 0, updated: 10, deleted: 0 });
  expect(await outside(pair)).toEqual(before);
});

test.each(['mirror', 'tracked', 'keep'] as const)(
  'delete_mode %s decides over what left the project',
  async (delete_mode) => {
    await using pair = await parcelsPair();
    const config = { ...parcel(1), delete_mode };
    await runJob(pair, config);
    await sql(pair.source, 'update items set parcel_id = 2 where id = 11');
    await sql(pair.target, `insert into items values (19, 1, 'mine')`);

    const { job } = await runJob(pair, config, {}, ports(), 'incremental');

    expect(job.state).toBe('completed');
    const left = (await items(pair.target.client)).split(' ').filter((i) => ['11>1:i', '19>1:mine'].includes(i));
    expect(left).toEqual({ mirror: [], tracked: ['19>1:mine'], keep: ['11>1:i', '19>1:mine'] }[delete_mode]);
  },
);

test('what one project knows, another does not delete', async () => {
  await using pair = await parcelsPair();
  await runJob(pair, { ...parcel(2), delete_mode: 'tracked' });
  // parcel 1 never ran: nothing of it is known, so nothing of it goes
  await sql(pair.source, 'delete from notes where item_id = 11; delete from items where id = 11');

  const { job, counts } = await runJob(pair, { ...parcel(1), delete_mode: 'tracked' });

  expect([job.state, counts.deleted]).toEqual(['completed', 0]);
});

test('by keys alone: missing rows come, rows that left go, contents are not looked at', async () => {
  await using pair = await parcelsPair();
  await sql(
    pair.source,
    `insert into items values (15, 1, 'i'); update items set parcel_id = 2 where id = 11; update items set x = 'new' where id = 12`,
  );

  const { job, counts } = await runJob(pair, { ...parcel(1), detection_strategy: 'primary_key' });

  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ inserted: 1, updated: 0, deleted: 2 });
});

test('everything that does not fit is refused with its reason, and nothing is written', async () => {
  await using pair = await parcelsPair();
  const codes = (config: Config) =>
    start(pair, config).then(
      () => ['accepted'],
      (e) =>
        (e.problems ?? []).map((p: { code: string; field?: string }) => `${p.code} ${p.field ?? ''}`.trim()).sort(),
    );
  for (const { client } of [pair.source, pair.target])
    await client.query('create table tags (parcel_id int references parcels, tag text)');

  const of = (more: Record<string, unknown>, config: Config = {}) =>
    codes({ project: { root: 'public.parcels', key: 1, exclude: ['public.tags'], ...more }, ...config } as Config);

  expect(await of({ exclude: undefined })).toContain('no_key');
  expect(await of({ exclude: undefined }, { detection_strategy: 'content' })).toEqual(['no_key']);
  expect(await of({ root: 'public.parcel' })).toContain('table_not_found /config/project/root');
  expect(await of({ key: 99 })).toEqual(['project_not_found /config/project']);
  expect(await of({ key: 'x' })).toEqual(['project_invalid /config/project/key']);
  expect(await of({ key: [1, { id: 2 }] })).toEqual(['project_invalid /config/project/key']);
  expect(await of({ key: { nid: 2 } })).toEqual(['column_not_found /config/project/key']);
  expect(await of({ where: [{ column: 'id', op: 'eq', value: 1 }] })).toEqual(['project_invalid /config/project']);
  expect(await of({ key: undefined })).toEqual(['project_invalid /config/project']);
  expect(await of({ include: ['public.itmes'] })).toEqual(['table_not_found /config/project/include']);
  expect(await of({ exclude: ['public.parcels'] })).toContain('tables_contradiction /config/project/exclude');
  expect(await of({}, { columns: { 'public.items': { exclude: ['parcel_id'] } } })).toEqual([
    'tables_contradiction /config/columns',
  ]);
  expect(await of({}, { tables: { include: ['public.items'] } })).toEqual(['project_unsupported /config/tables']);
  expect(await of({}, { filters: { 'public.items': [{ column: 'x', op: 'not_null' }] } })).toEqual([
    'project_unsupported /config/filters',
  ]);
  expect(await of({}, { direction: 'bidirectional' })).toContain('project_unsupported /config/direction');
  expect(await of({}, { max_quiet_runs: 3 })).toEqual(['project_unsupported /config/max_quiet_runs']);
  for (const detection_strategy of ['timestamp', 'cdc'])
    expect(await of({}, { detection_strategy })).toContain('project_unsupported /config/detection_strategy');
  const { rows } = await pair.target.client.query(`select count(*) from pg_namespace where nspname = 'tf_sync'`);
  expect(rows[0].count).toBe('0');
});
