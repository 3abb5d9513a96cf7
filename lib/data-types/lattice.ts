import type { Column } from '../model/table.ts';

/**
 * What a conversion between two declared types can do to a value. `same`: nothing. `widening`: every value fits and stays
 * equal. `lossy`: some values do not fit, or come out rounded or cut. `incompatible`: there is no meaning in it.
 */
export type Conversion = 'same' | 'widening' | 'lossy' | 'incompatible';

/** Families within which a value means the same; from narrow to wide. */
const INTEGERS = ['int2', 'int4', 'int8'];
const FLOATS = ['float4', 'float8'];
const TEXTS = ['char', 'bpchar', 'varchar', 'name', 'text', 'citext'];
const TIMES = ['date', 'timestamp', 'timestamptz'];

/** Digits that every value of an integer type fits into. */
const INTEGER_DIGITS: Readonly<Record<string, number>> = { int2: 5, int4: 10, int8: 19 };

interface Declared {
  readonly name: string;
  readonly array: boolean;
  /** What stands in parentheses: `numeric(14,2)` -> [14, 2]. */
  readonly modifier: readonly number[];
}

function declaredOf(column: Column): Declared {
  const { name } = column.type.base;
  const modifier = /\(([\d, -]+)\)/.exec(column.declared)?.[1];
  return {
    name: name.startsWith('_') ? name.slice(1) : name,
    array: name.startsWith('_'),
    modifier: modifier ? modifier.split(',').map(Number) : [],
  };
}

/** Integer digits and scale of a numeric; undefined where it has no limit. */
function numericRoom(d: Declared): { readonly whole: number; readonly scale: number } | undefined {
  const [precision, scale = 0] = d.modifier;
  return precision === undefined ? undefined : { whole: precision - scale, scale };
}

function toNumeric(from: Declared, to: Declared): Conversion {
  const room = numericRoom(to);
  if (!room) return from.name === 'float4' || from.name === 'float8' ? 'lossy' : 'widening';
  if (INTEGERS.includes(from.name)) return room.whole >= (INTEGER_DIGITS[from.name] ?? 0) ? 'widening' : 'lossy';
  const had = from.name === 'numeric' ? numericRoom(from) : undefined;
  return had && room.whole >= had.whole && room.scale >= had.scale ? 'widening' : 'lossy';
}

function toText(from: Declared, to: Declared): Conversion {
  const [limit] = to.modifier;
  const unlimited = limit === undefined && to.name !== 'bpchar' && to.name !== 'char' && to.name !== 'name';
  if (from.name === 'bpchar' && to.name !== 'bpchar')
    return unlimited || (limit ?? 0) >= (from.modifier[0] ?? 1) ? 'widening' : 'lossy';
  if (unlimited) return 'widening';
  const had = TEXTS.includes(from.name) ? from.modifier[0] : undefined;
  return had !== undefined && limit !== undefined && limit >= had ? 'widening' : 'lossy';
}

function between(from: Declared, to: Declared): Conversion {
  if (INTEGERS.includes(from.name) && INTEGERS.includes(to.name)) {
    return INTEGERS.indexOf(from.name) <= INTEGERS.indexOf(to.name) ? 'widening' : 'lossy';
  }
  if (to.name === 'numeric' && [...INTEGERS, ...FLOATS, 'numeric'].includes(from.name)) return toNumeric(from, to);
  if (FLOATS.includes(to.name)) {
    if (from.name === 'float4') return 'widening';
    if (from.name === 'int2' || (from.name === 'int4' && to.name === 'float8')) return 'widening';
    return [...INTEGERS, ...FLOATS, 'numeric'].includes(from.name) ? 'lossy' : 'incompatible';
  }
  if (INTEGERS.includes(to.name)) return [...FLOATS, 'numeric'].includes(from.name) ? 'lossy' : 'incompatible';
  if (TEXTS.includes(to.name) && TEXTS.includes(from.name)) return toText(from, to);
  if (TIMES.includes(from.name) && TIMES.includes(to.name))
    return from.name === 'date' && to.name === 'timestamp' ? 'widening' : 'lossy';
  if (from.name === 'json' && to.name === 'jsonb') return 'lossy';
  if (from.name === 'jsonb' && to.name === 'json') return 'widening';
  if (from.name === 'cidr' && to.name === 'inet') return 'widening';
  if (from.name === 'inet' && to.name === 'cidr') return 'lossy';
  if (from.name === 'bit' && to.name === 'varbit') return to.modifier.length === 0 ? 'widening' : 'lossy';
  // every type has a text form, from which it cannot be told apart any more
  return to.name === 'text' || (to.name === 'varchar' && to.modifier.length === 0) ? 'widening' : 'incompatible';
}

/** Same name, other modifier: `numeric(14,2)` and `numeric(16,2)`, `timestamp(3)` and `timestamp`. */
function sameName(from: Declared, to: Declared): Conversion {
  if (to.name === 'numeric') return toNumeric(from, to);
  if (TEXTS.includes(to.name)) return toText(from, to);
  const [had] = from.modifier;
  const [has] = to.modifier;
  if (had === has) return 'widening';
  if (to.name === 'bit') return 'incompatible';
  return has === undefined || (had !== undefined && has >= had) ? 'widening' : 'lossy';
}

/** What a value of the source column meets on its way into the target column. Domains count as the type behind them. */
export function conversion(source: Column, target: Column): Conversion {
  const sameType =
    source.type.base.schema === target.type.base.schema && source.type.base.name === target.type.base.name;
  if (source.declared === target.declared && source.type.schema === target.type.schema) return 'same';
  const [from, to] = [declaredOf(source), declaredOf(target)];
  if (from.array !== to.array) return to.name === 'text' && !to.array ? 'widening' : 'incompatible';
  if (sameType) {
    const userType = source.type.base.schema !== 'pg_catalog';
    return userType ? 'widening' : sameName(from, to);
  }
  if (source.type.base.kind === 'e')
    return TEXTS.includes(to.name) && !to.array ? toText({ ...from, modifier: [63] }, to) : 'incompatible';
  if (target.type.base.kind === 'e') return TEXTS.includes(from.name) ? 'lossy' : 'incompatible';
  return between(from, to);
}
