import { Problem } from '../problem.ts';
import { call, constant, textConstant } from '../sql.ts';
import { baseName, INTEGERS, isText, type Mask, modifiers, refused, room } from './mask.ts';

export const keep: Mask<'keep'> = {
  kind: 'keep',
  summary: 'The value stays: somebody has looked, and it is no personal data.',
  types: 'all',
  tells: 'everything',
  build: (_, { value }) => ({ sql: value }),
  injective: () => true,
};

export const nothing: Mask<'null'> = {
  kind: 'null',
  summary: 'NULL.',
  types: 'all that may be NULL in the target',
  tells: 'nothing',
  build: () => ({ sql: 'null' }),
  injective: () => false,
};

/** Types whose constants are checked here, so that no row finds out. */
const CHECKED: Readonly<Record<string, RegExp>> = {
  bool: /^(true|false)$/,
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
};

function fits(text: string, c: Parameters<Mask['injective']>[0]): boolean {
  const name = baseName(c);
  if (isText(c)) return [...text].length <= room(c);
  const most = INTEGERS[name];
  if (most) return /^-?\d{1,19}$/.test(text) && BigInt(text) <= BigInt(most) && BigInt(text) >= -BigInt(most) - 1n;
  if (name === 'numeric') {
    const [, digits = ''] = /^-?0*(\d{1,100})(?:\.\d{1,100})?$/.exec(text) ?? [];
    const [precision = 1000, scale = 0] = modifiers(c);
    // rounding may add a digit
    return digits !== '' && digits.length < Math.max(2, precision - scale + 1) - (/\./.test(text) ? 1 : 0);
  }
  if (name === 'float4' || name === 'float8') return /^-?\d{1,30}(\.\d{1,30})?$/.test(text);
  if (name === 'date') {
    const day = /^[1-9]\d{3}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
    return day !== undefined && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
  }
  return CHECKED[name]?.test(text) ?? false;
}

export const fixed: Mask<'constant'> = {
  kind: 'constant',
  summary: 'The same value in every row.',
  types: 'text, numbers, boolean, date, uuid',
  tells: 'which rows have NULL',
  build({ value: written }, { column, value }) {
    const text = String(written);
    const name = baseName(column);
    if (!isText(column) && !INTEGERS[name] && !['numeric', 'float4', 'float8', 'date', 'bool', 'uuid'].includes(name))
      refused('constant', column);
    if (text.includes('\0') || !text.isWellFormed() || !fits(text, column))
      throw new Problem('mask_room', `The constant is no value of ${column.declared}.`);
    const sql = isText(column) ? textConstant(text) : constant(name, text);
    return { sql: `(case when ${value} is not null then ${sql} end)` };
  },
  injective: () => false,
};

const LAST = 4;
/** Of a shorter value the last four would be too much of it. */
const SHORTEST = 8;

export const last4: Mask<'last4'> = {
  kind: 'last4',
  summary: `x for every character but the last ${LAST}; for all of a value shorter than ${SHORTEST}.`,
  types: 'text',
  tells: `the last ${LAST} characters, and the length`,
  build(_, { column, value }) {
    if (!isText(column)) refused('last4', column);
    const text = `${value}::pg_catalog.text`;
    const length = call('length', text);
    return {
      sql: `(case when ${length} < ${SHORTEST} then ${call('repeat', `'x'`, length)} else ${call('repeat', `'x'`, `${length} - ${LAST}`)} || ${call('right', text, LAST)} end)`,
    };
  },
  injective: () => false,
};
