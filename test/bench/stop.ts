import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import type { LocalService } from './local-service.ts';
import { median, spread, verdict } from './report.ts';

/** Issue 3 of the tracker's plan: the slowest of 30 stops over a busy job of a million rows. */
const GOAL = { goal: 3, floor: 3 };

const SOURCE = 'stop_source';
const TARGET = 'stop_target';

/** The target has every other row with another value, so that every chunk writes; each statement leaves its time. */
async function makePair(cluster: Cluster, rows: number): Promise<void> {
  for (const name of [SOURCE, TARGET]) {
    await cluster.drop(name);
    await cluster.use('postgres', (admin) => admin.query(`create database ${name} template template0`));
    await cluster.use(name, async (client) => {
      await client.query('create table t (id int8 primary key, x text)');
      const every = name === SOURCE ? 1 : 2;
      await client.query(
        `insert into t select i, md5((i * $2::int)::text) from generate_series(1, $1::int, $2::int) i`,
        [rows, every],
      );
      await client.query('analyze t');
      if (name === SOURCE) return;
      await client.query(`create table writes (at timestamptz);
        create function note_write() returns trigger language plpgsql as 'begin insert into public.writes values (clock_timestamp()); return null; end';
        create trigger note_write after insert or update on t for each statement execute function note_write()`);
    });
  }
}

/** Stops a busy job again and again: how long each stop takes, and whether anything is written after it was reported. */
export async function stop(
  cluster: Cluster,
  service: LocalService,
  options: { readonly rows: number; readonly stops: number; readonly say: (line: string) => void },
): Promise<string> {
  await makePair(cluster, options.rows);
  const start = () =>
    service.api.start('full', {
      source_connection: cluster.url(SOURCE),
      target_connection: cluster.url(TARGET),
      config: {},
    });
  const written = (after = '-infinity') =>
    cluster.use(TARGET, async (client) => {
      const { rows } = await client.query('select count(*)::int as n from writes where at > $1::timestamptz', [after]);
      return rows[0].n as number;
    });
  let jobId = (await start()).job_id;
  const seconds: number[] = [];
  let late = 0;
  while (seconds.length < options.stops) {
    const seen = await written();
    let state = 'running';
    while ((await written()) === seen && state !== 'completed') {
      state = (await service.api.status(jobId)).state;
      await pause(20);
    }
    if (state === 'completed') {
      await makePair(cluster, options.rows);
      jobId = (await start()).job_id;
      continue;
    }
    await pause(Math.random() * 300);
    const startedMs = performance.now();
    const moved = await service.api.stop(jobId);
    if (moved.state !== 'stopped') continue; // it completed meanwhile
    seconds.push((performance.now() - startedMs) / 1000);
    const at = await cluster.use(
      TARGET,
      async (client) => (await client.query('select clock_timestamp()::text as at')).rows[0].at,
    );
    await pause(1_000);
    late += await written(at);
    options.say(`stop ${seconds.length}: ${seconds.at(-1)?.toFixed(2)} s, ${late} late writes so far`);
    await service.api.resume(jobId);
  }
  await service.api.stop(jobId);
  const slowest = Math.max(...seconds);
  return [
    `${seconds.length} stops of a busy job over ${options.rows} rows: ${spread(seconds)} s, median ${median(seconds).toFixed(2)} s, slowest ${slowest.toFixed(2)} s.`,
    `- slowest stop: ${verdict(slowest, GOAL)}`,
    `- writes after \`stopped\` was reported: ${late}`,
  ].join('\n');
}
