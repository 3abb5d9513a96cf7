import { ident } from '../../model/quote.ts';
import { keyed, message, numberOf } from '../mask-key.ts';
import { call, numberConstant } from '../sql.ts';
import { MOST_DIGITS, YEARS } from '../tame.ts';
import type { Kind } from '../term.ts';
import { baseName, INTEGERS, type Mask, type Masked, type MaskSql, modifiers, refused } from './mask.ts';

const number = ({ text }: Masked, domain: string, tag: string) => numberOf(keyed(message(domain, tag, text)));

/** Halves of so many parts, up or down. */
const PARTS = 1_000_000_000;
/** SQL of a number from -1 to 1, always the same for a value. */
const share = (masked: Masked, domain: string, tag: string) =>
  `(((${number(masked, domain, tag)}) % ${2 * PARTS + 1} - ${PARTS})::pg_catalog.numeric * 0.000000001)`;

/** GREATEST and LEAST pass over NULL, so NULL is kept apart. */
const between = (value: string, sql: string, most: string) =>
  `(case when ${value} is not null then least(greatest(${sql}, ${numberConstant(`-${most}`)}), ${numberConstant(most)}) end)`;

function ofFloat({ value }: Masked, name: string, factor: string): MaskSql {
  const [least, most] = name === 'float4' ? ['1e-30', '1e38'] : ['1e-300', '1e300'];
  // a product of others could be too large, or too small to be a number
  const usual = `(${value} = 0 or ${call('abs', value)}::pg_catalog.float8 between ${least} and ${most})`;
  return {
    sql: `(case when ${usual} then (${value}::pg_catalog.float8 * (${factor})::pg_catalog.float8)::pg_catalog.${name} end)`,
    keyed: true,
    failed: `(not ${usual})`,
  };
}

function ofNumeric(masked: Masked, factor: string): MaskSql {
  const { value, column } = masked;
  const [precision, scale = 0] = modifiers(column);
  const usual = `(${value} > ${numberConstant('-1e1000')} and ${value} < ${numberConstant('1e1000')} and ${call('scale', value)} <= ${MOST_DIGITS})`;
  const places = precision === undefined ? call('scale', value) : String(scale);
  const changed = call('round', `${value} * ${factor}`, places);
  const most = scale >= 0 ? `${'9'.repeat(Math.max(0, (precision ?? 0) - scale)) || '0'}.${'9'.repeat(scale)}` : '';
  if (precision !== undefined && (scale < 0 || scale > precision)) refused('noise', column);
  const sql = precision === undefined ? changed : between(value, changed, most.replace(/\.$/, ''));
  return { sql: `(case when ${usual} then ${sql} end)`, keyed: true, failed: `(not ${usual})` };
}

export const noise: Mask<'noise'> = {
  kind: 'noise',
  summary: 'Larger or smaller by up to so many percent, within the type and rounded as it is declared. 0 stays 0.',
  types: 'integers, numeric, real, double precision',
  tells: 'about how large the value is, and where it is 0',
  build({ percent, domain }, masked) {
    const name = baseName(masked.column);
    const factor = `(1 + ${share(masked, domain, 'noise')} * ${numberConstant(String(percent / 100))})`;
    if (name === 'float4' || name === 'float8') return ofFloat(masked, name, factor);
    if (name === 'numeric') return ofNumeric(masked, factor);
    const most = INTEGERS[name];
    if (!most) return refused('noise', masked.column);
    return {
      sql: between(masked.value, call('round', `${masked.value}::pg_catalog.numeric * ${factor}`, 0), most),
      keyed: true,
    };
  },
  injective: () => false,
};

export const shiftDays: Mask<'shift_days'> = {
  kind: 'shift_days',
  summary: 'Earlier or later by 1 to so many whole days; the time of day stays.',
  types: 'date, timestamp, timestamptz of the years 1 to 9999',
  tells: 'about when it was, and the time of day',
  build({ days, domain }, masked) {
    const name = baseName(masked.column);
    const years = YEARS[name as Kind];
    if (!years) return refused('shift_days', masked.column);
    const { value } = masked;
    const usual = `(${value} > ${years[0]} and ${value} < ${years[1]})`;
    const step = `(select case when m.n >= ${days} then m.n - ${days} + 1 else m.n - ${days} end from (select (${number(masked, domain, 'days')} % ${2 * days})::pg_catalog.int4 as n offset 0) m)`;
    const moved = name === 'date' ? `${value} + ${step}` : `${value} + ${call('make_interval', `days => ${step}`)}`;
    return { sql: `(case when ${usual} then ${moved} end)`, keyed: true, failed: `(not ${usual})` };
  },
  injective: () => false,
};

/** Larger shapes are not hashed: their text would be longer than any text may be. */
const MOST_SHAPE_BYTES = 100_000_000;

export const jitter: Mask<'jitter'> = {
  kind: 'jitter',
  summary: 'The whole shape is moved, by up to the distance along each axis.',
  types: 'geometry',
  tells: 'form and size exactly, the place to about the distance: a rare outline can still be found on a map',
  build({ distance, domain }, masked) {
    const { type } = masked.column;
    const { postgis } = masked.env;
    if (type.base.name !== 'geometry' || postgis === undefined || type.base.schema !== postgis)
      return refused('jitter', masked.column);
    const step = (axis: string) =>
      `(${share(masked, domain, `jitter ${axis}`)} * ${numberConstant(String(distance))})::pg_catalog.float8`;
    const usual = `(${ident(postgis)}.st_memsize(${masked.value}) <= ${MOST_SHAPE_BYTES})`;
    const moved = `${ident(postgis)}.st_translate(${masked.value}, ${step('x')}, ${step('y')})`;
    return { sql: `(case when ${usual} then ${moved} end)`, keyed: true, failed: `(not ${usual})` };
  },
  injective: () => false,
};
