import { aText, type ExpressionFunction } from '../lib/transformer/functions/function.ts';
import { call, textConstant } from '../lib/transformer/sql.ts';

/**
 * A function of one's own: parcel numbers in one spelling, `12-0345 A` -> `12-0345-A`.
 *
 * To have it, put this file into lib/transformer/functions and its name into the list of registry.ts beside it. It is then
 * known to every expression, its examples are run by test/contract/expression-functions.test.ts, and it stands in the table
 * of docs/expressions.md (UPDATE_DOCS=1).
 *
 * What `build` must keep: SQL that never raises an error, NULL for NULL, every constant by textConstant(), every function by
 * call(), each argument once. A value that cannot be computed is NULL with `fails`: such rows go into quarantine.
 */
export const parcelNumber: ExpressionFunction = {
  name: 'parcelNumber',
  summary: 'A parcel number with - between its parts; fails for a text that is none.',
  parameters: [aText('text')],
  examples: [
    ["parcelNumber('12 0345 a')", '12-0345-A'],
    ["parcelNumber('none')", null],
  ],
  build: ([text]) => {
    const parts = call('regexp_replace', call('btrim', text?.sql ?? ''), textConstant('[ -]+'), `'-'`, `'g'`);
    const valid = call('substring', call('upper', parts), textConstant('^[0-9]{2}-[0-9]{4}(?:-[A-Z])?$'));
    return { kind: 'text', sql: valid, characters: 9, fails: true };
  },
};
