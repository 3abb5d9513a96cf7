import pg from 'pg';
import type { Postgres } from '../postgres.ts';
import { type Drift, drift } from './drift.ts';
import { helpers, rows, sizeOf } from './rows.ts';
import { REFERENCES, TABLES } from './schema.ts';

const NAMES = { source: 'county_production', target: 'county_training' };

export interface Demo {
  readonly sourceUrl: string;
  readonly targetUrl: string;
  readonly sourceDatabase: string;
  readonly targetDatabase: string;
  readonly scale: number;
  readonly seed: number;
  /** False when the databases were there already and were left as they are. */
  readonly created: boolean;
  /** What drifted; only when created. */
  readonly drift?: Drift;
}

export interface DemoOptions {
  /** 1 is about 50,000 rows. Left out: whatever is there, else 1. */
  readonly scale?: number;
  readonly seed?: number;
  /** Drops what is there. So does another scale or seed than what is there. */
  readonly recreate?: boolean;
  /** Default: county_production and county_training. */
  readonly names?: { readonly source: string; readonly target: string };
}

/**
 * Makes the demo county: production, and a training copy of it that has drifted (`drift`). 2 s at scale 1.
 *
 * Finds databases that are there from an earlier call and leaves them alone. One that was cut short is made anew.
 */
export async function createDemo(postgres: Pick<Postgres, 'url'>, options: DemoOptions = {}): Promise<Demo> {
  const admin = await connect(postgres.url('postgres'));
  try {
    const names = options.names ?? NAMES;
    const found = await findDemo(admin, names);
    const scale = options.scale ?? found?.scale ?? 1;
    const seed = options.seed ?? found?.seed ?? 1;
    const fits = found !== undefined && found.scale === scale && found.seed === seed && !options.recreate;
    const drifted = fits ? undefined : await build(admin, postgres, { scale, seed, names });
    return {
      sourceUrl: postgres.url(names.source),
      targetUrl: postgres.url(names.target),
      sourceDatabase: names.source,
      targetDatabase: names.target,
      scale,
      seed,
      created: !fits,
      ...(drifted && { drift: drifted }),
    };
  } finally {
    await admin.end();
  }
}

// The comment is written last, so a database that has it is complete.
async function findDemo(admin: pg.Client, names: typeof NAMES): Promise<{ scale: number; seed: number } | undefined> {
  const { rows: found } = await admin.query(
    `select shobj_description(oid, 'pg_database') as note from pg_database where datname in ($1, $2)`,
    [names.source, names.target],
  );
  const [note, other] = found.map((row) => /^demo county, scale ([\d.]+), seed (\d+)$/.exec(row.note ?? ''));
  return note && other ? { scale: Number(note[1]), seed: Number(note[2]) } : undefined;
}

async function build(
  admin: pg.Client,
  postgres: Pick<Postgres, 'url'>,
  { scale, seed, names }: { scale: number; seed: number; names: typeof NAMES },
): Promise<Drift> {
  const source = pg.escapeIdentifier(names.source);
  const target = pg.escapeIdentifier(names.target);
  for (const name of [target, source]) await admin.query(`drop database if exists ${name} with (force)`);
  await admin.query(`create database ${source}`);
  const maker = await connect(postgres.url(names.source));
  await loadCounty(maker, { scale, seed });
  await maker.end();

  // from some 100,000 rows on, copying files beats writing them through the log
  const strategy = scale > 2 ? 'file_copy' : 'wal_log';
  await admin.query(`create database ${target} template ${source} strategy ${strategy}`);
  const production = await connect(postgres.url(names.source));
  const training = await connect(postgres.url(names.target));
  const drifted = await drift({ production, training }, { seed });
  await Promise.all([production.query('vacuum analyze'), training.query('vacuum analyze')]);
  await Promise.all([production.end(), training.end()]);
  for (const name of [source, target]) {
    await admin.query(`comment on database ${name} is 'demo county, scale ${scale}, seed ${seed}'`);
  }
  return drifted;
}

/** Makes the county's tables and rows in an empty database. */
export async function loadCounty(client: pg.ClientBase, options: { scale: number; seed: number }): Promise<void> {
  await client.query(`begin; set local timezone = 'UTC'; set local synchronous_commit = off; ${TABLES}`);
  await client.query(helpers(options.seed));
  await client.query(rows(sizeOf(options.scale)));
  await client.query(REFERENCES);
  await client.query('commit');
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  client.on('error', () => {}); // the next query reports it
  await client.connect();
  return client;
}
