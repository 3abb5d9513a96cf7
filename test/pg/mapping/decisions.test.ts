import { expect, test } from 'vitest';
import type { JobConfig } from '../../../lib/model/config.ts';
import { applyDecision, conflictImages } from '../../../lib/orchestrator/resolve-conflict.ts';
import { createPair } from '../../support/databases.ts';
import { ports, runJob } from '../../support/in-process.ts';
import { toldConflicts } from '../../support/memory-conflicts.ts';
import { MAPPING, twoShapes } from '../../support/two-shapes.ts';

const CONFIG = { mapping: MAPPING, tables: { include: ['land.property'] } } as unknown as Partial<JobConfig>;

test('a person sees both rows as the target has them, and what is decided for the source arrives through the mapping', async () => {
  await using pair = await twoShapes();
  const store = toldConflicts();
  const p = { ...ports(), conflicts: store };
  const run = () => runJob(pair, { ...CONFIG, conflict_strategy: 'manual' }, {}, p);
  const one = (id: string) => {
    const found = [...store.all.values()].find((c) => c.key[0] === id && c.state === 'open');
    if (!found) throw new Error(`no conflict is open for ${id}`);
    return found;
  };
  const decide = (id: string) =>
    applyDecision({ conflict: one(id), decision: { side: 'source' }, expected: one(id).prints, actor: 'ada' }, p);
  await run();
  await pair.source.client.query(`alter type use add value 'IND'`);
  await pair.source.client.query(`update parcel set kind = 'AGR', site_city = 'S' where parcel_id in (1, 3)`);
  await pair.target.client.query(`update land.property set use_id = 1 where id in (1, 3)`);
  await run();

  const images = await conflictImages(one('1'), p);
  const outcome = await decide('1');
  await pair.source.client.query(`update parcel set kind = 'IND' where parcel_id = 3`);
  const impossible = await decide('3').catch((e: unknown) => e);

  expect(images.columns.map((c) => c.name)).toContain('use_id');
  expect(images.source?.values).toEqual(expect.arrayContaining(['3', '{"city": "S"}']));
  expect(images.changed).toEqual(['use_id', 'address']);
  expect(outcome).toMatchObject({ outcome: 'applied', conflict: { state: 'resolved' } });
  expect(impossible).toMatchObject({ code: 'row_rejected' });
  const rows = await pair.target.client.query(
    `select id, use_id, address ->> 'city' as city from land.property where id in (1, 3) order by id`,
  );
  expect(rows.rows).toEqual([
    { id: '1', use_id: '3', city: 'S' },
    { id: '3', use_id: '1', city: 'city 3' },
  ]);
});

test('deletes rows that are known to have come through the mapping, and no others', async () => {
  await using pair = await twoShapes();
  const run = () => runJob(pair, { ...CONFIG, delete_mode: 'tracked' });
  await run();
  await pair.source.client.query('delete from parcel where parcel_id <= 5');
  await pair.target.client.query(`insert into land.property values (9001, 'own', null, 1, '{}', 'x', 'x', now())`);

  const { job, counts } = await run();

  expect(job.state).toBe('completed');
  expect(counts).toMatchObject({ deleted: 5, kept: 1 });
});

test('takes the rows of a parent table and not those of its children, and of a partitioned one all', async () => {
  await using pair = await createPair();
  await pair.source.client.query(`
    create table base (id int primary key, v text);
    create table child (extra int) inherits (base);
    create table parts (id int primary key, v text) partition by range (id);
    create table parts_1 partition of parts for values from (0) to (100);
    create table parts_2 partition of parts for values from (100) to (200);
    insert into base values (1, 'own'); insert into child values (2, 'child', 0);
    insert into parts select i, 'p' || i from generate_series(1, 150) i`);
  await pair.target.client.query(`
    create table plain (no int primary key, w text); create table whole (no int primary key, w text)`);
  const columns = { no: 'id', w: 'v' };
  const config = {
    mapping: { 'public.plain': { from: 'public.base', columns }, 'public.whole': { from: 'public.parts', columns } },
    tables: { include: ['public.plain', 'public.whole'] },
  } as unknown as Partial<JobConfig>;

  const first = await runJob(pair, config);
  await pair.source.client.query(`update parts set v = 'new' where id > 140`);
  const second = await runJob(pair, config);

  expect(first.counts).toMatchObject({ inserted: 151 });
  expect((await pair.target.client.query('select * from plain')).rows).toEqual([{ no: '1', w: 'own' }]);
  expect(second.counts).toMatchObject({ updated: 10, inserted: 0 });
});
