import { keyed, message, numberOf } from '../mask-key.ts';
import { call, numberConstant, textConstant } from '../sql.ts';
import { baseName, isText, type Mask, type Masked, type MaskSql, modifiers, refused } from './mask.ts';

/** Each half is turned so many times; FF1 of NIST SP 800-38G has as many rounds. */
const ROUNDS = 10;
/** Two halves of int8 hold so many digits. */
const MOST_DIGITS = 36;

/**
 * SQL of the two halves of a number after all rounds: in turn, what the key makes of one half is added to the other,
 * modulo its size. Each round can be undone, so no two numbers become one, whatever the sizes are.
 *
 * `start` selects value, halves and sizes as `g, l, r, ml, mr`: `g` is a text that numbers mixed with each other share.
 * Rows of `offset 0` keep PostgreSQL from writing a round into the next one twice.
 */
function rounds(start: string, domain: string, result: string): string {
  const steps = Array.from({ length: ROUNDS }, (_, i) => {
    const from = i === 0 ? 's' : `s${i}`;
    const [own, other] = i % 2 === 0 ? ['l', 'r'] : ['r', 'l'];
    const key = message(domain, `digits ${i}`, `${from}.g || ' ' || ${from}.${other}::pg_catalog.text`);
    const turned = `(${from}.${own} + ${numberOf(keyed(key))}) % ${from}.m${own}`;
    const [l, r] = i % 2 === 0 ? [turned, `${from}.r`] : [`${from}.l`, turned];
    return `lateral (select ${from}.g, ${l} as l, ${r} as r, ${from}.ml, ${from}.mr offset 0) s${i + 1}`;
  });
  return `(select ${result.replaceAll('$', `s${ROUNDS}`)} from (${start} offset 0) s, ${steps.join(', ')})`;
}

const power = (n: string) =>
  `${call('power', '10::pg_catalog.numeric', `(${n})::pg_catalog.numeric`)}::pg_catalog.int8`;

/** The digits of a text; all else stays where it is. */
function ofText({ value }: Masked, domain: string): MaskSql {
  const text = `(${value}::pg_catalog.text collate "C")`;
  const found = call('regexp_replace', text, textConstant('[^0-9]'), `''`, `'g'`);
  const count = call('length', found);
  const fits = `${call('octet_length', text)} <= 4000 and ${count} between 1 and ${MOST_DIGITS}`;
  const half = 'd.n / 2';
  const start = `select d.n::pg_catalog.text as g, coalesce(nullif(${call('left', 'd.t', half)}, '')::pg_catalog.int8, 0) as l, ${call('substr', 'd.t', `${half} + 1`)}::pg_catalog.int8 as r, ${power(half)} as ml, ${power(`(d.n - ${half})`)} as mr from (select ${found} as t, ${count} as n offset 0) d`;
  const n = '$.g::pg_catalog.int4';
  const padded = `${call('right', call('lpad', '$.l::pg_catalog.text', '18', `'0'`), `${n} / 2`)} || ${call('right', call('lpad', '$.r::pg_catalog.text', '18', `'0'`), `${n} - ${n} / 2`)}`;
  const digits = rounds(start, domain, padded);
  // each digit of the value, from the left, takes the next of the new ones
  const put = `(select ${call('string_agg', `case when p.c between '0' and '9' then ${call('substr', 'm.d', 'p.k::pg_catalog.int4', '1')} else p.c end`, `'' order by p.i`)} from (select ${digits} as d offset 0) m, lateral (select u.c collate "C" as c, u.i, ${call('count', '*')} filter (where u.c collate "C" between '0' and '9') over (order by u.i) as k from ${call('unnest', call('string_to_array', text, 'null'))} with ordinality u(c, i)) p)`;
  return {
    sql: `(case when ${count} = 0 then ${text} when ${fits} then ${put} end)`,
    keyed: true,
    failed: `(${count} > ${MOST_DIGITS} or ${call('octet_length', text)} > 4000)`,
  };
}

