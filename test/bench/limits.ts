import { pipeline } from 'node:stream/promises';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { PlannedColumn } from '../../lib/model/table.ts';
import { columnSql } from '../../lib/postgres/columns.ts';
import { mixed, rowHash } from '../../lib/postgres/fingerprint.ts';
import type { Cluster } from './cluster.ts';
import { type Kind, sourceOf } from './workload.ts';

/** Seconds that `work` takes. */
export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}

/** Reads and hashes every row once: the least that a full comparison can cost. */
const HASH_ALL = 'select bit_xor(hash_record_extended(t, 0)) from parcels t';

/**
 * The limit of a diff: both sides at once, one hash each. Once untimed before, so that both are in shared memory.
 *
 * Connections are made before the clock starts.
 */
export async function hashBothSides(
  cluster: Cluster,
  source: string,
  target: string,
  query = HASH_ALL,
): Promise<{ readonly seconds: number; readonly cpuSeconds: number }> {
  const clients = await Promise.all([cluster.connect(source), cluster.connect(target)]);
  const both = () => Promise.all(clients.map((client) => client.query(query)));
  try {
    await both();
    const before = cluster.cpuSeconds();
    const seconds = await secondsOf(both);
    return { seconds, cpuSeconds: cluster.cpuSeconds() - before };
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

/** `HASH_ALL` with the product's own fingerprint, which tells every two rows apart: the least that a sound comparison costs. */
export async function soundHash(cluster: Cluster, database: string): Promise<string> {
  const columns = await cluster.use(database, async (client) => {
    const { rows } = await client.query<{ name: string; type: string }>(
      `select a.attname as name, t.typname as type from pg_attribute a join pg_type t on t.oid = a.atttypid
       where a.attrelid = 'parcels'::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    );
    return rows.map(({ name, type }): PlannedColumn => {
      const own = { schema: 'pg_catalog', name: type, kind: 'b' };
      return { name, type: { ...own, base: own } };
    });
  });
  const hash = rowHash('fast', columns, columnSql('target', 't'));
  return `select bit_xor(${mixed('q.h')}) from (select ${hash} as h from parcels t offset 0) q`;
}

/** What has to change, known beforehand: rows in COPY binary, and keys that are too many. */
export interface Delta {
  readonly rows: Buffer;
  readonly extra: readonly string[];
}

/** The delta of a kind as the generator knows it. */
export async function deltaOf(cluster: Cluster, rows: number, kind: Kind): Promise<Delta> {
  return cluster.use(sourceOf(rows), async (client) => {
    const wanted = (what: string) =>
      `select 2 * i as key, i from generate_series(1, ${rows}::bigint) i where bench.change(i, ${rows}, '${kind}') in (${what})`;
    const chunks: Buffer[] = [];
    await pipeline(
      client.query(
        copyTo(
          `copy (select p.* from (${wanted(`'update', 'missing'`)}) w join parcels p on p.parcel_id = w.key) to stdout (format binary)`,
        ),
      ),
      async (stream: AsyncIterable<Buffer>) => {
        for await (const chunk of stream) chunks.push(chunk);
      },
    );
    const extra = await client.query<{ key: string }>(`select (key + 1)::text as key from (${wanted(`'extra'`)}) w`);
    return { rows: Buffer.concat(chunks), extra: extra.rows.map((row) => row.key) };
  });
}

const APPLY = [
  `update parcels p set pin = s.pin, owner = s.owner, situs = s.situs, land_value = s.land_value,
     improvement_value = s.improvement_value, assessed_at = s.assessed_at, attributes = s.attributes,
     is_exempt = s.is_exempt, updated_at = s.updated_at from stage s where p.parcel_id = s.parcel_id`,
  'insert into parcels select s.* from stage s where not exists (select from parcels p where p.parcel_id = s.parcel_id)',
] as const;

/** The raw apply: a known delta by COPY into a stage, then update, insert and delete, in one transaction. Spoils the target. */
export async function applyDelta(cluster: Cluster, target: string, delta: Delta): Promise<number> {
  return cluster.use(target, async (client) => {
    await client.query('select count(*) from parcels'); // into shared memory
    return secondsOf(async () => {
      await client.query('begin; create temp table stage (like parcels) on commit drop');
      await pipeline([delta.rows], client.query(copyFrom('copy stage from stdin (format binary)')));
      for (const statement of APPLY) await client.query(statement);
      await client.query('delete from parcels where parcel_id = any($1::int8[])', [delta.extra]);
      await client.query('commit');
    });
  });
}
