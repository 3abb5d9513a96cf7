import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { maskSchema } from '../../lib/model/mask.ts';
import { compileExpression } from '../../lib/transformer/compile-expression.ts';
import { compileMask } from '../../lib/transformer/compile-mask.ts';
import type { Compiled } from '../../lib/transformer/sql-expression.ts';
import { columnsOf, envOf, PINS } from '../pg/transform/support.ts';
import type { Cluster } from './cluster.ts';
import { secondsOf } from './limits.ts';
import { median, spread, table } from './report.ts';

const DATABASE = 'bench_transform';

const TABLE = `create table public.parcels as
  select g::int8 as id, 'R-' || pg_catalog.lpad(g::text, 8, '0') as number, ('Owner ' || g % 5000)::varchar(60) as owner,
    (g % 9000 || ' Main St')::varchar(80) as address, 'u' || g || '@county.gov' as email, (g % 900000 * 1.25)::numeric(12,2) as value,
    (g % 1000 || '.50') as acres_text, date '2000-01-01' + (g % 9000)::int as sold, g % 3 = 0 as exempt
  from pg_catalog.generate_series(1, $ROWS) g`;

/** What each line of the report reads, by column: the column itself, an expression, or a mask. */
const CASES: Readonly<Record<string, Readonly<Record<string, string | object>>>> = {
  rename: {},
  cast: { value: 'string(value)', acres_text: 'decimal(acres_text)' },
  'three expressions': {
    owner: "upper(trim(owner)) + ' / ' + number.substring(2)",
    value: 'exempt ? 0.0 : round(value * 1.031, 2)',
    acres_text: 'decimal(acres_text) > 100.0 ? year(sold) : year(addDays(sold, 30))',
  },
  'mask: hash of a text': { email: { kind: 'hash' } },
  'mask: digits of a text': { number: { kind: 'digits' } },
  'mask: digits of a bigint': { id: { kind: 'digits' } },
  'mask: full name': { owner: { kind: 'fake', as: 'full_name' } },
  'mask: noise': { value: { kind: 'noise', percent: 5 } },
  'four masks': {
    owner: { kind: 'fake', as: 'full_name' },
    address: { kind: 'fake', as: 'street_address' },
    email: { kind: 'fake', as: 'email' },
    sold: { kind: 'shift_days', days: 30 },
  },
};

const drain = () => new Writable({ write: (_chunk, _encoding, done) => done() });
const copied = (client: pg.Client, what: string) =>
  secondsOf(() => pipeline(client.query(copyTo(`copy ${what} to stdout`)), drain()));

function sqlOf(result: Compiled): string {
  if (!('ok' in result)) throw new Error(JSON.stringify(result.problems));
  return result.ok.sql;
}

/** COPY of the compiled select beside COPY of the table, by one backend: rows a second of one core. */
export async function transform(
  cluster: Cluster,
  options: { readonly rows: number; readonly runs: number; readonly say: (line: string) => void },
): Promise<string> {
  await cluster.drop(DATABASE);
  await cluster.use('postgres', (admin) => admin.query(`create database ${DATABASE} template template0`));
  const body = await cluster.use(DATABASE, async (client) => {
    await client.query(PINS);
    await client.query(TABLE.replace('$ROWS', String(options.rows)));
    await client.query('vacuum analyze public.parcels');
    await client.query(`select pg_catalog.set_config('tfsync.mask_key', pg_catalog.repeat('k', 64), false)`);
    const columns = await columnsOf(client, 'public.parcels');
    const env = envOf(columns);
    const selectOf = (changed: Readonly<Record<string, string | object>>) => {
      const list = columns.map((c) => {
        const how = changed[c.name];
        if (how === undefined) return `t."${c.name}"`;
        return sqlOf(
          typeof how === 'string' ? compileExpression(how, env) : compileMask(maskSchema.parse(how), c, env),
        );
      });
      return `(select ${list.map((sql, i) => `${sql} as "x${i}"`).join(', ')} from public.parcels t)`;
    };
    const reads = {
      'pass-through (COPY of the table)': 'public.parcels',
      ...Object.fromEntries(Object.entries(CASES).map(([name, c]) => [name, selectOf(c)])),
    };
    const seconds = new Map<string, number[]>(Object.keys(reads).map((name) => [name, []]));
    await copied(client, 'public.parcels'); // into shared memory
    for (let run = 1; run <= options.runs; run++) {
      for (const [name, what] of Object.entries(reads)) {
        const took = await copied(client, what);
        seconds.get(name)?.push(took);
        options.say(`run ${run}, ${name}: ${took.toFixed(2)} s`);
      }
    }
    const [plain] = [...seconds.values()].map(median);
    return table([
      ['reads', 's', 'rows per second and core', 'share of the pass-through'],
      ...[...seconds].map(([name, took]) => [
        name,
        spread(took),
        String(Math.round(options.rows / median(took))),
        ((plain ?? 0) / median(took)).toFixed(2),
      ]),
    ]);
  });
  await cluster.drop(DATABASE);
  return `${body}\n\n${options.rows} rows of 9 columns; the row failures that a job also computes are not in it`;
}
