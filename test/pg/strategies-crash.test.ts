import { expect, test } from 'vitest';
import { KILLED, ports, runJob } from '../support/in-process.ts';
import { turns } from '../support/level.ts';
import { meddled } from '../support/meddle.ts';
import { type Case, cases, configOf, differ, expected, inStep, left } from '../support/strategy-cases.ts';

/** Counts every row the service writes: a row applied twice shows. */
const WRITES = 'create table writes (id text, how text)';
const COUNTER = `create function count_write() returns trigger language plpgsql as
  'begin insert into public.writes values (coalesce(new.b, old.b), tg_op); return null; end';
  create trigger count_write after insert or update or delete on t for each row execute function count_write()`;

const config = (c: Case) => ({ ...configOf(c), batch_size: 4, tables: { include: ['public.t'] } });

test.each(cases)(
  '$title applies each change once, whichever commit its worker dies before or after',
  { timeout: 120_000 },
  async (c) => {
    await using pair = await inStep(c);
    for (const db of [pair.source, pair.target]) await db.client.query(WRITES);
    await pair.target.client.query(COUNTER);
    let commits = 1;

    for (let at = 1, round = 0; at <= commits; at++) {
      for (const when of turns(at)) {
        await differ(pair, round++, 4);
        await pair.target.client.query('delete from writes');
        commits = 0;
        const onCommit = async (n: number, commit: () => Promise<void>) => {
          commits = n;
          if (n === at && when === 'before') throw new Error(KILLED);
          await commit();
          if (n === at && when === 'after') throw new Error(KILLED);
        };
        const p = { ...ports(), databases: meddled({ onCommit }) };
        const { job, counts } = await runJob(pair, config(c), { redeliver: true }, p, c.mode);
        const { rows } = await pair.target.client.query(
          'select how, count(*), count(distinct id) as ids from writes group by 1',
        );
        const wrote = Object.fromEntries(rows.map((r) => [r.how, [r.count, r.ids]]));
        const once = (count: number) => (count > 0 ? [String(count), String(count)] : undefined);

        expect(job.failure, `${when} ${at}`).toBeUndefined();
        expect([wrote.INSERT, wrote.UPDATE, wrote.DELETE], `${when} ${at}`).toEqual(
          [counts.inserted, counts.updated, counts.deleted].map(once),
        );
        expect(await left(pair), `${when} ${at}`).toEqual(expected(c, round * 4));
      }
    }
    expect(commits).toBeGreaterThan(3);
  },
);
