import type { Column, ColumnType, PlannedColumn } from '../model/table.ts';
import { conversion } from './lattice.ts';

const INTEGERS = ['int2', 'int4', 'int8'];

const builtIn = (name: string): ColumnType => {
  const base = { schema: 'pg_catalog', name, kind: 'b' };
  return { ...base, base };
};

const nameOf = (c: Column) => (c.type.base.schema === 'pg_catalog' ? c.type.base.name : '');

/** Numeric of this scale with all the room there is before the point: rounds like the target, refuses nothing. */
const roomy = (scale: number) => `pg_catalog.numeric(1000,${scale})`;

/** Scale of a `numeric(p,s)`; undefined where there is none. */
function scaleOf(c: Column): number | undefined {
  const [, precision, scale] = /\((\d+)(?:,(-?\d+))?\)/.exec(c.declared) ?? [];
  return precision === undefined ? undefined : Number(scale ?? 0);
}

/**
 * How a column travels whose declarations differ.
 *
 * A cast that can fail never runs on the source: there it would fail the scan of a whole segment. So numbers that may be
 * out of range are compared, and travel, in a type that holds them all; labels and values of the target's own types (which
 * the source does not have) travel as what is behind them. It is the target that refuses the one row. A key keeps to the
 * target's type, in which its index finds it.
 */
export function travel(
  source: Column,
  target: Column,
  isKey: boolean,
): Pick<PlannedColumn, 'type' | 'source' | 'widened'> {
  const from = source.type;
  const { type } = target;
  const how = conversion(source, target);
  if (how === 'same') return { type };
  const cast = (castTo: string) => ({ type, source: { type: from, castTo } });
  if (type.base.kind === 'e')
    return from.kind === 'e' && from.name === type.name ? cast(target.declared) : cast('pg_catalog.text');
  if (type.kind === 'd' && type.base.schema === 'pg_catalog') return cast(`pg_catalog.${type.base.name}`);
  if (how !== 'lossy' || isKey) return cast(target.declared);
  if (nameOf(target) === 'numeric') return cast(roomy(scaleOf(target) ?? 0));
  if (!INTEGERS.includes(nameOf(target))) return cast(target.declared);
  if (INTEGERS.includes(nameOf(source)))
    return { type: builtIn('int8'), widened: type, source: { type: from, castTo: 'pg_catalog.int8' } };
  return { type: builtIn('numeric'), widened: type, source: { type: from, castTo: roomy(0) } };
}
