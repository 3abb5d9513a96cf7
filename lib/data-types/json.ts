import { builtIn, type DataTypeHandler, TEXT_PROBE, textOf } from './handler.ts';

/** json: text that happens to be JSON; blanks, order and repeated keys are kept by PostgreSQL, and here. */
export const json: DataTypeHandler = {
  name: 'json',
  equality: 'The same text, blanks and order of keys included.',
  handles: builtIn('json'),
  canonical: textOf,
  probe: TEXT_PROBE,
};

/**
 * jsonb by its text: order of keys and blanks do not count, but the scale of numbers does, where PostgreSQL takes 1.0 and
 * 1.00 for equal. Its hash forgets nesting and sign, and cutting the zeros in SQL costs 8 to 35 µs for a document that
 * has one (the text costs 1 µs). So a row that differs in nothing else is written once, and is equal from then on.
 */
export const jsonb: DataTypeHandler = {
  name: 'jsonb',
  equality: 'Order of keys and blanks do not count; the scale of numbers does: 1.0 and 1.00 differ.',
  handles: builtIn('jsonb'),
  canonical: textOf,
  probe: TEXT_PROBE,
};
