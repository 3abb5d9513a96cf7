import { refused, type TransformStep } from '../step.ts';

/** The target's column stays as it is; a new row gets its default. */
export const omit: TransformStep<'omit'> = {
  summary: 'The column is not written.',
  make: () => 'left',
};

/** The same, for a column that has a default: said so that its absence is noticed. */
export const byDefault: TransformStep<'default'> = {
  summary: "The column takes the target's own default; refused where it has none.",
  make: (_, { target }) =>
    target.hasDefault || target.identity !== ''
      ? 'left'
      : refused('mapping_invalid', `The target column ${target.name} has no default.`),
};
