import { expect, test } from 'vitest';
import { compareDatabases, summary } from '../../support/compare.ts';
import { createPair, type TestPair } from '../../support/databases.ts';
import { runJob } from '../../support/in-process.ts';

const SWAP = `
  create table codes (id int primary key, code text unique, label text);
  create table uses (id int primary key, code text references codes (code) on update ACTION)`;

async function swapped(pair: TestPair, action: string): Promise<void> {
  for (const { client } of [pair.source, pair.target]) {
    await client.query(SWAP.replace('ACTION', action));
    await client.query(`insert into codes values (1, 'A', 'x'), (2, 'B', 'y'), (3, 'C', 'z')`);
  }
  await pair.source.client.query(`update codes set code = 'tmp' where id = 1; update codes set code = 'A' where id = 2;
    update codes set code = 'B' where id = 1`);
  await pair.source.client.query(`insert into uses values (10, 'A'), (11, 'B')`);
  // the target's own rows, and one that the source has too
  await pair.target.client.query(`insert into uses values (11, 'A'), (20, 'A'), (21, 'B'), (22, 'C')`);
}

const kept = async ({ target }: TestPair) =>
  (await target.client.query('select id, code from uses where id >= 20 order by id')).rows;

test.each(['id', 'code'])(
  'rows that follow an exchanged value by ON UPDATE CASCADE follow it to the end (in scope: %s)',
  async (scope) => {
    await using pair = await createPair();
    await swapped(pair, 'cascade');
    const tables = scope === 'id' ? {} : { include: ['public.codes'] };

    const { job, counts } = await runJob(pair, { tables });

    expect(job.state).toBe('completed');
    expect(counts.quarantined).toBe(0);
    // 20 referred to row 1, which is called B now; and so on
    expect(await kept(pair)).toEqual([
      { id: '20', code: 'B' },
      { id: '21', code: 'A' },
      { id: '22', code: 'C' },
    ]);
    if (scope === 'code') return;
    const { rows } = await pair.target.client.query('select id, code from uses where id < 20 order by id');
    expect(rows).toEqual([
      { id: '10', code: 'A' },
      { id: '11', code: 'B' },
    ]);
  },
);

test('an exchange that would make referring rows forget their value is refused, and nothing is lost', async () => {
  await using pair = await createPair();
  await swapped(pair, 'set null');

  const { job, counts } = await runJob(pair, { tables: { include: ['public.codes'] } });

  expect(job.state).toBe('completed_with_issues');
  expect(counts).toMatchObject({ quarantined: 2, updated: 0, unchanged: 1 });
  expect(await kept(pair)).toEqual([
    { id: '20', code: 'A' },
    { id: '21', code: 'B' },
    { id: '22', code: 'C' },
  ]);
});

test('no action: an exchange of values that rows refer to goes through only where the check can wait', async () => {
  await using pair = await createPair();
  await swapped(pair, 'no action deferrable initially deferred');

  const { job } = await runJob(pair);

  expect(job.state).toBe('completed');
  expect(summary(await compareDatabases(pair.source.client, pair.target.client))).not.toHaveProperty('public.codes');
});