/** The largest value of a type: from its first digit's place on there are fewer numbers, and these are the sizes of halves. */
const TOP: Readonly<Record<string, readonly [digits: number, left: string, right: string]>> = {
  int2: [5, '16', '1423'],
  int4: [10, '512', '2241179'],
  int8: [19, '262144', '31369674823207'],
};

/** A whole number becomes another of as many digits and the same sign. `x`: SQL of a numeric without fraction. */
function ofWhole(x: string, domain: string, top: readonly [number, string, string] | undefined): string {
  const left = 'd.n / 2';
  const right = `(d.n - ${left})`;
  // -0 is 0, so below zero there are nine numbers of one digit
  const mr = `(case when d.n > 1 then ${power(right)} when d.below then 9 else 10 end)`;
  const ml = `(case when d.n = 1 then 1 else 9 * ${power(`(${left} - 1)`)} end)`;
  const [last, topLeft, topRight] = top ?? [0, '1', '1'];
  const sizes = (ordinary: string, at: string) =>
    top ? `(case when d.n = ${last} then ${at}::pg_catalog.int8 else ${ordinary} end)` : ordinary;
  const begin = `(case when d.n > 1 then ${call('trunc', call('power', '10::pg_catalog.numeric', '(d.n - 1)::pg_catalog.numeric'), '0')} when d.below then 1 else 0 end)`;
  const named = `select ${call('abs', x)} as x, ${call('length', `${call('abs', x)}::pg_catalog.text`)} as n, ${x} < 0 as below offset 0`;
  const sized = `select d.n, d.below, d.x - ${begin} as x, ${begin} as b, ${sizes(ml, topLeft)} as ml, ${sizes(mr, topRight)} as mr from (${named}) d offset 0`;
  const start = `select z.n::pg_catalog.text || ' ' || z.b::pg_catalog.text || (case when z.below then ' -1' else ' 1' end) as g, ${call('div', 'z.x', 'z.mr::pg_catalog.numeric')}::pg_catalog.int8 as l, ${call('mod', 'z.x', 'z.mr::pg_catalog.numeric')}::pg_catalog.int8 as r, z.ml, z.mr from (${sized}) z`;
  const part = (i: number) => `${call('split_part', '$.g', `' '`, i)}::pg_catalog.numeric`;
  return rounds(start, domain, `($.l::pg_catalog.numeric * $.mr + $.r + ${part(2)}) * ${part(3)}`);
}

function ofNumber({ column, value }: Masked, domain: string): MaskSql {
  const name = baseName(column);
  const top = TOP[name];
  if (top) {
    const x = `${value}::pg_catalog.numeric`;
    // the one number without a counterpart above zero
    const lowest = { int2: '-32768', int4: '-2147483648', int8: '-9223372036854775808' }[name] ?? '';
    return { sql: ofWhole(x, domain, top), keyed: true, failed: `(${x} = ${lowest}::pg_catalog.numeric)` };
  }
  const [precision, scale = 0] = modifiers(column);
  if (precision === undefined || precision > MOST_DIGITS || scale < 0) refused('digits', column);
  const x = call('trunc', `${value} * ${numberConstant(`1e${scale}`)}`, '0');
  const finite = `${value} < 'Infinity'::pg_catalog.numeric`;
  return {
    sql: `(case when ${finite} then ${call('round', `${ofWhole(x, domain, undefined)} * ${numberConstant(`1e-${scale}`)}`, scale)} end)`,
    keyed: true,
    failed: `(not ${finite})`,
  };
}

export const digits: Mask<'digits'> = {
  kind: 'digits',
  summary: `Every digit becomes another; letters, signs and the number of digits stay. At most ${MOST_DIGITS} digits.`,
  types: 'text, integers, numeric(p,s) with p up to 36',
  tells: 'the form: letters, separators, how many digits, the sign; whoever can mask guesses of few digits can try all',
  build({ domain }, masked) {
    if (isText(masked.column)) return ofText(masked, domain);
    if (TOP[baseName(masked.column)] || baseName(masked.column) === 'numeric') return ofNumber(masked, domain);
    return refused('digits', masked.column);
  },
  injective: () => true,
};
