import { looked } from '../dictionary.ts';
import { sourceColumn } from '../source-column.ts';
import { refused, type TransformStep } from '../step.ts';
import { constantType, readConstant, wantedConstants } from './constant.ts';

/** A code table within the mapping: values of the source by their text, and what stands for each in the target. */
export const values: TransformStep<'values'> = {
  summary: 'A map from values of a source column to values of the target.',
  constants: (source, target) => wantedConstants(Object.values(source.values), target),
  make(source, context) {
    const { target, found } = context;
    const column = sourceColumn(source.column, context);
    if ('missing' in column) return column.missing;
    const value = constantType(target);
    if (!value)
      return refused('mapping_invalid', `${target.name} is ${target.declared}, of which there are no constants.`);
    const read = Object.entries(source.values).map(([from, to]) => [from, readConstant(to, target, found)] as const);
    const problems = read.flatMap(([, r]) => ('code' in r ? [r] : []));
    if (problems.length > 0) return { problems };
    const pairs = read.flatMap(([from, r]) => ('text' in r ? [[from, r.text] as const] : []));
    return looked(column.expression, { pairs, value }, target, source.otherwise);
  },
};
