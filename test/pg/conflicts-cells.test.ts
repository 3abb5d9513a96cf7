import { expect, test } from 'vitest';
import { conflictStrategyNames } from '../../lib/conflict-resolver/registry.ts';
import { CONFLICT_TYPES, type ConflictType } from '../../lib/model/conflict.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { ports, runJob } from '../support/in-process.ts';
import { toldConflicts } from '../support/memory-conflicts.ts';

// What every strategy makes of every type, in words of this page alone. `later`: the side whose update column is later;
// `aside`: quarantine; `queue`: it waits.

type Fate = 'source' | 'target' | 'later' | 'fields' | 'queue' | 'aside';

const CELLS: Readonly<Record<string, Readonly<Record<ConflictType, Fate>>>> = {
  source_wins: {
    insert_exists: 'source',
    update_differing: 'source',
    update_deleted: 'source',
    delete_updated: 'source',
    unique_violation: 'aside',
    fk_violation: 'aside',
  },
  target_wins: {
    insert_exists: 'target',
    update_differing: 'target',
    update_deleted: 'target',
    delete_updated: 'target',
    unique_violation: 'aside',
    fk_violation: 'aside',
  },
  newer_wins: {
    insert_exists: 'later',
    update_differing: 'later',
    update_deleted: 'source',
    delete_updated: 'target',
    unique_violation: 'aside',
    fk_violation: 'aside',
  },
  field_level: {
    insert_exists: 'fields',
    update_differing: 'fields',
    update_deleted: 'queue',
    delete_updated: 'queue',
    unique_violation: 'aside',
    fk_violation: 'aside',
  },
  manual: {
    insert_exists: 'queue',
    update_differing: 'queue',
    update_deleted: 'queue',
    delete_updated: 'queue',
    unique_violation: 'queue',
    fk_violation: 'queue',
  },
};

const TABLES = `create table parent (id int primary key);
  create table t (id int primary key, name text, u text unique, parent int references parent, updated_at timestamptz)`;

const SOURCE_AT = '2024-03-01';
const TARGET_AT = '2024-02-01';

/** Key of the row of each type, and how both sides come to it. */
const MAKES: Readonly<Record<ConflictType, readonly [id: number, source: string, target: string]>> = {
  insert_exists: [
    1,
    `insert into t values (1, 's', null, null, '${SOURCE_AT}')`,
    `insert into t values (1, 't', null, null, '${TARGET_AT}')`,
  ],
  update_differing: [
    12,
    `update t set name = 's', updated_at = '${SOURCE_AT}' where id = 12`,
    `update t set name = 't', updated_at = '${TARGET_AT}' where id = 12`,
  ],
  update_deleted: [13, `update t set name = 's' where id = 13`, 'delete from t where id = 13'],
  delete_updated: [14, 'delete from t where id = 14', `update t set name = 't' where id = 14`],
  unique_violation: [5, `insert into t values (5, 's', 'taken')`, `insert into t values (25, 't', 'taken')`],
  fk_violation: [6, `insert into parent values (1); insert into t values (6, 's', null, 1)`, 'select'],
};

/** The target's row of a type, by whose it is. */
async function holder(pair: TestPair, id: number): Promise<string> {
  const { rows } = await pair.target.client.query(`select name from t where id = ${id}`);
  return rows[0] ? String(rows[0].name) : 'none';
}

/** Name that the target's row has then; a row that one side deleted is `none` where that side stands. */
function expectedName(type: ConflictType, fate: Fate): string {
  const source = type === 'delete_updated' ? 'none' : 's';
  const target = { update_deleted: 'none', unique_violation: 'none', fk_violation: 'none' }[type as string] ?? 't';
  return fate === 'source' || fate === 'later' ? source : fate === 'fields' ? 's' : target;
}

test('there is a cell for every type and strategy', () => {
  expect(Object.keys(CELLS)).toEqual(conflictStrategyNames);
  for (const cells of Object.values(CELLS)) expect(Object.keys(cells).sort()).toEqual([...CONFLICT_TYPES].sort());
});

test.each(
  conflictStrategyNames.flatMap((strategy) => [
    { strategy, by: 'strategy' as const },
    { strategy, by: 'type' as const },
  ]),
)('$strategy, named by $by, decides every type as its cell says', async ({ strategy, by }) => {
  await using pair = await createPair();
  for (const db of [pair.source, pair.target]) await db.client.query(TABLES);
  await pair.source.client.query(
    `insert into t select i, 'n' || i, null, null, '2024-01-01' from generate_series(11, 20) i`,
  );
  const rules = { fields: { '*': 'source' as const } };
  const types = Object.fromEntries(CONFLICT_TYPES.map((t) => [t, strategy]));
  const config = {
    tables: { include: ['public.t'] },
    max_delete_percent: 100,
    // by type: over a default that would do something else
    conflict_strategy: by === 'strategy' ? strategy : strategy === 'manual' ? 'target_wins' : 'manual',
    conflict_rules: { 'public.t': by === 'strategy' ? rules : { ...rules, types } },
  };
  const p = { ...ports(), conflicts: toldConflicts() };
  await runJob(pair, config, {}, p);
  for (const [, source, target] of Object.values(MAKES)) {
    await pair.source.client.query(source);
    await pair.target.client.query(target);
  }
  const { job, counts } = await runJob(pair, config, {}, p);
  const cells = CELLS[strategy] ?? ({} as never);
  const fates = Object.values(cells);
  const queue = [...p.conflicts.all.values()].filter((c) => c.state === 'open');
  const aside = await pair.target.client.query('select key[1] as id from tf_sync.quarantine order by 1');

  expect(job.failure).toBeUndefined();
  for (const type of CONFLICT_TYPES)
    expect([type, await holder(pair, MAKES[type][0])]).toEqual([type, expectedName(type, cells[type])]);
  expect(Object.fromEntries(queue.map((c) => [c.type, c.key[0]]))).toEqual(
    Object.fromEntries(CONFLICT_TYPES.filter((t) => cells[t] === 'queue').map((t) => [t, String(MAKES[t][0])])),
  );
  expect(aside.rows.map((r) => r.id)).toEqual(
    CONFLICT_TYPES.filter((t) => cells[t] === 'aside')
      .map((t) => String(MAKES[t][0]))
      .sort(),
  );
  expect(counts.conflicts).toBe(fates.filter((f) => f === 'queue').length);
  expect(counts.quarantined).toBe(fates.filter((f) => f === 'aside').length);
  const { read, ...parts } = counts;
  expect(read).toBe(Object.values(parts).reduce((a, b) => a + b, 0));
  expect(job.state).toBe('completed_with_issues');
});
