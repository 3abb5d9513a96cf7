import { readFileSync } from 'node:fs';
import type { Column, Relation, RelationName } from '../../lib/model/table.ts';

interface FixtureTable {
  readonly columns: Readonly<Record<string, string>>;
  readonly key?: readonly string[];
  readonly unique?: readonly (readonly string[])[];
  readonly references?: Readonly<Record<string, string>>;
}
type FixtureSide = Readonly<Record<string, FixtureTable>>;

export interface FixturePair {
  readonly name: string;
  readonly source: FixtureSide;
  readonly target: FixtureSide;
  readonly mapping: Readonly<
    Record<
      string,
      {
        readonly from: string;
        readonly columns: Readonly<Record<string, string | readonly string[] | null>>;
        readonly personal?: readonly string[];
      }
    >
  >;
}

export function fixturePairs(half: 'first' | 'second'): readonly FixturePair[] {
  const file = new URL(`../fixtures/proposer/${half}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { pairs: FixturePair[] }).pairs;
}

/** `typname` by what `format_type` says before the modifier. */
const INTERNAL: Readonly<Record<string, string>> = {
  bigint: 'int8',
  integer: 'int4',
  smallint: 'int2',
  boolean: 'bool',
  'character varying': 'varchar',
  character: 'bpchar',
  'double precision': 'float8',
  real: 'float4',
  'timestamp with time zone': 'timestamptz',
  'timestamp without time zone': 'timestamp',
};

/** A column from its declaration, such as `numeric(14,2) not null default`. */
export function columnFrom(name: string, text: string): Column {
  const flags = / not null| default| generated| identity/g;
  const declared = text.replaceAll(flags, '');
  const plain = declared.replace(/\(.*\)/, '');
  const typname = INTERNAL[plain] ?? plain;
  const schema = plain === 'geometry' ? 'public' : 'pg_catalog';
  const base = { schema, name: typname, kind: 'b' };
  return {
    name,
    type: { ...base, base },
    declared,
    notNull: text.includes(' not null'),
    generated: text.includes(' generated'),
    identity: text.includes(' identity') ? 'd' : '',
    hasDefault: text.includes(' default') || text.includes(' identity'),
  };
}

const relationName = (text: string): RelationName => {
  const at = text.indexOf('.');
  return { schema: text.slice(0, at), name: text.slice(at + 1) };
};

/** The catalog that `introspect` would give of such tables. */
export function catalogOf(side: FixtureSide): readonly Relation[] {
  return Object.entries(side).map(([name, table], i) => ({
    ...relationName(name),
    oid: String(i + 1),
    kind: 'r',
    columns: Object.entries(table.columns).map(([column, text]) => columnFrom(column, text)),
    key: table.key,
    uniqueKeys: [...(table.key ? [table.key] : []), ...(table.unique ?? [])],
    foreignKeys: Object.entries(table.references ?? {}).map(([column, to]) => ({
      name: `${column}_fkey`,
      references: relationName(to),
      deleteAction: false,
      columns: [column],
    })),
    inherited: false,
    rowSecurity: false,
    triggers: 0,
    privileges: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
    schemaUsable: true,
    lockedSequences: [],
    rowsEstimate: 1000,
    bytes: 100_000,
  }));
}
