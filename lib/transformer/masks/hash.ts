import type { Column } from '../../model/table.ts';
import { keyed, message } from '../mask-key.ts';
import { call } from '../sql.ts';
import { baseName, isText, type Mask, refused, room, tight } from './mask.ts';

/** Hexadecimal digits of a whole hash; at least 64 bits of it must fit; 128 keep values apart that a unique index tells apart. */
const WHOLE = 64;
const LEAST = 16;
const APART = 32;

const digits = (c: Column) => Math.min(WHOLE, room(c));

export const hash: Mask<'hash'> = {
  kind: 'hash',
  summary: `A keyed hash: up to ${WHOLE} hexadecimal digits of a text, a uuid, or 32 bytes.`,
  types: 'text with room for 16 characters, uuid, bytea',
  tells: 'which values are equal',
  build({ domain }, { column, text }) {
    const name = baseName(column);
    const digest = keyed(message(domain, 'hash', text));
    if (name === 'bytea') return { sql: digest, keyed: true };
    const hex = call('encode', digest, `'hex'`);
    if (name === 'uuid') return { sql: `${call('left', hex, APART)}::pg_catalog.uuid`, keyed: true };
    if (!isText(column)) refused('hash', column);
    if (room(column) < LEAST) tight('hash', LEAST, column);
    return { sql: call('left', hex, digits(column)), keyed: true };
  },
  injective: (c) => (isText(c) ? digits(c) >= APART : true),
};
