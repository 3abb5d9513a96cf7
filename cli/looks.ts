import type { TableStatus } from '../lib/model/answers.ts';
import { lookText } from '../lib/model/look.ts';
import { harmless } from './format.ts';

/** Tables named before the rest is counted. */
const NAMED = 3;

/** How an incremental job looks at its tables, a line for all that it looks at alike. */
export function lookLines(tables: readonly TableStatus[]): string[] {
  const alike = Map.groupBy(tables, lookText);
  return [...alike].flatMap(([text, own]) => {
    if (text === undefined) return [];
    const names = own.slice(0, NAMED).map((t) => t.name);
    const rest = own.length > NAMED ? ` and ${own.length - NAMED} more` : '';
    return [harmless(`${names.join(', ')}${rest}: ${text}`)];
  });
}
