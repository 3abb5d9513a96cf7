import type { ReplicaIdentity, StreamFacts } from '../model/change-stream.ts';
import type { JobConfig } from '../model/config.ts';
import type { ServerFacts } from '../model/connection.ts';
import type { Problem } from '../model/errors.ts';
import { type Relation, relationText } from '../model/table.ts';
import { keyOf } from './schema.ts';
import { isView } from './scope.ts';
import { sqlName, sqlTable } from './sql-name.ts';

/** One of the source's; every message names a remedy. */
const problem = (code: Problem['code'], message: string, hint: string, object?: string): Problem => ({
  code,
  side: 'source',
  message,
  hint,
  ...(object !== undefined && { object }),
});

/** Slots of the service that are named as such that might be dropped. */
const NAMED = 5;

function dropOrRaise({ slots }: StreamFacts): string {
  const idle = slots.filter((s) => !s.active).slice(0, NAMED);
  const named = idle.map((s) => `${s.slot} (database ${s.database}, keeps ${s.retained_bytes} bytes)`).join(', ');
  const ours =
    named && ` Of this service are: ${named}; tfsync pairs slots tells which are in use, tfsync pairs drop drops one.`;
  return `Drop a slot that nobody uses with pg_drop_replication_slot, or raise max_replication_slots.${ours}`;
}

/** What of the server and the role keeps its log from being decoded. */
function serverProblems(stream: StreamFacts, source: ServerFacts, name: string): Problem[] {
  const role = sqlName(source.role);
  const problems: Problem[] = [];
  if (source.standby)
    problems.push(
      problem(
        'source_standby',
        'The source is a standby; the slot is kept on its primary.',
        'Name the primary server.',
      ),
    );
  if (stream.walLevel !== 'logical')
    problems.push(
      problem(
        'log_unavailable',
        `The source writes its log at wal_level ${stream.walLevel}, which does not tell changes of rows.`,
        'ALTER SYSTEM SET wal_level = logical; -- then restart the server; on RDS: rds.logical_replication = 1',
      ),
    );
  if (!stream.mayReplicate)
    problems.push(
      problem(
        'privilege_missing',
        'The source role may not keep a replication slot.',
        `ALTER ROLE ${role} REPLICATION; -- on RDS: GRANT rds_replication TO ${role};`,
      ),
    );
  if (stream.slot ? stream.slot.foreign : !stream.freeSlot)
    problems.push(
      problem(
        'log_unavailable',
        stream.slot ? `The slot ${name} is none of this service's.` : 'The source has no replication slot left.',
        dropOrRaise(stream),
        name,
      ),
    );
  return problems;
}

/** Whether the log tells the key of a row that is changed or deleted. */
const tellsKey = ({ how, columns, unlogged }: ReplicaIdentity, key: readonly string[]): boolean =>
  !unlogged && (how === 'f' || key.every((name) => columns.includes(name)));

function tableProblems(table: Relation, identities: readonly ReplicaIdentity[], config: JobConfig): Problem[] {
  const object = relationText(table);
  const key = keyOf(table, config);
  if (!key) return []; // told already
  const plain = key.flatMap((name) => (table.mapped ? (table.mapped.select.plain[name] ?? []) : [name]));
  if (isView(table) || plain.length < key.length) {
    const why = isView(table) ? `${object} is no table` : `The mapping computes the key of ${object}`;
    const hint = 'Leave it out with tables.exclude, or use another detection_strategy.';
    return [problem('relation_kind_unsupported', `${why}, so the log cannot name its rows.`, hint, object)];
  }
  return identities.flatMap((identity): Problem[] => {
    if (tellsKey(identity, plain)) return [];
    const name = relationText(identity);
    const message = identity.unlogged
      ? `${name} is UNLOGGED.`
      : `The log does not tell the key (${plain.join(', ')}) of rows of ${name} that are changed or deleted.`;
    const remedy = identity.unlogged ? 'SET LOGGED;' : 'REPLICA IDENTITY FULL; -- or USING INDEX with one over the key';
    return [problem('replica_identity_missing', message, `ALTER TABLE ${sqlTable(identity)} ${remedy}`, name)];
  });
}

/** Tables of the source that a mapping makes several tables of: the log of one is followed for one. */
function sharedProblems(names: readonly string[]): Problem[] {
  const shared = new Set(names.filter((name, i) => names.indexOf(name) < i));
  return [...shared].map((name) =>
    problem(
      'relation_kind_unsupported',
      `The mapping makes several tables of ${name}; its log can be followed for one.`,
      'Use another detection_strategy.',
      name,
    ),
  );
}

/** Tables that are not published yet, where this role may not publish them itself: one statement for all. */
function publicationProblems(
  stream: StreamFacts,
  tables: readonly Relation[],
  source: ServerFacts,
  name: string,
): Problem[] {
  const { publication } = stream;
  const missing = tables.filter((_, i) => stream.tables[i]?.published === undefined);
  const foreign = missing.filter((t) => stream.tables[tables.indexOf(t)]?.owned === false);
  const may = publication?.owned ?? stream.mayPublish;
  const list = missing.map((t) => sqlTable(t.mapped?.from ?? t)).join(', ');
  const fit = "(publish = 'insert, update, delete, truncate', publish_via_partition_root = true)";
  if (publication && !publication.fit)
    return [
      problem(
        'privilege_missing',
        `The publication ${name} does not publish every operation, or not through partitioned tables.`,
        `ALTER PUBLICATION ${name} SET ${fit};`,
        name,
      ),
    ];
  if (missing.length === 0 || (may && foreign.length === 0)) return [];
  const statement = publication
    ? `ALTER PUBLICATION ${name} ADD TABLE ${list};`
    : `CREATE PUBLICATION ${name} FOR TABLE ${list} WITH ${fit};`;
  const why = may ? `does not own ${foreign.map(relationText).join(', ')}` : 'may not change publications here';
  return [
    problem(
      'privilege_missing',
      `The source role ${source.role} ${why}, so it cannot publish the changes of ${missing.length} tables.`,
      `${statement} -- as owner of the tables`,
      name,
    ),
  ];
}

/** Everything that keeps the changes of these tables from being read from the source's log. Pure. */
export function streamProblems(
  tables: readonly Relation[],
  stream: StreamFacts,
  at: { readonly source: ServerFacts; readonly name: string },
  config: JobConfig,
): readonly Problem[] {
  return [
    ...serverProblems(stream, at.source, at.name),
    ...tables.flatMap((t, i) => tableProblems(t, stream.tables[i]?.identities ?? [], config)),
    ...sharedProblems(tables.map((t) => relationText(t.mapped?.from ?? t))),
    ...publicationProblems(stream, tables, at.source, at.name),
  ];
}
