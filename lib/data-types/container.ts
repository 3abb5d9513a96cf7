import { type DataTypeHandler, outputOf, TEXT_PROBE, textOf } from './handler.ts';

/**
 * Arrays: their hash forgets shape and bounds, their text does not. Elements by their text: exact, also where the element
 * type has a wider equality, but for those of numeric and float, which have handlers of their own.
 */
export const array: DataTypeHandler = {
  name: 'array',
  equality: 'The same shape and bounds, and elements of the same text form.',
  handles: (type) => type.kind === 'b' && type.name.startsWith('_'),
  canonical: textOf,
  probe: TEXT_PROBE,
};

/** Ranges and multiranges: PostgreSQL stores one form of equal discrete ranges. */
export const range: DataTypeHandler = {
  name: 'range',
  equality: 'The same bounds, by their text form; [1,3] and [1,4) of integers are one.',
  handles: (type) => type.kind === 'r' || type.kind === 'm',
  canonical: textOf,
  probe: TEXT_PROBE,
};

export const composite: DataTypeHandler = {
  name: 'composite',
  equality: 'Fields of the same text form: exact, so (1.0) is not (1.00).',
  handles: (type) => type.kind === 'c',
  canonical: outputOf,
  probe: TEXT_PROBE,
};

/** Types that nothing is known of. Exact if their output function is, as PostgreSQL's dump relies on too. */
export const unknown: DataTypeHandler = {
  name: 'unknown',
  equality: 'The same text form.',
  known: false,
  handles: () => true,
  canonical: outputOf,
  probe: TEXT_PROBE,
};
