import type { Column } from '../lib/model/table.ts';
import { keyed, message, numberOf } from '../lib/transformer/mask-key.ts';
import { isText, type Masked, type MaskSql, refused, room, tight } from '../lib/transformer/masks/mask.ts';
import { call } from '../lib/transformer/sql.ts';

/** Characters of a licence plate. */
const PLATE = 7;

/**
 * A mask of one's own: licence plates, three letters and four digits, the same for the same plate.
 *
 * To have it: this file into lib/transformer/masks, `plate` into the registry beside it, and its options into `maskSchema` of
 * lib/model/mask.ts (then `kind` is told from the registry's type, and `plate` can be a `Mask<'plate'>`):
 *
 *     z.strictObject({ kind: z.literal('plate'), domain })
 *
 * test/contract/masks.test.ts then runs it over hostile values of every type that it takes, with a key and without.
 *
 * What `build` must keep: SQL over `value` that raises no error, NULL for NULL, and depends on the value by `keyed(message(...))`
 * of `text` alone, which is the same for values that are equal: with `keyed: true` a session without the key fails the row. What
 * has no meaning for a column is refused, also where it has no room. `injective`: true only where no two values become one.
 */
export const plate = {
  kind: 'plate',
  summary: 'A licence plate, ABC 1234.',
  types: 'text with room for 7 characters',
  tells: 'which values are equal; several may share a plate',
  build({ domain }: { readonly domain: string }, { column, text }: Pick<Masked, 'column' | 'text'>): MaskSql {
    if (!isText(column)) refused('plate', column);
    if (room(column) < PLATE) tight('plate', PLATE, column);
    const number = numberOf(keyed(message(domain, 'plate', text)));
    const letter = (nth: number) => call('chr', `(65 + (${number} / ${26 ** nth}) % 26)::pg_catalog.int4`);
    const digits = call('lpad', `((${number} / ${26 ** 3}) % 10000)::pg_catalog.text`, '4', `'0'`);
    return { sql: `(${[letter(0), letter(1), letter(2), digits].join(' || ')})`, keyed: true };
  },
  injective: (_: Column) => false,
};
