import { describe, expect, test } from 'vitest';
import { detectionStrategies } from '../../lib/change-detector/registry.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { createCountyPair } from '../support/county.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { ports, runJob, start } from '../support/in-process.ts';
import { few } from '../support/level.ts';
import { pagilaMissing, pagilaRows, pagilaSchema } from '../support/pagila.ts';

const seesContents = detectionStrategies.filter((s) => s.full.sees.updates === 'always');

/** Tables of the pair that differ, but for those that a strategy cannot take. */
async function different(pair: TestPair, without: readonly string[] = []) {
  const all = summary(await compareDatabases(pair.source.client, pair.target.client));
  return Object.fromEntries(Object.entries(all).filter(([name]) => !without.includes(name)));
}

describe.skipIf(pagilaMissing)(`pagila ${pagilaMissing ?? ''}`, () => {
  test.each(few(seesContents, 2))('$name fills it, and follows its changes', { timeout: 120_000 }, async (strategy) => {
    await using pair = await createPair({ source: pagilaRows, target: pagilaSchema });
    const without = strategy.needs.timestampColumn ? ['public.payment'] : [];
    const config = {
      detection_strategy: strategy.name,
      triggers: 'suppress' as const,
      ...(without.length > 0 && { tables: { exclude: without } }),
    };

    const first = await runJob(pair, config);
    const filled = await different(pair, without);
    await pair.source.client.query(`update film set rental_rate = rental_rate + 1 where film_id <= 50;
      update address set district = 'Elsewhere' where address_id <= 20; insert into category (name) values ('New');
      insert into film_category (film_id, category_id) select 1, max(category_id) from category`);
    const second = await runJob(pair, config, {}, ports(), strategy.incremental ? 'incremental' : 'full');

    expect(first.job.failure).toBeUndefined();
    expect(filled).toEqual({});
    expect(second.job.failure).toBeUndefined();
    expect(second.counts).toMatchObject({ inserted: 2, updated: 70 });
    expect(await different(pair, without)).toEqual({});
  });

  test('a strategy that needs an update column refuses every table without one', async () => {
    await using pair = await createPair({ template: pagilaRows });

    const error = await start(pair, { detection_strategy: 'timestamp', triggers: 'suppress' }).catch((e) => e);

    expect(error.problems).toMatchObject([
      { code: 'timestamp_column_missing', side: 'source', object: 'public.payment' },
    ]);
  });
});

test.each(few(seesContents, 2))(
  '$name brings the county in step, and finds nothing the second time',
  { timeout: 120_000 },
  async (strategy) => {
    await using pair = await createCountyPair();
    const others = { detection_strategy: 'hash', delete_mode: 'mirror', max_delete_percent: 100 } as const;
    const stamped = {
      tables: { include: ['public.parcels', 'public.sales'] },
      timestamp_columns: { 'public.sales': 'recorded_at' },
    };
    if (strategy.needs.timestampColumn) {
      await runJob(pair, others);
      await pair.source.client.query(`update parcels set zoning = 'C-3', updated_at = now() where parcel_id % 9 = 0`);
      await pair.target.client.query('delete from sales where sale_id % 7 = 0');
    }
    const config = { ...others, detection_strategy: strategy.name, ...(strategy.needs.timestampColumn && stamped) };

    const first = await runJob(pair, config);
    const again = await runJob(pair, config, {}, ports(), strategy.incremental ? 'incremental' : 'full');

    expect(first.job.failure).toBeUndefined();
    expect(first.job.state).toBe('completed');
    expect(await different(pair)).toEqual({});
    expect(again.counts).toMatchObject({ inserted: 0, updated: 0, deleted: 0, unchanged: again.counts.read });
  },
);
