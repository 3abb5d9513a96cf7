import { keyed, message } from '../mask-key.ts';
import { Problem } from '../problem.ts';
import { call, textConstant } from '../sql.ts';
import type { Kind, Made, Term } from '../term.ts';
import { aText, type ExpressionFunction, written } from './function.ts';

const text = (sql: string, characters: number): Made => ({ kind: 'text', sql: `(${sql} collate "C")`, characters });
const hex = (bytes: string) => text(call('encode', bytes, `'hex'`), 64);

/** Types beyond those computed with that have a short text form. */
const SHORT: Readonly<Record<string, number>> = {
  uuid: 36,
  inet: 60,
  cidr: 60,
  macaddr: 17,
  macaddr8: 23,
  time: 20,
  timetz: 30,
};

const time = (t: Term, form: string, characters: number): Made =>
  text(call('to_char', `${t.sql}::pg_catalog.timestamp`, `'${form}'`), characters);
/** Microseconds where there are any. */
const stamp = (t: Term, zone: string): Made => {
  const local = t.kind === 'timestamptz' ? call('timezone', `'UTC'`, t.sql) : t.sql;
  const written = call('to_char', local, `'YYYY-MM-DD"T"HH24:MI:SS.US'`);
  return text(`${call('regexp_replace', written, textConstant('[.]?0{0,6}$'), `''`)} || '${zone}'`, 27);
};

const AS_TEXT: Readonly<Partial<Record<Kind, (t: Term) => Made>>> = {
  text: (t) => ({ kind: 'text', sql: t.sql, ...(t.characters !== undefined && { characters: t.characters }) }),
  number: (t) => text(`${t.sql}::pg_catalog.text`, (t.digits?.whole ?? 1) + (t.digits?.scale ?? 0) + 2),
  bool: (t) => text(`case ${t.sql} when true then 'true' when false then 'false' end`, 5),
  date: (t) => time(t, 'YYYY-MM-DD', 10),
  timestamp: (t) => stamp(t, ''),
  timestamptz: (t) => stamp(t, 'Z'),
};

function asText(t: Term): Made {
  const how = AS_TEXT[t.kind];
  if (how) return how(t);
  const type = t.as?.type.base;
  const characters = type?.schema === 'pg_catalog' ? SHORT[type.name] : undefined;
  if (characters === undefined) throw new Problem('expression_type', 'A value of this type has no text form here.');
  return text(`${t.sql}::pg_catalog.text`, characters);
}

const TRUE = "'true', 't', 'yes', 'y', 'on', '1'";
const FALSE = "'false', 'f', 'no', 'n', 'off', '0'";

export const valueFunctions: readonly ExpressionFunction[] = [
  {
    name: 'string',
    summary: 'The text of a value: numbers with the zeros they have, times as ISO 8601.',
    parameters: [{ name: 'value', kinds: ['text', 'number', 'bool', 'date', 'timestamp', 'timestamptz', 'other'] }],
    examples: [
      ['string(1.50)', '1.50'],
      ['string(true)', 'true'],
    ],
    build: ([t]) => asText(t as Term),
  },
  {
    name: 'bool',
    summary: 'A truth value from true, t, yes, y, on, 1 and their opposites, in any case.',
    parameters: [{ name: 'value', kinds: ['text', 'bool'] }],
    examples: [
      ["bool('Yes')", 'true'],
      ["bool('maybe')", null],
    ],
    build: ([t]) => {
      const { kind, sql } = t as Term;
      const word = `${call('lower', sql)}`;
      return kind === 'bool'
        ? { kind, sql }
        : {
            kind: 'bool',
            sql: `(case when ${word} in (${TRUE}) then true when ${word} in (${FALSE}) then false end)`,
            fails: true,
          };
    },
  },
  {
    name: 'sha256',
    summary: 'The hash of a text in hexadecimal. Without a key: who can guess the text can check the guess.',
    parameters: [aText('text')],
    examples: [["sha256('')", 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855']],
    build: ([t]) => hex(call('sha256', call('convert_to', (t as Term).sql, `'UTF8'`))),
  },
  {
    name: 'keyedHash',
    summary:
      'A hash in hexadecimal that needs the mask key; a domain makes the same text another hash. Fails without key.',
    parameters: [aText('text'), written(aText('domain'))],
    required: 1,
    examples: [],
    build: ([t, domain]) => ({
      ...hex(keyed(message(domain?.constant ?? '', 'hash', (t as Term).sql))),
      fails: true,
    }),
  },
];
