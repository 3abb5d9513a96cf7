import { expect, test } from 'vitest';
import { createPair } from '../../support/databases.ts';
import { runJob } from '../../support/in-process.ts';
import { few } from '../../support/level.ts';
import { type Asked, type Closure, closureOf, dangling, load, type OracleRow } from '../../support/project-oracle.ts';
import { change, createSchema, fill, randomSchema, seeded } from '../../support/random-projects.ts';

type Config = NonNullable<Parameters<typeof runJob>[1]>;

const ROWS = 8;

const id = (row: OracleRow) => `${row.table} ${row.key}`;
const text = (row: OracleRow) => `${id(row)} ${JSON.stringify(row.values)}`;
const byId = (rows: Iterable<OracleRow>) => new Map([...rows].map((r) => [id(r), r]));

/**
 * What the target should hold: rows of its own part that the source has no more are gone, those of the source's part are as the
 * source has them, but for parents that were there and are nobody's own here.
 */
function expected(
  source: Closure,
  target: Closure,
  before: Iterable<OracleRow>,
  follow: boolean,
): Map<string, OracleRow> {
  const [wanted, own, mine] = [byId(source.all), byId(source.descended), byId(target.descended)];
  const after = byId(before);
  for (const key of mine.keys()) if (!wanted.has(key)) after.delete(key);
  for (const [key, row] of wanted) if (!after.has(key) || own.has(key) || mine.has(key) || follow) after.set(key, row);
  return after;
}

const seeds = Array.from({ length: 12 }, (_, i) => i + 1);

test.each(few(seeds, 4))(
  'random schemas, rows and changes end as the walk of the rows says (seed %i)',
  { timeout: 120_000 },
  async (seed) => {
    const r = seeded(seed);
    const schema = randomSchema(r);
    await using pair = await createPair();
    for (const { client } of [pair.source, pair.target]) await createSchema(client, schema);
    await fill(pair.source.client, schema, ROWS, r);
    const root = r.below(schema.tables.length);
    const depth = r.chance(0.3) ? r.below(4) : undefined;
    const project = (key: number, parents: 'insert' | 'update'): Config => ({
      project: {
        root: `public.t${root}`,
        where: [{ column: 'a', op: 'in', values: [key, key + 1] }],
        parents,
        ...(depth !== undefined && { depth }),
      },
      delete_mode: 'mirror',
      max_delete_percent: 100,
    });

    for (const [round, key] of [1, 3, 1, 5, 3].entries()) {
      const parents = r.chance(0.5) ? 'insert' : 'update';
      const asked: Asked = {
        root: `public.t${root}`,
        roots: `a in (${key}, ${key + 1})`,
        ...(depth !== undefined && { depth }),
      };
      const [s, t] = [await load(pair.source.client), await load(pair.target.client)];
      const [source, target] = [
        await closureOf(pair.source.client, s, asked),
        await closureOf(pair.target.client, t, asked),
      ];
      if (byId([...source.all].filter((x) => x.table === asked.root)).size + target.descended.size === 0) continue;
      const wanted = expected(source, target, [...t.rows.values()].flat(), parents === 'update');

      const { job, counts } = await runJob(pair, project(key, parents));

      const now = byId([...(await load(pair.target.client)).rows.values()].flat());
      const title = `seed ${seed} round ${round}`;
      expect([title, job.failure]).toEqual([title, undefined]);
      // what is below a row that is now only a parent left the project with it; else a row stays because others refer to it, by name
      const after = byId((await closureOf(pair.target.client, await load(pair.target.client), asked)).descended);
      const stayed = [...now.keys()].filter((k) => !wanted.has(k));
      const named = stayed.filter((k) => after.has(k)).length;
      // what the job itself brought under the project, with a row above it, is the next job's: this one may meet it and name it
      const [held, have] = [byId(target.descended), byId(source.all)];
      const entered = [...after.keys()].filter((k) => !held.has(k) && !have.has(k)).length;
      const { quarantined } = counts;
      expect([title, job.state]).toEqual([title, quarantined > 0 ? 'completed_with_issues' : 'completed']);
      expect(quarantined).toBeGreaterThanOrEqual(named);
      expect(quarantined).toBeLessThanOrEqual(named + entered);
      for (const k of stayed) now.delete(k);
      expect([title, [...now.values()].map(text).sort()]).toEqual([title, [...wanted.values()].map(text).sort()]);
      expect(await dangling(pair.target.client)).toEqual([]);
      await change(pair.source.client, schema, ROWS, r);
      if (r.chance(0.5)) await change(pair.target.client, schema, ROWS, r);
    }
  },
);
