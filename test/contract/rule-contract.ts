import { expect, test } from 'vitest';
import type { JobConfig } from '../../lib/model/config.ts';
import type { RowRule } from '../../lib/model/rule.ts';
import type { Rule, RuleExample } from '../../lib/validator/rules/rule.ts';
import { createPair, type TestDatabase } from '../support/databases.ts';
import { createDatabaseAt } from '../support/elsewhere.ts';
import { runJob } from '../support/in-process.ts';

const postgis = process.env.TEST_POSTGIS_URL;

/** Both ends, with PostGIS where the example needs it. */
async function ends(example: RuleExample) {
  if (!example.postgis) return createPair();
  const [source, target] = [await createDatabaseAt(postgis ?? ''), await createDatabaseAt(postgis ?? '')];
  for (const db of [source, target]) await db.client.query('create extension postgis');
  const dispose = async () => {
    await source[Symbol.asyncDispose]();
    await target[Symbol.asyncDispose]();
  };
  return { source, target, [Symbol.asyncDispose]: dispose };
}

const ids = async ({ client }: TestDatabase, where = '') =>
  (await client.query(`select id from checked ${where} order by id`)).rows.map((r) => Number(r.id));

const configOf = (rule: string, { settings }: RuleExample, more: Partial<RowRule> = {}) =>
  ({
    tables: { include: ['public.checked'] },
    rules: { 'public.checked': [{ rule, name: 'it', severity: 'reject', ...settings, ...more }] },
  }) as unknown as Partial<JobConfig>; // a custom rule's settings are not in the config's own types

/** A table with the example's rows: the good ones from 1, the bad ones from 100. */
async function filled(example: RuleExample) {
  const pair = await ends(example);
  for (const { client } of [pair.source, pair.target])
    await client.query(`create table checked (id int primary key, ${example.columns})`);
  for (const [i, row] of example.good.entries())
    await pair.source.client.query(`insert into checked values (${i + 1}, ${row})`);
  for (const [i, row] of example.bad.entries())
    await pair.source.client.query(`insert into checked values (${i + 100}, ${row})`);
  if (example.target) await pair.target.client.query(example.target);
  return pair;
}

/** What every rule keeps, by its own examples. Without a server with PostGIS (TEST_POSTGIS_URL) those over shapes wait for one. */
export function ruleContract(rules: readonly Rule[]): void {
  const cases = rules.flatMap((rule) =>
    rule.examples
      .filter((example) => !example.postgis || postgis)
      .map((example) => ({ rule: rule.name, example, of: JSON.stringify(example.settings) })),
  );

  test.each(cases)('$rule $of: stops, rejects by COPY and row by row, warns', async ({ rule, example }) => {
    const own = example.good.map((_, i) => i + 1);
    const bad = example.bad.map((_, i) => i + 100);
    await using pair = await filled(example);
    const before = await ids(pair.target);

    const stopped = await runJob(pair, configOf(rule, example, { severity: 'stop' }));
    const afterStop = await ids(pair.target);
    await pair.target.client.query('delete from tf_sync.lease'); // it waits, and means to go on
    const first = await runJob(pair, configOf(rule, example));
    const second = await runJob(pair, { ...configOf(rule, example), audit_level: 'detailed' }); // which keeps COPY away
    const afterReject = await ids(pair.target);
    const warned = await runJob(pair, configOf(rule, example, { severity: 'warn' }));
    const [table] = await warned.ports.jobs.tables(warned.job.job_id);

    expect([stopped.job.state, stopped.job.pause?.code]).toEqual(['paused', 'rule_stopped']);
    expect(afterStop).toEqual(before);
    expect(first.job.failure).toBeUndefined();
    expect(first.job.state).toBe('completed_with_issues');
    expect(first.counts).toMatchObject({ inserted: own.length, quarantined: bad.length, kept: before.length });
    expect(second.counts).toMatchObject({ inserted: 0, updated: 0, unchanged: own.length, quarantined: bad.length });
    expect(afterReject).toEqual([...own, ...before].sort((a, b) => a - b));
    const { rows } = await pair.target.client.query(
      'select key[1] as id, code, object from tf_sync.quarantine where job_id = $1 order by 1',
      [first.job.job_id],
    );
    expect(rows).toEqual(bad.map((id) => ({ id: String(id), code: 'rule_rejected', object: 'it' })));
    expect(warned.job.state).toBe('completed');
    expect(warned.counts).toMatchObject({ inserted: bad.length, unchanged: own.length, quarantined: 0 });
    expect(table?.rules).toMatchObject([{ name: 'it', rows: bad.length, of: own.length + bad.length }]);
    expect(table?.rules?.[0]?.samples?.flat().map(Number).sort()).toEqual(bad.slice(0, 5));
  });
}
