import { expect, test } from 'vitest';
import type { JobConfig } from '../../lib/model/config.ts';
import type { SyncError } from '../../lib/model/errors.ts';
import { Secret } from '../../lib/model/secret.ts';
import { createPair, type TestDatabase, type TestPair } from '../support/databases.ts';
import { type Pair, ports, runJob } from '../support/in-process.ts';
import { byHeading, examplesOf, statementsOf } from '../support/pages/examples.ts';

const blocks = byHeading(examplesOf('docs/privileges.md'));

/** The statements of the n-th block under a heading of the page. */
function grants(heading: string, n = 0): readonly string[] {
  const found = statementsOf(blocks.get(heading)?.[n]?.text ?? '');
  expect(found, heading).not.toEqual([]);
  return found;
}

const SOURCE = grants('Every job');
const SEQUENCES = grants('Every job', 1);
const TARGET = grants('Every job', 2);
const [KEEP = ''] = grants('Without deletes');
const both = [...SOURCE, ...SEQUENCES];

interface Case {
  readonly name: string;
  readonly config: Partial<JobConfig> | Record<string, unknown>;
  readonly source: readonly string[];
  readonly target: readonly string[];
  /** Statements without each of which the start is refused. */
  readonly needs: readonly string[];
}

const keeping = TARGET.map((statement) => (/ delete on /.test(statement) ? KEEP : statement));
const granted = [...SOURCE, ...TARGET].filter((statement) => statement.startsWith('grant'));
const TIMESTAMP = grants('Timestamp');
const SUPPRESS = grants('Triggers suppressed');
const BOTH = grants('Both directions');

const cases: readonly Case[] = [
  { name: 'hash, tracked', config: {}, source: SOURCE, target: TARGET, needs: granted },
  {
    name: 'content, mirror, sequences',
    config: { detection_strategy: 'content', delete_mode: 'mirror' },
    source: both,
    target: TARGET,
    needs: [],
  },
  {
    name: 'primary_key, keep',
    config: { detection_strategy: 'primary_key', delete_mode: 'keep' },
    source: both,
    target: keeping,
    needs: [KEEP],
  },
  {
    name: 'timestamp',
    config: { detection_strategy: 'timestamp' },
    source: [...both, ...TIMESTAMP],
    target: TARGET,
    needs: TIMESTAMP,
  },
  {
    name: 'suppress',
    config: { triggers: 'suppress' },
    source: both,
    target: [...TARGET, ...SUPPRESS],
    needs: SUPPRESS,
  },
  {
    name: 'bidirectional',
    config: { direction: 'bidirectional', conflict_strategy: 'manual' },
    source: [...both, ...BOTH],
    target: TARGET,
    needs: BOTH,
  },
];

/** A role of the page in this database, under a name of its own; the page's database goes by the name of this one. */
async function makeRole(
  database: TestDatabase,
  role: string,
  side: 'source' | 'target',
  statements: readonly string[],
) {
  const named = (statement: string) =>
    statement.replaceAll(`sync_${side}`, role).replaceAll(/county(_training)?(?= to )/g, `"${database.name}"`);
  for (const statement of statements) await database.client.query(named(statement));
  return { connection: { ...database.connection, user: role, password: new Secret('secret') } };
}

const dropRole = (database: TestDatabase, role: string) =>
  database.client.query(`drop owned by ${role} cascade; drop role ${role}`);

/** A job under roles with these statements alone: how it ended, or with what its start was refused. */
async function tried(pair: TestPair, { config, source, target }: Case, n: number): Promise<string> {
  const roles = [`s${n}_${pair.source.name}`, `t${n}_${pair.target.name}`] as const;
  const limited: Pair = {
    source: await makeRole(pair.source, roles[0], 'source', source),
    target: await makeRole(pair.target, roles[1], 'target', target),
  };
  try {
    const { job } = await runJob(limited, config as Partial<JobConfig>, {}, ports());
    return job.state;
  } catch (error) {
    return (error as SyncError).code;
  } finally {
    await dropRole(pair.source, roles[0]);
    await dropRole(pair.target, roles[1]);
  }
}

/** What every role of a new database has by itself must not stand in for a grant of the page. */
const TABLES = `revoke usage on schema public from public;
  create table kinds (id int primary key, label text, updated_at timestamptz default now());
  create table parcels (id serial primary key, kind int references kinds, x text, updated_at timestamptz default now())`;

test.each(cases)('$name: the statements of the page are enough, and each is needed', async (c) => {
  await using pair = await createPair();
  for (const { client } of [pair.source, pair.target]) await client.query(TABLES);
  await pair.source.client.query(
    `insert into kinds values (1, 'a', now()); insert into parcels (kind, x) values (1, 'one'), (1, 'two')`,
  );

  const enough = await tried(pair, c, 0);
  const { rows } = await pair.target.client.query('select x from parcels order by id');
  const without: Record<string, string> = {};
  const but = (one: string) => (statements: readonly string[]) => statements.filter((s) => s !== one);
  for (const [n, one] of c.needs.entries())
    without[one] = await tried(pair, { ...c, source: but(one)(c.source), target: but(one)(c.target) }, n + 1);

  expect(enough).toBe('completed');
  expect(rows.map((r) => r.x)).toEqual(['one', 'two']);
  expect(without).toEqual(Object.fromEntries(c.needs.map((one) => [one, 'privilege_missing'])));
});
