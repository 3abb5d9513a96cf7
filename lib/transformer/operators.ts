import type { BinarySign } from './cel/node.ts';
import { isNull } from './forms.ts';
import { Problem } from './problem.ts';
import { call, constant, numberConstant } from './sql.ts';
import { tame } from './tame.ts';
import { closed, type Digits, free, type Kind, type Made, strict, type Term } from './term.ts';

/** Kinds that have an order, and an equality that a unique index would go by as well. */
const COMPARED: readonly Kind[] = ['number', 'text', 'bool', 'date', 'timestamp', 'timestamptz', 'interval'];
const SQL_SIGNS: Readonly<Record<string, string>> = { '==': '=', '!=': '<>' };

/** Digits that PostgreSQL gives a quotient at most. */
const MOST_QUOTIENT_SCALE = 1000;

const clash = (sign: string, a: Term, b: Term): Problem =>
  new Problem(
    'expression_type',
    `${sign} does not take ${a.kind} and ${b.kind}.`,
    undefined,
    a.kind === 'text' || b.kind === 'text'
      ? 'Convert one: string(x), int(x), decimal(x), date(x), timestamp(x).'
      : undefined,
  );

/** Of factors, quotients and so on: how many digits the result has at most. */
const DIGITS: Readonly<Partial<Record<BinarySign, (a: Digits, b: Digits) => Omit<Digits, 'integer'>>>> = {
  '+': (a, b) => ({ whole: Math.max(a.whole, b.whole) + 1, scale: Math.max(a.scale, b.scale) }),
  '-': (a, b) => ({ whole: Math.max(a.whole, b.whole) + 1, scale: Math.max(a.scale, b.scale) }),
  '*': (a, b) => ({ whole: a.whole + b.whole, scale: a.scale + b.scale }),
  '/': (a, b) => ({ whole: a.whole + b.scale + 1, scale: MOST_QUOTIENT_SCALE }),
  '%': (a, b) => ({ whole: Math.max(a.whole, b.whole), scale: Math.max(a.scale, b.scale) }),
};

function arithmetic(sign: BinarySign, a: Term, b: Term): Made {
  const [x, y] = [a.digits, b.digits] as [Digits, Digits];
  const integer = x.integer && y.integer;
  const bounds = DIGITS[sign]?.(x, y) ?? x;
  const digits = { ...bounds, integer, ...(integer && { scale: 0 }) };
  if (sign !== '/' && sign !== '%') return { kind: 'number', sql: `(${a.sql} ${sign} ${b.sql})`, digits };
  const fails = !(Number(b.constant) !== 0 && b.constant !== undefined);
  const by = fails ? `nullif(${b.sql}, ${numberConstant('0')})` : b.sql;
  if (sign === '%') return { kind: 'number', sql: call('mod', a.sql, by), digits, fails };
  return { kind: 'number', sql: integer ? call('div', a.sql, by) : `(${a.sql} / ${by})`, digits, fails };
}

/** Times and lengths of time. Undefined: the sign has no meaning between these kinds. */
function ofTimes(sign: BinarySign, a: Term, b: Term): Made | undefined {
  const clocked = (t: Term) => (t.kind === 'timestamptz' ? call('timezone', `'UTC'`, t.sql) : t.sql);
  if (sign === '-' && a.kind === b.kind && a.kind.startsWith('timestamp'))
    return { kind: 'interval', sql: `(${a.sql} - ${b.sql})` };
  if (sign === '-' && a.kind === 'date' && b.kind === 'date')
    return {
      kind: 'number',
      sql: `(${a.sql} - ${b.sql})::pg_catalog.numeric`,
      digits: { whole: 7, scale: 0, integer: true },
    };
  if (!a.kind.startsWith('timestamp') || b.kind !== 'interval' || (sign !== '+' && sign !== '-')) return undefined;
  if (b.constant === undefined)
    throw new Problem('expression_constant', "Only a written duration such as duration('36h') is added to a time.");
  const moved = `(${clocked(a)} ${sign} ${b.sql})`;
  const sql = a.kind === 'timestamptz' ? call('timezone', `'UTC'`, moved) : moved;
  return { kind: a.kind, sql, wild: true };
}

