import { expect, test } from 'vitest';
import type { Conflict } from '../../../lib/model/conflict.ts';
import { applyDecision } from '../../../lib/orchestrator/resolve-conflict.ts';
import { resumeJob } from '../../../lib/orchestrator/resume-job.ts';
import { stopJob } from '../../../lib/orchestrator/stop-job.ts';
import { createPair, type TestPair } from '../../support/databases.ts';
import { run as goOn, KILLED, ports, runJob, start } from '../../support/in-process.ts';
import { meddled } from '../../support/meddle.ts';
import { toldConflicts } from '../../support/memory-conflicts.ts';
import { parcel, parcelsPair } from '../../support/parcels.ts';
import { type Asked, everything, projectIn } from '../../support/project-oracle.ts';

const ASKED: Asked = { root: 'public.parcels', roots: 'id = 1' };

/** Counts every row the service writes: one applied twice shows. */
const COUNTER = `create table writes (id text, how text);
  create function count_write() returns trigger language plpgsql as
  $$begin insert into public.writes values (tg_table_name || coalesce(new.id, old.id), tg_op); return null; end$$`;

async function counted(pair: TestPair): Promise<void> {
  await pair.source.client.query('create table writes (id text, how text)');
  await pair.target.client.query(COUNTER);
  for (const t of ['owners', 'parcels', 'items', 'notes'])
    await pair.target.client.query(
      `create trigger count_write after insert or update or delete on ${t} for each row execute function count_write()`,
    );
}

const writes = async (pair: TestPair) =>
  (await pair.target.client.query('select id, how, count(*) from writes group by 1, 2 having count(*) > 1')).rows;

/** Parcel 1 differs in every way: new rows, changed ones, some that went and some that moved; so does parcel 2. */
async function differ(pair: TestPair): Promise<void> {
  await pair.source.client.query(`
    insert into owners values (4, 'o4'); update parcels set owner_id = 4, x = 'new';
    insert into items select 100 * p + i, p, 'new' from generate_series(1, 2) p, generate_series(1, 3) i;
    insert into notes select 10 * id, id, 'new' from items where id >= 100;
    update items set parcel_id = 3 where id = 11; update items set x = 'new' where id in (12, 22);
    delete from notes where item_id in (13, 23); delete from items where id in (13, 23)`);
}

const others = async (pair: TestPair) =>
  (
    await pair.target.client.query(
      `select 'items', id, xmin::text from items where parcel_id <> 1 union all select 'parcels', id, xmin::text from parcels where id <> 1 order by 1, 2`,
    )
  ).rows;

test('whichever commit its worker dies before or after, each row is written once, and no other project is touched', {
  timeout: 120_000,
}, async () => {
  let commits = 1;
  for (let at = 1; at <= commits; at++) {
    for (const when of ['before', 'after'] as const) {
      await using pair = await parcelsPair();
      await counted(pair);
      await differ(pair);
      const before = await others(pair);
      commits = 0;
      const onCommit = async (n: number, commit: () => Promise<void>) => {
        commits = n;
        if (n === at && when === 'before') throw new Error(KILLED);
        await commit();
        if (n === at && when === 'after') throw new Error(KILLED);
      };
      const p = { ...ports(), databases: meddled({ onCommit }) };

      const { job } = await runJob(
        pair,
        { ...parcel(1, { exclude: ['public.writes'] }), batch_size: 4 },
        { redeliver: true },
        p,
      );

      expect([when, at, job.failure, job.state]).toEqual([when, at, undefined, 'completed']);
      expect(await writes(pair)).toEqual([]);
      expect(await others(pair)).toEqual(before);
      expect(await projectIn(pair.target.client, ASKED)).toEqual(await projectIn(pair.source.client, ASKED));
    }
    at += 2; // every third commit: each costs two databases
  }
  expect(commits).toBeGreaterThan(6);
});

test('a job that is stopped between two commits goes on from there', async () => {
  await using pair = await parcelsPair();
  await counted(pair);
  await differ(pair);
  const p = ports();
  const job = await start(pair, { ...parcel(1), batch_size: 2 }, p);
  const onCommit = async (n: number, commit: () => Promise<void>) => {
    if (n === 5) await stopJob({ jobId: job.job_id, actor: 'operator' }, p);
    await commit();
  };

  await goOn(job, { ...p, databases: meddled({ onCommit }) });
  const stopped = await p.jobs.get(job.job_id);
  const resumed = await resumeJob({ jobId: job.job_id, actor: 'operator' }, p);
  const ended = await goOn(resumed, p);

  expect(stopped?.state).toBe('stopped');
  expect([ended.failure, ended.state]).toEqual([undefined, 'completed']);
  expect(await writes(pair)).toEqual([]);
  expect(await projectIn(pair.target.client, ASKED)).toEqual(await projectIn(pair.source.client, ASKED));
});

