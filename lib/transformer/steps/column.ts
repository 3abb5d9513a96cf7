import { sourceColumn } from '../source-column.ts';
import type { TransformStep } from '../step.ts';

/** A column of the source under another name; what its type loses on the way is for the schema check to say. */
export const column: TransformStep<'column'> = {
  summary: 'A source column, by its name.',
  make(name, context) {
    const found = sourceColumn(name, context);
    return 'missing' in found ? found.missing : { expression: found.expression, plain: name };
  },
};
