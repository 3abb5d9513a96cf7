import { MASK_KEY_SETTING } from '../model/mask.ts';
import { call, constant, textConstant } from './sql.ts';

const SETTING = call('current_setting', `'${MASK_KEY_SETTING}'`, 'true');

/** SQL: the session has no key. */
export const NO_KEY = `(coalesce(${SETTING}, '') = '')`;

const KEY = call('convert_to', `nullif(${SETTING}, '')`, `'UTF8'`);
const bytes = (hex: string) => constant('bytea', `\\x${hex}`);

/**
 * SQL of 32 bytes that only the key's holder can compute of a message (bytea), NULL without a key or message. Hashed within
 * and around with the key: what one knows of the inner hash says nothing of the outer, so no message can be lengthened.
 */
export function keyed(message: string): string {
  const inner = call('sha256', `${KEY} || ${bytes('00')} || ${message}`);
  return call('sha256', `${KEY} || ${bytes('01')} || ${inner}`);
}

/** SQL of the bytes that stand for a text (SQL) within a domain: the same text in another domain is another message. */
export function message(domain: string, tag: string, text: string): string {
  const head = textConstant(`${tag}\u0001${domain}\u0001`);
  return call('convert_to', `${head} || ${text}`, `'UTF8'`);
}

/** SQL of a whole number from 0 to 2^60 - 1, from 8 bytes of a digest. */
export const numberOf = (digest: string): string =>
  `(('x' || ${call('encode', call('substr', digest, 1, 8), `'hex'`)})::pg_catalog.bit(64)::pg_catalog.int8 & 1152921504606846975)`;