test('conflicts are met in the project alone, and what left it is decided like a deletion', async () => {
  await using pair = await parcelsPair();
  const store = toldConflicts();
  const p = { ...ports(), conflicts: store };
  const config = { ...parcel(1), delete_mode: 'tracked' as const, conflict_strategy: 'manual' };
  await runJob(pair, config, {}, p);
  const sides = [
    [pair.source, 'source'],
    [pair.target, 'target'],
  ] as const;
  for (const [side, name] of sides) {
    await side.client.query(`update items set x = '${name}' where id in (11, 21); update owners set name = '${name}'`);
  }
  // 12 leaves; 13 leaves, and the target has changed it; 14 was changed in the target alone
  await pair.source.client.query('update items set parcel_id = 2 where id in (12, 13)');
  await pair.target.client.query(`update items set x = 'target' where id in (13, 14)`);

  const { job, counts } = await runJob(pair, config, {}, p, 'incremental');

  expect([job.failure, job.state]).toEqual([undefined, 'completed_with_issues']);
  const open = [...store.all.values()].filter((c) => c.state === 'open');
  expect(open.map((c) => `${c.table} ${c.key.join()} ${c.type}`).sort()).toEqual([
    'public.items 11 update_differing',
    'public.items 13 delete_updated',
  ]);
  expect(counts.deleted).toBe(3); // 12, and the notes of both: nobody has changed those
  const { rows } = await pair.target.client.query(
    'select id, x from items where id in (11, 12, 13, 14, 21) order by id',
  );
  expect(rows.map((r) => `${r.id} ${r.x}`)).toEqual(['11 target', '13 target', '14 target', '21 target']);
});

test('open conflicts of rows outside of a project are none of its business, and a row that left it is seen where it is', async () => {
  await using pair = await parcelsPair();
  const store = toldConflicts();
  const p = { ...ports(), conflicts: store };
  const all = { delete_mode: 'tracked', conflict_strategy: 'manual' } as const;
  const decide = (c: Conflict, expected = c.prints) =>
    applyDecision({ conflict: c, decision: { side: 'source' }, expected, actor: 'ada' }, p);
  const open = () => [...store.all.values()].filter((c) => c.state === 'open');
  const conflictOn = (id: string) => open().find((c) => c.key.join() === id) as Conflict;
  const project = () => runJob(pair, { ...parcel(1), ...all }, {}, p);
  await project();
  await runJob(pair, all, {}, p);
  for (const side of ['source', 'target'] as const)
    await pair[side].client.query(`update items set x = '${side}' where id in (21, 22, 13)`);
  const first = await runJob(pair, all, {}, p);
  await pair.target.client.query('delete from notes where item_id = 22; delete from items where id = 22');
  await pair.source.client.query('update items set parcel_id = 3 where id = 13');
  await project();

  expect(
    open()
      .map((c) => c.key.join())
      .sort(),
  ).toEqual(['13', '21', '22']); // 22 has not converged
  expect(conflictOn('21')).toMatchObject({ seen_by: first.job.job_id, prints: { source: expect.any(String) } });
  const left = await decide(conflictOn('13'));
  expect(left).toMatchObject({ outcome: 'stale', images: { source: { values: ['13', '3', 'source'] } } });
  expect(await decide(conflictOn('21'))).toMatchObject({ outcome: 'applied' });
  const { rows } = await pair.target.client.query('select id, x from items where id in (13, 21) order by id');
  expect(rows.map((r) => `${r.id} ${r.x}`)).toEqual(['13 target', '21 source']);
});

test('a project is made of mapped tables too, with columns of other names and masks', async () => {
  await using pair = await createPair();
  await pair.source.client.query(`
    create table people (no int primary key, full_name text);
    create table lots (no int primary key, person int references people);
    create table lines (no int primary key, lot int not null references lots, x text);
    insert into people select i, 'Name ' || i from generate_series(1, 9) i;
    insert into lots select i, i from generate_series(1, 9) i;
    insert into lines select i, 1 + i % 9, 'x' from generate_series(1, 90) i`);
  await pair.target.client.query(`
    create table owners (id int primary key, name text);
    create table parcels (id int primary key, owner_id int references owners);
    create table items (id int primary key, parcel_id int not null references parcels, x text)`);
  const config = {
    ...parcel(4),
    mapping: {
      'public.owners': {
        from: 'public.people',
        columns: { id: 'no', name: { column: 'full_name', mask: { kind: 'hash' as const } } },
        unnamed: 'same_name' as const,
      },
      'public.parcels': {
        from: 'public.lots',
        columns: { id: 'no', owner_id: 'person' },
        unnamed: 'same_name' as const,
      },
      'public.items': { from: 'public.lines', columns: { id: 'no', parcel_id: 'lot' }, unnamed: 'same_name' as const },
    },
  } as Parameters<typeof runJob>[1] & object;

  const first = await runJob(pair, config);
  const held = await everything(pair.target.client);
  await pair.source.client.query('update lines set lot = 5 where no = 3');
  const second = await runJob(pair, config);

  expect([first.job.failure, first.job.state]).toEqual([undefined, 'completed']);
  expect(first.counts.inserted).toBe(12);
  expect(held.filter((r) => r.includes('public.items'))).toHaveLength(10);
  expect(held.join()).not.toContain('Name 4');
  expect(second.counts).toMatchObject({ inserted: 0, updated: 0, deleted: 1 });

  const computed = structuredClone(config) as { mapping: Record<string, { columns: Record<string, unknown> }> };
  const items = computed.mapping['public.items'];
  if (items) items.columns.parcel_id = { expression: 'row.lot + 0' };
  await expect(start(pair, computed as typeof config)).rejects.toMatchObject({ code: 'project_invalid' });
});
