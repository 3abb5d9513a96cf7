import { Secret } from '../../lib/model/secret.ts';
import { ensureControlSchema } from '../../lib/postgres/schema-version.ts';
import { openSession } from '../../lib/postgres/session.ts';
import { ON_ONE_MACHINE } from '../support/rules.ts';
import type { Cluster } from './cluster.ts';

/** Where the time of a job's segments went, by the clock of the target's server. */
export interface DataPhase {
  /** From the first segment claimed to the last one finished, over all passes and the steps between them. */
  readonly seconds: number;
  /** The part of it in which at least one segment was claimed and not finished: without the steps between the passes. */
  readonly busySeconds: number;
  /** Claims per pass, as `apply 4, verify 4`. */
  readonly segments: string;
}

/**
 * The checkpoint keeps when a segment was last moved on, not when it was claimed; a trigger of the bench notes both.
 * It costs two inserts a segment. `finished` is noted just before the commit, so a few milliseconds early.
 */
const NOTES = `
  create unlogged table bench.note (stream text not null, pass text not null, what text not null, at timestamptz not null);
  create function bench.note() returns trigger language plpgsql as $$
  begin
    insert into bench.note values (new.stream, new.pass, tg_argv[0], clock_timestamp());
    return null;
  end $$;
  create trigger bench_claimed after update of owner on tf_sync.checkpoint
    for each row when (new.owner is not null) execute function bench.note('claimed');
  create trigger bench_finished after update of finished on tf_sync.checkpoint
    for each row when (new.finished and not old.finished) execute function bench.note('finished')`;

/** Makes the service's control schema in a fresh target, as a start would, and attaches the notes. */
export async function noteSegments(cluster: Cluster, target: string): Promise<void> {
  const url = new URL(cluster.url(target));
  const session = await openSession(
    {
      host: url.hostname,
      port: Number(url.port),
      database: target,
      user: url.username,
      password: new Secret(decodeURIComponent(url.password)),
      sslmode: 'disable',
    },
    { side: 'target', applicationName: 'bench', rules: ON_ONE_MACHINE, statementTimeoutMs: 0 },
  );
  try {
    await session.transaction(() => ensureControlSchema(session));
    await session.run(NOTES);
  } finally {
    await session.end();
  }
}

/** Reads the notes of the one job that has run in the target. */
export async function dataPhaseOf(cluster: Cluster, target: string): Promise<DataPhase> {
  return cluster.use(target, async (client) => {
    const { rows } = await client.query<{ seconds: number; busy: number; segments: string }>(`
      with segment as (
        select stream, pass, min(at) filter (where what = 'claimed') as began, max(at) filter (where what = 'finished') as ended
        from bench.note group by stream, pass)
      select extract(epoch from max(ended) - min(began))::float8 as seconds,
        (select extract(epoch from sum(upper(r) - lower(r)))::float8
         from unnest((select range_agg(tstzrange(began, ended)) from segment)) r) as busy,
        (select string_agg(pass || ' ' || n, ', ' order by pass) from (select pass, count(*) n from segment group by pass) p) as segments
      from segment`);
    const found = rows[0];
    if (!found) throw new TypeError('an aggregate answers one row');
    return { seconds: found.seconds, busySeconds: found.busy, segments: found.segments };
  });
}