function calculated(sign: BinarySign, left: Term, right: Term): Term {
  const [a, b] = [tame(left), tame(right)];
  if (a.kind === 'number' && b.kind === 'number') return strict(arithmetic(sign, a, b), [a, b]);
  if (sign === '+' && a.kind === 'text' && b.kind === 'text') {
    const characters = (a.characters ?? 0) + (b.characters ?? 0);
    return strict({ kind: 'text', sql: `(${a.sql} || ${b.sql})`, characters }, [a, b]);
  }
  const made = ofTimes(sign, a, b);
  if (!made) throw clash(sign, a, b);
  return strict(made, [a, b]);
}

function compared(sign: BinarySign, a: Term, b: Term): Term {
  if ((sign === '==' || sign === '!=') && (a.kind === 'null' || b.kind === 'null')) {
    if (a.kind === b.kind) throw clash(sign, a, b);
    return isNull(a.kind === 'null' ? b : a, sign === '!=');
  }
  if (a.kind !== b.kind || !COMPARED.includes(a.kind)) throw clash(sign, a, b);
  return strict({ kind: 'bool', sql: `(${a.sql} ${SQL_SIGNS[sign] ?? sign} ${b.sql})` }, [a, b]);
}

/** `false && x` is false whatever x is, even if it could not be computed. */
function logical(sign: '&&' | '||', left: Term, right: Term): Term {
  if (left.kind !== 'bool' || right.kind !== 'bool') throw clash(sign, left, right);
  const [a, b] = [closed(left), closed(right)];
  return settled(`(${a.sql} ${sign === '&&' ? 'and' : 'or'} ${b.sql})`, [a, b]);
}

/** An answer that one of the closed terms may settle alone: only where it is NULL does a failure count. */
function settled(sql: string, terms: readonly Term[]): Term {
  const failures = [...new Set(terms.flatMap((t) => t.failed ?? []))];
  const own = failures.length === 0 ? undefined : `((${failures.join(' or ')}) and ${sql} is null)`;
  return free(
    { kind: 'bool', sql },
    terms.some((t) => t.nullable),
    [],
    own,
  );
}

export function binary(sign: Exclude<BinarySign, 'in'>, left: Term, right: Term): Term {
  if (sign === '&&' || sign === '||') return logical(sign, left, right);
  if (sign in DIGITS) return calculated(sign, left, right);
  return compared(sign, left, right);
}

/** Whether one of the values equals the first. */
export function within(value: Term, items: readonly Term[]): Term {
  if (items.length === 0) throw new Problem('expression_type', 'The list is empty.');
  for (const item of items) {
    if (item.kind !== value.kind || !COMPARED.includes(item.kind)) throw clash('in', value, item);
  }
  const [of, ...list] = [value, ...items].map(closed) as [Term, ...Term[]];
  return settled(`(${of.sql} in (${list.map((i) => i.sql).join(', ')}))`, [of, ...list]);
}

export function unary(sign: '!' | '-', of: Term): Term {
  if (sign === '!') {
    if (of.kind !== 'bool') throw new Problem('expression_type', `! does not take ${of.kind}.`);
    return strict({ kind: 'bool', sql: `(not ${of.sql})` }, [of]);
  }
  if (of.kind !== 'number') throw new Problem('expression_type', `- does not take ${of.kind}.`);
  if (of.constant !== undefined) return negative(of, of.constant);
  const x = tame(of);
  return strict({ kind: 'number', sql: `(- ${x.sql})`, ...(x.digits && { digits: x.digits }) }, [x]);
}

function negative(of: Term, digits: string): Term {
  const written = digits.startsWith('-') ? digits.slice(1) : `-${digits}`;
  return { ...of, constant: written, sql: constant('numeric', written) };
}
