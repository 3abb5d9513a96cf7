import { expect, test } from 'vitest';
import { runJob } from '../../support/in-process.ts';
import { MAPPING, twoShapes } from '../../support/two-shapes.ts';

const CONFIG = { mapping: MAPPING, tables: { include: ['land.property'] } } as never;

const SOURCE = `select parcel_id::text id, apn number, kind::text code, value::text assessed, site_city city, changed::text, "odd ""name" odd from parcel order by 1`;
const TARGET = `select p.id::text, number, u.code, assessed::text, address ->> 'city' city, last_change::text changed, odd
  from land.property p left join land.land_use u on u.id = use_id order by 1`;

test('carries rows into a table of another shape, and finds nothing to do the second time', async () => {
  await using pair = await twoShapes();

  const first = await runJob(pair, CONFIG);
  const second = await runJob(pair, CONFIG);

  expect(first.job.failure).toBeUndefined();
  expect(first.counts).toMatchObject({ inserted: 300, quarantined: 0 });
  const [source, target] = [await pair.source.client.query(SOURCE), await pair.target.client.query(TARGET)];
  expect(target.rows).toEqual(source.rows);
  expect((await pair.target.client.query('select distinct county, note from land.property')).rows).toEqual([
    { county: 'Benton', note: 'new' },
  ]);
  expect(second.counts).toMatchObject({ inserted: 0, updated: 0, unchanged: 300, deleted: 0 });
});

test.each(['hash', 'content', 'primary_key'] as const)(
  'follows changes and deletes through the mapping (%s)',
  async (strategy) => {
    await using pair = await twoShapes();
    await runJob(pair, CONFIG);
    await pair.source.client.query(`
    update parcel set value = 0, site_city = 'Kennewick' where parcel_id <= 10;
    delete from parcel where parcel_id > 290;
    insert into parcel values (1000, 'P-1000', 'RES', 5, 'Pasco', now(), 'y')`);

    const { job, counts } = await runJob(pair, {
      ...(CONFIG as object),
      delete_mode: 'mirror',
      detection_strategy: strategy,
    });

    expect(job.failure).toBeUndefined();
    const updated = strategy === 'primary_key' ? 0 : 10;
    expect(counts).toMatchObject({ inserted: 1, updated, deleted: 10 });
  },
);

test.each(['hash', 'content', 'timestamp'])(
  'puts a row aside whose value cannot be computed, keeps what the target has of it, and takes it once it can (%s)',
  async (strategy) => {
    await using pair = await twoShapes();
    await pair.source.client.query(`alter type use add value 'IND'`);
    const timestamps = { timestamp_columns: { 'land.property': 'last_change' } };
    const config = { ...(CONFIG as object), detection_strategy: strategy, ...(strategy === 'timestamp' && timestamps) };
    await runJob(pair, config);
    // without a kind until now: row 11 differs in nothing but what cannot be computed
    await pair.source.client.query(`
    update parcel set kind = 'IND' where parcel_id = 11;
    update parcel set kind = 'IND', value = -1 where parcel_id = 7;
    insert into parcel values (1001, 'P-1001', 'IND', 5, 'Pasco', now(), 'y')`);

    const aside = await runJob(pair, { ...config, delete_mode: 'mirror' });
    const kept = await pair.target.client.query(
      'select id::text, assessed::float8::text as assessed from land.property where id in (7, 1001)',
    );
    const listed = await pair.target.client.query(
      `select key[1] as key, code, object from tf_sync.quarantine where job_id = $1 order by key`,
      [aside.job.job_id],
    );
    await pair.target.client.query(`insert into land.land_use values (4, 'IND')`);
    const taken = await runJob(pair, config);

    expect(aside.job).toMatchObject({ state: 'completed_with_issues' });
    expect(aside.counts).toMatchObject({ inserted: 0, updated: 0, deleted: 0, quarantined: 3 });
    expect(kept.rows).toEqual([{ id: '7', assessed: '73.5' }]);
    expect(listed.rows).toEqual([
      { key: '1001', code: 'value_not_computable', object: 'use_id' },
      { key: '11', code: 'value_not_computable', object: 'use_id' },
      { key: '7', code: 'value_not_computable', object: 'use_id' },
    ]);
    expect(taken.counts).toMatchObject({ inserted: 1, updated: 2, quarantined: 0 });
  },
);
