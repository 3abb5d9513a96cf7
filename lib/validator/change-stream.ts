import type { ReplicaIdentity, StreamFacts } from '../model/change-stream.ts';
import type { JobConfig } from '../model/config.ts';
import type { ServerFacts } from '../model/connection.ts';
import type { Problem } from '../model/errors.ts';
import { type Relation, relationText } from '../model/table.ts';
import { keyOf } from './schema.ts';
import { isView } from './scope.ts';
import { sqlName, sqlTable } from './sql-name.ts';

const side = 'source' as const;

/** What of the server and the role keeps its log from being decoded. */
function serverProblems(stream: StreamFacts, source: ServerFacts, name: string): Problem[] {
  const role = sqlName(source.role);
  const problems: Problem[] = [];
  if (source.standby)
    problems.push({
      code: 'source_standby',
      side,
      message: 'The source is a standby; a slot of changes is kept on the primary.',
      hint: 'Name the primary server as the source, or use another detection_strategy.',
    });
  if (stream.walLevel !== 'logical')
    problems.push({
      code: 'wal_level_insufficient',
      side,
      message: `The source writes its log at wal_level ${stream.walLevel}; its changes can be told at logical only.`,
      hint: 'ALTER SYSTEM SET wal_level = logical;  then restart the server (on RDS: rds.logical_replication = 1).',
    });
  if (!stream.mayReplicate)
    problems.push({
      code: 'privilege_missing',
      side,
      message: 'The source role may not keep a replication slot.',
      hint: `ALTER ROLE ${role} REPLICATION;  (on RDS: GRANT rds_replication TO ${role};)`,
    });
  if (!stream.slot && !stream.freeSlot)
    problems.push({
      code: 'slots_exhausted',
      side,
      message: 'The source has no replication slot left (max_replication_slots).',
      hint: 'Drop a slot that nobody uses, or raise max_replication_slots and restart the server.',
    });
  if (stream.slot?.foreign)
    problems.push({
      code: 'slots_exhausted',
      side,
      object: name,
      message: `The replication slot ${name} is there and is none of this service's.`,
      hint: `Drop it if nobody uses it: SELECT pg_drop_replication_slot('${name}');`,
    });
  return problems;
}

/** Whether the log tells the key of a row that is changed or deleted. */
function tellsKey({ how, columns }: ReplicaIdentity, key: readonly string[]): boolean {
  if (how === 'f') return true;
  return key.length > 0 && key.every((name) => columns.includes(name));
}

function tableProblems(table: Relation, stream: StreamFacts['tables'][number], config: JobConfig): Problem[] {
  const object = relationText(table);
  if (isView(table))
    return [
      {
        code: 'relation_kind_unsupported',
        side,
        object,
        message: `${object} is no table, so the log of the source tells nothing of it.`,
        hint: `Leave ${object} out with tables.exclude, or use another detection_strategy for it.`,
      },
    ];
  const target = keyOf(table, config);
  if (!target) return []; // told already
  const key = target.flatMap((name) => (table.mapped ? (table.mapped.select.plain[name] ?? []) : [name]));
  if (key.length < target.length)
    return [
      {
        code: 'relation_kind_unsupported',
        side,
        object,
        message: `The mapping computes the key of ${object}, so the log of the source cannot name its rows.`,
        hint: 'Map the key from plain columns of the source, or use another detection_strategy.',
      },
    ];
  return stream.identities.flatMap((identity): Problem[] => {
    if (identity.unlogged)
      return [
        {
          code: 'replica_identity_missing',
          side,
          object: relationText(identity),
          message: `${relationText(identity)} is UNLOGGED: the log of the source tells nothing of it.`,
          hint: `ALTER TABLE ${sqlTable(identity)} SET LOGGED;`,
        },
      ];
    if (tellsKey(identity, key)) return [];
    return [
      {
        code: 'replica_identity_missing',
        side,
        object: relationText(identity),
        message: `The log of the source does not tell the key (${key.join(', ')}) of rows of ${relationText(identity)} that are changed or deleted.`,
        hint: `ALTER TABLE ${sqlTable(identity)} REPLICA IDENTITY FULL;  (or USING INDEX with a unique one over the key)`,
      },
    ];
  });
}

/** Tables of the source that a mapping makes several tables of: the log of one is followed for one. */
function sharedProblems(tables: readonly Relation[]): Problem[] {
  const names = tables.map((t) => relationText(t.mapped?.from ?? t));
  const shared = new Set(names.filter((name, i) => names.indexOf(name) < i));
  return [...shared].map((object) => ({
    code: 'relation_kind_unsupported',
    side,
    object,
    message: `The mapping makes several tables of ${object}; its log can be followed for one of them.`,
    hint: 'Use another detection_strategy.',
  }));
}

/** Tables that are not published yet, where this role may not publish them itself: one statement for all. */
function publicationProblems(
  stream: StreamFacts,
  tables: readonly Relation[],
  source: ServerFacts,
  name: string,
): Problem[] {
  const { publication } = stream;
  const own = publication?.owned ?? stream.mayPublish;
  const missing = tables.filter((_, i) => stream.tables[i] && !stream.tables[i].published);
  const foreign = tables.filter((_, i) => stream.tables[i] && !stream.tables[i].published && !stream.tables[i].owned);
  if (publication && !publication.fit)
    return [
      {
        code: 'privilege_missing',
        side,
        object: name,
        message: `The publication ${name} does not publish every operation through the root of partitioned tables.`,
        hint: `ALTER PUBLICATION ${name} SET (publish = 'insert, update, delete, truncate', publish_via_partition_root = true);`,
      },
    ];
  if (missing.length === 0 || (own && foreign.length === 0)) return [];
  const list = missing.map((t) => sqlTable(t.mapped?.from ?? t)).join(', ');
  const hint = publication
    ? `ALTER PUBLICATION ${name} ADD TABLE ${list};`
    : `CREATE PUBLICATION ${name} FOR TABLE ${list} WITH (publish_via_partition_root = true);`;
  const why =
    foreign.length > 0
      ? `does not own ${foreign.map(relationText).join(', ')}`
      : publication
        ? `does not own the publication ${name}`
        : 'may not create a publication in the database';
  return [
    {
      code: 'privilege_missing',
      side,
      object: name,
      message: `The source role ${source.role} ${why}, so it cannot publish the changes of ${missing.length} tables.`,
      hint: `Run as their owner, who may create in the database: ${hint}`,
    },
  ];
}

/** Everything that keeps the changes of these tables from being read from the source's log. Pure. */
export function streamProblems(
  tables: readonly Relation[],
  stream: StreamFacts,
  at: { readonly source: ServerFacts; readonly name: string },
  config: JobConfig,
): readonly Problem[] {
  const unfit = tables.flatMap((t, i) => (stream.tables[i] ? tableProblems(t, stream.tables[i], config) : []));
  return [
    ...serverProblems(stream, at.source, at.name),
    ...unfit,
    ...sharedProblems(tables),
    ...publicationProblems(stream, tables, at.source, at.name),
  ];
}
