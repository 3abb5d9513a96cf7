import type { BaselineChanges, Generation, PairTable } from '../model/baseline.ts';
import type { Segment } from '../model/table.ts';
import { dropBases } from './base-rows.ts';
import type { Session } from './session.ts';

const identity = (p: PairTable) => [
  p.source.system,
  p.source.database,
  p.sourceTable.schema,
  p.sourceTable.name,
  p.targetTable.schema,
  p.targetTable.name,
  p.scope,
];

const SAME_PAIR = `(g.source_system, g.source_database, g.source_schema, g.source_name, g.target_schema, g.target_name, g.scope)
  = ($1, $2, $3, $4, $5, $6, $7)`;

const SAME_TABLES = `(g.source_system, g.source_database, g.source_schema, g.source_name, g.target_schema, g.target_name)
  = ($1, $2, $3, $4, $5, $6)`;

/** Every generation of a pair's table, newest first. */
export async function generations(session: Session, pair: PairTable): Promise<readonly Generation[]> {
  const rows = await session.query(
    `select g.id::text, g.stamp, g.layout::text, g.whole::text, g.base::text, g.base_stamp from tf_sync.pair_table g where ${SAME_PAIR} order by g.id desc`,
    identity(pair),
  );
  return rows.map(([id, stamp, layout, whole, base, baseStamp]) => ({
    id: Number(id),
    stamp: stamp ?? '',
    layout: JSON.parse(layout ?? '[]') as Segment[], // written by changeBaselines
    whole: whole === 'true',
    ...(base !== null && { base: { id: Number(base), stamp: baseStamp ?? '' } }),
  }));
}

/** A number for a generation to come; one that is never used leaves a gap and nothing else. */
export async function nextGeneration(session: Session): Promise<number> {
  const [row] = await session.query(`select nextval('tf_sync.generation')::text`);
  return Number(row?.[0]);
}

/** Forgets generations with all their keys. Inside the caller's transaction. Cost: about 4 s for the keys of 100 million rows. */
export async function dropGenerations(session: Session, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  await session.query('delete from tf_sync.baseline e where e.pair_table = any($1::int4[])', [ids]);
  const dropped = await session.query(
    'delete from tf_sync.pair_table g where g.id = any($1::int4[]) returning g.base::text',
    [ids],
  );
  await dropUnused(
    session,
    dropped.flatMap(([base]) => base ?? []),
  );
}

/** A base may have gone over to a later generation. */
async function dropUnused(session: Session, bases: readonly string[]): Promise<void> {
  if (bases.length === 0) return;
  const rows = await session.query(
    'select b::text from unnest($1::int4[]) b where not exists (select from tf_sync.pair_table g where g.base = b)',
    [bases],
  );
  await dropBases(
    session,
    rows.flatMap(([base]) => base ?? []),
  );
}

/** Drops the bases of tables whose rows are going to be written without asking what the last decision was; of any scope. */
async function unbase(session: Session, pair: PairTable): Promise<void> {
  const dropped = await session.query(
    `with old as (select g.id, g.base from tf_sync.pair_table g where ${SAME_TABLES} and g.base is not null for update)
     update tf_sync.pair_table g set base = null, base_stamp = null from old where g.id = old.id returning old.base::text`,
    identity(pair).slice(0, -1),
  );
  await dropUnused(
    session,
    dropped.flatMap(([base]) => base ?? []),
  );
}

/** Begins and drops generations, inside the transaction that stores the plans. */
export async function changeBaselines(session: Session, changes: BaselineChanges): Promise<void> {
  const forgotten = await session.query(
    `select g.id::text from tf_sync.pair_table g
     join unnest($1::text[], $2::text[]) u(s, n) on (g.target_schema, g.target_name) = (u.s, u.n)`,
    [changes.forget.map((t) => t.schema), changes.forget.map((t) => t.name)],
  );
  await dropGenerations(session, [...changes.drop, ...forgotten.map((r) => Number(r[0]))]);
  const [based] = await session.query(
    'select exists (select from tf_sync.pair_table g where g.base is not null)::text',
  );
  if (based?.[0] === 'true') for (const pair of changes.unbase) await unbase(session, pair);
  for (const { id, pair, stamp, layout, base } of changes.begin) {
    await session.query(
      `insert into tf_sync.pair_table (source_system, source_database, source_schema, source_name, target_schema, target_name, scope, id, stamp, layout, base, base_stamp)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      [
        ...identity(pair),
        String(id),
        stamp,
        JSON.stringify(layout),
        base ? String(base.id) : null,
        base?.stamp ?? null,
      ],
    );
  }
}

/** Bases of keys that earlier generations knew and that are on neither side any more: nobody files or finds them again. */
async function forgetLost(session: Session, own: readonly number[], older: readonly number[]): Promise<void> {
  if (older.length === 0) return;
  await session.query(
    `with u as materialized (
       select distinct n.base, k.k from tf_sync.pair_table n join tf_sync.pair_table o on o.base = n.base and o.id = any($2::int4[])
       join tf_sync.baseline e on e.pair_table = o.id cross join unnest(e.keys) k(k) where n.id = any($1::int4[])
       except
       select n.base, k.k from tf_sync.pair_table n join tf_sync.baseline e on e.pair_table = n.id cross join unnest(e.keys) k(k)
       where n.id = any($1::int4[]))
     delete from tf_sync.base_row w using u where (w.base, w.k) = (u.base, u.k)`,
    [own, older],
  );
}

/**
 * Notes that every key has been filed under these generations, and drops the earlier ones that were read besides them.
 * Under the epoch fence: does nothing for a run that was superseded.
 */
export async function completeGenerations(
  session: Session,
  job: { readonly jobId: string; readonly epoch: number },
  own: readonly number[],
  older: readonly number[],
): Promise<void> {
  if (own.length === 0) return;
  await session.transaction(async () => {
    const fence = await session.query(
      'select 1 from tf_sync.job where job_id = $1 and epoch = $2 and not ended for share',
      [job.jobId, String(job.epoch)],
    );
    if (fence.length === 0) return;
    await session.query('update tf_sync.pair_table g set whole = true where g.id = any($1::int4[]) and not g.whole', [
      own,
    ]);
    await forgetLost(session, own, older);
    await dropGenerations(session, older);
  });
}
