import { conversion } from '../../data-types/lattice.ts';
import { sqlName, sqlTable } from '../sql-name.ts';
import { type ColumnPair, type Compared, columnPairs, finding, type SchemaCheck } from './check.ts';

/** A check of one column of both sides. */
const perColumn =
  (check: (pair: ColumnPair, compared: Compared) => ReturnType<SchemaCheck>): SchemaCheck =>
  (compared) =>
    columnPairs(compared).flatMap((pair) => check(pair, compared));

const alter = ({ target }: Compared, column: string) =>
  `ALTER TABLE ${sqlTable(target)} ALTER COLUMN ${sqlName(column)}`;

/** Columns that only the target has, and that it fills by itself. */
export const extraColumns: SchemaCheck = (compared) => {
  const { source, target } = compared;
  const extra = target.columns.filter((t) => !t.generated && !source.columns.some((s) => s.name === t.name));
  return extra.map((c) =>
    finding('column_missing_in_source', compared, c.name, {
      side: 'source',
      message: `The source has no column ${c.name}; rows that the job inserts get its default.`,
      remedy: 'Nothing, if that is meant. Else add the column to the source, or map one to it.',
      ddl: `ALTER TABLE ${sqlTable(source)} ADD COLUMN ${sqlName(c.name)} ${c.declared};`,
    }),
  );
};

const isGeometry = ({ target }: ColumnPair) => ['geometry', 'geography'].includes(target.type.base.name);

/** Types that differ and are accepted. */
export const types = perColumn((pair, compared) => {
  const { name, source, target } = pair;
  const how = conversion(source, target);
  if (how === 'same' || how === 'incompatible' || isGeometry(pair)) return [];
  const differ = `The column is ${source.declared} in the source and ${target.declared} in the target`;
  if (how === 'widening')
    return [finding('type_wider', compared, name, { message: `${differ}: every value fits.`, remedy: 'Nothing.' })];
  if (!compared.config.allow_lossy) return []; // refused, which is told as an error
  return [
    finding('type_narrower', compared, name, {
      message: `${differ}: values are rounded or cut, or their rows refused.`,
      remedy: 'Widen the target column.',
      ddl: `${alter(compared, name)} TYPE ${source.declared};`,
    }),
  ];
});

/** Geometry of another declaration: the target's typmod refuses each row that does not have its SRID, dimension and type. */
export const geometries = perColumn((pair, compared) => {
  const { name, source, target } = pair;
  if (!isGeometry(pair) || source.declared === target.declared || !target.declared.includes('(')) return [];
  const srid = /,(\d+)\)$/.exec(source.declared)?.[1];
  const convert = srid === undefined ? '' : ` USING ST_Transform(${sqlName(name)}, ${srid})`;
  return [
    finding('geometry_differs', compared, name, {
      message: `The column is ${source.declared} in the source and ${target.declared} in the target, which refuses other ones.`,
      remedy: 'Declare both alike, or map the column with geometry.srid, dimensions or multi.',
      ddl: `${alter(compared, name)} TYPE ${source.declared}${convert};`,
    }),
  ];
});

export const notNull = perColumn(({ name, source, target }, compared) => {
  if (!target.notNull || source.notNull || target.generated) return [];
  return [
    finding('not_null_in_target', compared, name, {
      message: 'The source may hold NULL here; the target refuses such rows.',
      remedy: 'Make the column NOT NULL in the source, allow NULL in the target, or map a value for NULL.',
      ddl: `${alter(compared, name)} DROP NOT NULL;`,
    }),
  ];
});

export const generation = perColumn(({ name, source, target, shapes }, compared) => {
  if (!source.generated || !target.generated || shapes.source.default === shapes.target.default) return [];
  return [
    finding('generation_differs', compared, name, {
      message: `The source computes it as (${shapes.source.default}), the target as (${shapes.target.default}).`,
      remedy: 'Compute it alike on both sides; its values are never written by a job.',
    }),
  ];
});

/** A default that takes the next number of a sequence; its sequence is set by the job. */
const isSequence = (text: string | undefined) => text?.startsWith('nextval(') ?? false;

export const defaults = perColumn(({ name, source, target, shapes }, compared) => {
  if (source.generated || target.generated) return [];
  const [from, to] = [shapes.source.default, shapes.target.default];
  if (from === to || (isSequence(from) && isSequence(to))) return [];
  return [
    finding('default_differs', compared, name, {
      message: `The default is ${from ?? 'none'} in the source and ${to ?? 'none'} in the target.`,
      remedy: 'Nothing, if that is meant: a job writes every value it carries.',
      ddl: `${alter(compared, name)} ${from === undefined ? 'DROP DEFAULT' : `SET DEFAULT ${from}`};`,
    }),
  ];
});

export const identities = perColumn(({ name, shapes }, compared) => {
  const [from, to] = [shapes.source.identity, shapes.target.identity];
  if (from === to) return [];
  return [
    finding('identity_differs', compared, name, {
      message: `Numbers are given ${from ?? 'not by identity'} in the source and ${to ?? 'not by identity'} in the target.`,
      remedy: 'Nothing, if that is meant: the numbers of the source are written as they are.',
    }),
  ];
});

export const collations = perColumn(({ name, shapes }, compared) => {
  const [from, to] = [shapes.source.collation, shapes.target.collation];
  if (from === to) return [];
  return [
    finding('collation_differs', compared, name, {
      message: `The collation is ${from ?? 'the default'} in the source and ${to ?? 'the default'} in the target.`,
      remedy: 'Give both the same collation if texts must sort alike, or a unique index stands on the column.',
    }),
  ];
});

export const labels = perColumn(({ name, target, shapes }, compared) => {
  const known = shapes.target.labels;
  const missing = known ? (shapes.source.labels ?? []).filter((label) => !known.includes(label)) : [];
  if (missing.length === 0) return [];
  const text = (label: string) => `'${label.replaceAll("'", "''")}'`;
  return [
    finding('label_missing', compared, name, {
      message: `The target's enum lacks ${missing.length} of the source's labels: ${missing.slice(0, 10).join(', ')}.`,
      remedy: 'Add the labels to the type in the target, or map them to others.',
      ddl: missing.map((l) => `ALTER TYPE ${target.declared} ADD VALUE ${text(l)};`).join('\n'),
    }),
  ];
});

export const domains = perColumn(({ name, shapes }, compared) => {
  const extra = (shapes.target.domain ?? []).filter((check) => !shapes.source.domain?.includes(check));
  if (extra.length === 0) return [];
  return [
    finding('domain_differs', compared, name, {
      message: `The target's domain asks for what the source's does not: ${extra.join('; ')}.`,
      remedy: 'Give the source the same domain; rows that break it are put aside.',
    }),
  ];
});
