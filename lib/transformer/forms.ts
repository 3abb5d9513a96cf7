import { Problem } from './problem.ts';
import { call } from './sql.ts';
import { closed, free, type Kind, type Term, unless } from './term.ts';

/** A function that makes something of NULL, so that no strict one can stand for it. */
export interface Form {
  readonly name: string;
  readonly summary: string;
  /** How its arguments are written. */
  readonly takes: string;
  readonly least: number;
  readonly most: number;
  readonly examples: readonly (readonly [expression: string, value: string | null])[];
  build(args: readonly Term[]): Term;
}

/** Types of constants without a row, by kind. */
const NULLS: Readonly<Partial<Record<Kind, string>>> = {
  number: 'numeric',
  text: 'text',
  bool: 'bool',
  date: 'date',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
  interval: 'interval',
};

/** Values of one kind, of which one will be chosen; NULL takes the kind of the others. */
export function alike(terms: readonly Term[]): readonly Term[] {
  const model = terms.find((t) => t.kind !== 'null');
  if (!model) throw new Problem('expression_type', 'One of the values must not be null.');
  return terms.map((t) => {
    if (t.kind === 'null') return typedNull(model);
    const [a, b] = [t, model].map((x) => (x.kind === 'other' || x.kind === 'json' ? (x.as?.declared ?? '') : x.kind));
    if (a !== b || a === '') throw new Problem('expression_type', `The values are of different types: ${b} and ${a}.`);
    return t;
  });
}

function typedNull(model: Term): Term {
  const type = NULLS[model.kind];
  const sql = type
    ? `null::pg_catalog.${type}${model.kind === 'text' ? ' collate "C"' : ''}`
    : `null::${model.as?.declared}`;
  const { kind, digits } = model;
  return {
    kind,
    sql: `(${sql})`,
    nullable: true,
    fallible: false,
    inputs: ['null'],
    characters: 0,
    ...(digits && { digits: { ...digits, whole: 1, scale: 0 } }),
  };
}

/** What is known of a value that is one of these. */
export function widest(terms: readonly Term[]): Pick<Term, 'kind' | 'digits' | 'characters' | 'wild' | 'as'> {
  const { kind, as } = terms.find((t) => t.as) ?? (terms[0] as Term);
  const digits = terms.flatMap((t) => t.digits ?? []);
  const lengths = terms.map((t) => t.characters ?? 0);
  const copied = kind === 'other' || kind === 'json' || kind === 'geometry';
  return {
    kind,
    ...(kind === 'text' && { characters: Math.max(...lengths) }),
    ...(kind === 'number' && {
      digits: {
        whole: Math.max(...digits.map((d) => d.whole)),
        scale: Math.max(...digits.map((d) => d.scale)),
        integer: digits.every((d) => d.integer),
      },
    }),
    ...(terms.some((t) => t.wild) && { wild: true as const }),
    ...(copied && as && { as }),
  };
}

function firstOf(args: readonly Term[]): Term {
  const all = alike(args).map(closed);
  const known = widest(all);
  const nullable = all.every((t) => t.nullable);
  const failed = all.flatMap((t) => t.failed ?? []);
  const choice = `coalesce(${all.map((t) => t.sql).join(', ')})`;
  const sql = unless(failed.length === 0 ? undefined : `(${failed.join(' or ')})`, choice);
  return asChosen(free({ ...known, sql }, nullable || failed.length > 0, all), sql);
}

function orElse([value, other]: readonly Term[]): Term {
  const [first, second] = alike([value as Term, other as Term]).map(closed) as [Term, Term];
  const sql = `coalesce(${first.sql}, ${second.sql})`;
  const { failed: _, ...forgiven } = first;
  const failed = second.failed && `(${first.sql} is null and ${second.failed})`;
  const both = [forgiven, { ...second, ...(failed && { failed }) }] as [Term, Term];
  return asChosen(free({ ...widest(both), sql }, second.nullable, both), sql);
}

/** A value that is only copied keeps its type, but is no column any more. */
export const asChosen = (term: Term, sql: string): Term => (term.as ? { ...term, as: { ...term.as, sql } } : term);

export function isNull(term: Term, not: boolean): Term {
  const of = closed(term);
  const counted = term.kind === 'other';
  const asked = counted ? `(${call('num_nulls', of.sql)} = ${not ? 0 : 1})` : `(${of.sql} is ${not ? 'not ' : ''}null)`;
  return free({ kind: 'bool', sql: unless(of.failed, asked) }, of.failed !== undefined, [of]);
}

export const forms: readonly Form[] = [
  {
    name: 'coalesce',
    summary: 'The first value that is not NULL. What could not be computed stays a failure.',
    takes: 'value, value, ...',
    least: 2,
    most: 20,
    examples: [["coalesce(null, 'b')", 'b']],
    build: firstOf,
  },
  {
    name: 'orElse',
    summary: 'The other value where the first is NULL or could not be computed.',
    takes: 'value, other',
    least: 2,
    most: 2,
    examples: [
      ["int('x').orElse(0)", '0'],
      ['(1 / 0).orElse(-1)', '-1'],
    ],
    build: orElse,
  },
  {
    name: 'has',
    summary: 'Whether there is a value: it is not NULL.',
    takes: 'value',
    least: 1,
    most: 1,
    examples: [['has(1)', 'true']],
    build: ([t]) => isNull(t as Term, true),
  },
];
