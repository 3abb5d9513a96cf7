import { type DataTypeHandler, outputOf, TEXT_PROBE } from './handler.ts';
import { geometryShape } from './spatial.ts';

/** Any type by its text: for columns whose config says so. */
export const exact: DataTypeHandler = {
  name: 'exact',
  equality: 'The same text form, as the output function writes it.',
  handles: () => false,
  canonical: outputOf,
  probe: TEXT_PROBE,
};

/** The same result for the same argument, so that handlers can be told apart by identity. */
function memoized<A, R>(make: (argument: A) => R): (argument: A) => R {
  const made = new Map<A, R>();
  return (argument) => {
    const result = made.get(argument) ?? make(argument);
    made.set(argument, result);
    return result;
  };
}

/** Geometry by shape on a grid. */
export const shape = memoized(geometryShape);

/** A type as the column of a key: values that a unique index takes for one are one. */
export const sameKey = memoized((own: DataTypeHandler): DataTypeHandler => {
  const { identity, parts } = own;
  if (!own.folds || !identity) return own;
  return {
    ...own,
    name: `${own.name} key`,
    canonical: (column, type) => own.canonical(identity(column, type), type),
    ...(parts && { parts: (column, type) => parts(identity(column, type), type) }),
  };
});
