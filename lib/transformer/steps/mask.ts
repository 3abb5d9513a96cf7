import { compileMask } from '../compile-mask.ts';
import { fitted } from '../fit.ts';
import { sourceColumn } from '../source-column.ts';
import type { TransformStep } from '../step.ts';
import { told } from './expression.ts';

export const mask: TransformStep<'mask'> = {
  summary: 'A value that stands for that of a source column with personal data (docs/masks.md).',
  make(source, context) {
    const column = sourceColumn(source.column, context);
    if ('missing' in column) return column.missing;
    const compiled = compileMask(source.mask, column.column, context.env);
    if ('problems' in compiled) return { problems: compiled.problems.map(told('mask_invalid', 'The mask')) };
    return fitted(compiled.ok, context.target);
  },
};
