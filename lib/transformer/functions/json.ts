import { Problem } from '../problem.ts';
import { call, textConstant } from '../sql.ts';
import { MOST_BYTES } from '../tame.ts';
import type { Term } from '../term.ts';
import { aText, type ExpressionFunction, written } from './function.ts';

/** A stored document of more bytes may, unpacked and with its characters escaped, become longer than any text. */
const MOST_STORED_BYTES = 500_000;

/**
 * json keeps its text as it came, also with escapes that stand for no character: reading those raises an error. Where a
 * backslash is doubled before such letters, they are no escape; then the row fails without need, and is looked at.
 */
const UNREADABLE = '\\\\u(?:0000|[dD][89abAB][0-9a-fA-F]{2}(?!\\\\u[dD][c-fC-F])|[dD][c-fC-F])';
const PAIR = '\\\\u[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD][c-fC-F][0-9a-fA-F]{2}';

/** SQL of a boolean: PostgreSQL can take the document apart. */
function readable(sql: string, binary: boolean): string {
  if (binary) return `${call('pg_column_size', sql)} <= ${MOST_STORED_BYTES}`;
  const plain = `${sql}::pg_catalog.text collate "C"`;
  const rest = call('regexp_replace', plain, textConstant(PAIR), `''`, `'g'`);
  return `(case when ${call('octet_length', plain)} <= ${MOST_BYTES} then ${rest} !~ ${textConstant(UNREADABLE)} end)`;
}

export const jsonFunctions: readonly ExpressionFunction[] = [
  {
    name: 'path',
    summary:
      'The text of what stands at the end of the keys (an index counts from 0) in a json column; NULL where nothing does.',
    parameters: [{ name: 'column', kinds: ['json'] }, written(aText('key'))],
    repeats: true,
    examples: [],
    build: ([document, ...keys]) => {
      const { as, sql } = document as Term;
      if (!as) throw new Problem('expression_type', 'path takes a column itself.');
      const binary = as.type.base.name === 'jsonb';
      const how = binary ? 'jsonb_extract_path_text' : 'json_extract_path_text';
      const can = readable(sql, binary);
      return {
        kind: 'text',
        sql: `(${call(how, `case when ${can} then ${sql} end`, ...keys.map((k) => k.sql))} collate "C")`,
        failed: `(${sql} is not null and (${can}) is not true)`,
        characters: MOST_BYTES,
        wild: true,
      };
    },
  },
];
