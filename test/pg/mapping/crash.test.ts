import { expect, test } from 'vitest';
import type { JobConfig } from '../../../lib/model/config.ts';
import type { Databases } from '../../../lib/ports.ts';
import { portsWith } from '../../support/faults.ts';
import { KILLED, type Ports, runJob } from '../../support/in-process.ts';
import { MAPPING, twoShapes } from '../../support/two-shapes.ts';

const CONFIG = {
  mapping: MAPPING,
  tables: { include: ['land.property'] },
  batch_size: 50,
} as unknown as Partial<JobConfig>;

/** Kills the worker before or after its n-th transaction, copies and chunks counted together; the last count is kept. */
function killing(at: number, when: 'before' | 'after') {
  const seen = { n: 0 };
  const wrap = (real: Databases): Databases => ({
    ...real,
    async target(connection, as) {
      const target = await real.target(connection, as);
      const { commit, copy } = target;
      const around = async (go: () => Promise<void>) => {
        const mine = ++seen.n === at;
        if (mine && when === 'before') throw new Error(KILLED);
        await go();
        if (mine) throw new Error(KILLED);
      };
      target.commit = (chunk) => around(() => commit(chunk));
      target.copy = (chunk, source) => around(() => copy(chunk, source));
      return target;
    },
  });
  return { seen, ports: (): Ports => portsWith({}, wrap) };
}

/** A first job into an empty target (COPY), then one over changes, each with rows that cannot be computed. */
async function jobs(at: number, when: 'before' | 'after') {
  await using pair = await twoShapes(400);
  await pair.source.client.query(`alter type use add value 'IND'`);
  await pair.source.client.query(`update parcel set kind = 'IND' where parcel_id % 100 = 0`);
  const kill = killing(at, when);
  const first = await runJob(pair, CONFIG, { redeliver: true }, kill.ports());
  await pair.source.client.query(`
    update parcel set value = value + 1 where parcel_id % 3 = 0;
    update parcel set kind = 'IND' where parcel_id % 90 = 0;
    delete from parcel where parcel_id % 50 = 1`);
  const second = await runJob(pair, { ...CONFIG, delete_mode: 'mirror' }, { redeliver: true }, kill.ports());
  const { rows } = await pair.target.client.query(
    `select count(*)::text as n, count(*) filter (where assessed <> id * 10.5 + case when id % 3 = 0 then 1 else 0 end)::text as old,
       string_agg(id::text, ' ' order by id) filter (where id % 90 = 0 and id % 100 <> 0) as aside from land.property`,
  );
  const listed = await pair.target.client.query(
    `select count(*)::text as n from tf_sync.quarantine where job_id = $1`,
    [second.job.job_id],
  );
  const told = [first, second].map(({ job, counts }) => [job.state, counts]);
  return { told, rows, listed: listed.rows, transactions: kill.seen.n };
}

test('a worker that dies at any transaction leaves counts and rows as one that does not', {
  timeout: 240_000,
}, async () => {
  const whole = await jobs(0, 'before');

  expect(whole.told.map(([state]) => state)).toEqual(['completed_with_issues', 'completed_with_issues']);
  expect(whole.told[0]?.[1]).toMatchObject({ inserted: 396, quarantined: 4, read: 400 });
  expect(whole.rows).toEqual([{ n: '388', old: '4', aside: '90 180 270 360' }]);
  expect(whole.listed).toEqual([{ n: '8' }]);
  expect(whole.transactions).toBeGreaterThan(8);
  for (let at = 1; at <= whole.transactions; at++) {
    if (at % 3 === 0) continue; // each of the others one way: some 30 s in all
    const when = at % 3 === 1 ? 'before' : 'after';
    const { transactions: _, ...broken } = await jobs(at, when);
    expect([at, when, broken]).toEqual([at, when, { told: whole.told, rows: whole.rows, listed: whole.listed }]);
  }
});
