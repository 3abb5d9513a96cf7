import type { Scalar } from '../../model/mapping.ts';
import { literal } from '../../model/quote.ts';
import type { Column } from '../../model/table.ts';
import { sharedType } from '../fit.ts';
import {
  builtInType,
  type Found,
  refused,
  type StepProblem,
  type TransformStep,
  type WantedConstant,
} from '../step.ts';

/** Constants as the target's server is asked to read them. */
export const wantedConstants = (values: readonly Scalar[], { declared }: Column): readonly WantedConstant[] =>
  values.flatMap((v) => (v === null ? [] : [{ text: String(v), declared }]));

/** The type that constants for a column have on the source, where the target's own type may not exist. */
export function constantType(target: Column) {
  const shared = sharedType(target);
  if (shared) return shared;
  // the value was read by the target as one of its labels
  return target.type.base.kind === 'e' ? { type: builtInType('text'), declared: 'pg_catalog.text' } : undefined;
}

/** A constant in the text of its type, or what is wrong with it. */
export function readConstant(
  value: Scalar,
  target: Column,
  found: Found,
): { readonly text: string | null } | StepProblem {
  if (value === null) return { text: null };
  const text = found.constant({ text: String(value), declared: target.declared });
  if (text !== undefined) return { text };
  return {
    code: 'mapping_invalid',
    message: `A constant for ${target.name} cannot be read as ${target.declared}.`,
  };
}

export const constant: TransformStep<'constant'> = {
  summary: 'The same value in every row.',
  constants: (source, target) => wantedConstants([source.constant], target),
  make(source, { target, found }) {
    const type = constantType(target);
    if (!type)
      return refused('mapping_invalid', `${target.name} is ${target.declared}, of which there are no constants.`, {
        hint: 'Use an expression.',
      });
    const read = readConstant(source.constant, target, found);
    if ('code' in read) return { problems: [read] };
    const sql = `${read.text === null ? 'null' : literal(read.text)}::${type.declared}`;
    const fits = target.type.base.kind === 'e' && { fits: true as const };
    return { expression: { ...type, nullable: read.text === null, sql }, ...fits };
  },
};
