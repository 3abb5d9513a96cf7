import * as z from 'zod';
import { ruleFields } from '../../model/rule.ts';
import { allowed } from './allowed.ts';
import { expression } from './expression.ts';
import { freshness } from './freshness.ts';
import { geometry } from './geometry.ts';
import { length } from './length.ts';
import { notNull } from './not-null.ts';
import { pattern } from './pattern.ts';
import { range } from './range.ts';
import { reference } from './reference.ts';
import type { Rule } from './rule.ts';
import { unique } from './unique.ts';

/** Every rule: one line each. The config's schema, docs/rules.md and the contract suite derive from it. */
export const rules: readonly Rule[] = [
  notNull,
  range,
  pattern,
  length,
  allowed,
  expression,
  geometry,
  freshness,
  unique,
  reference,
];

/** The schema of one rule in a config, for these rules. */
export function ruleSchema(known: readonly Rule[]) {
  const options = known.map((r) => z.strictObject({ rule: z.literal(r.name), ...ruleFields, ...r.settings }));
  return z.discriminatedUnion('rule', options as unknown as readonly [(typeof options)[number]]); // there is one at least
}
