import type { FakeKind } from '../../model/mask.ts';
import { keyed, message, numberOf } from '../mask-key.ts';
import { call } from '../sql.ts';
import { CITIES, FIRST_NAMES, LAST_NAMES, STREET_KINDS, STREETS } from './dictionary.ts';
import { isText, type Mask, refused, room, tight } from './mask.ts';

const longest = (words: readonly string[]) => Math.max(...words.map((w) => w.length));

/** SQL of a word of a list; `n` is SQL of a whole number from 0 on. */
const pick = (words: readonly string[], n: string) =>
  `(array[${words.map((w) => `'${w}'`).join(', ')}])[1 + (${n}) % ${words.length}]`;

interface Fake {
  /** Characters at most; of e-mail without the digits that keep values apart. */
  readonly characters: number;
  /** `n` is SQL of a number of 60 bits, `hex` of 64 hexadecimal digits. */
  sql(n: string, hex: (digits: number) => string, space: number): string;
}

const [FIRST, LAST] = [FIRST_NAMES.length, LAST_NAMES.length];
const EMAIL_END = '@example.com';
/** Hexadecimal digits of an address: at least 64 bits, at most 128. */
const EMAIL_DIGITS = { least: 16, most: 32 } as const;
const EMAIL_FRAME = longest(FIRST_NAMES) + 1 + EMAIL_END.length;

const FAKES: Readonly<Record<FakeKind, Fake>> = {
  first_name: { characters: longest(FIRST_NAMES), sql: (n) => pick(FIRST_NAMES, n) },
  last_name: { characters: longest(LAST_NAMES), sql: (n) => pick(LAST_NAMES, n) },
  full_name: {
    characters: longest(FIRST_NAMES) + 1 + longest(LAST_NAMES),
    sql: (n) => `${pick(FIRST_NAMES, n)} || ' ' || ${pick(LAST_NAMES, `${n} / ${FIRST}`)}`,
  },
  street_address: {
    characters: 4 + 1 + longest(STREETS) + 1 + longest(STREET_KINDS),
    sql: (n) =>
      `(1 + ${n} % 9999)::pg_catalog.text || ' ' || ${pick(STREETS, `${n} / 10000`)} || ' ' || ${pick(STREET_KINDS, `${n} / 1000000`)}`,
  },
  city: { characters: longest(CITIES), sql: (n) => pick(CITIES, n) },
  email: {
    characters: EMAIL_FRAME + EMAIL_DIGITS.least,
    sql: (n, hex, space) =>
      `${call('lower', pick(FIRST_NAMES, `${n} / ${LAST}`))} || '.' || ${hex(Math.min(EMAIL_DIGITS.most, space - EMAIL_FRAME))} || '${EMAIL_END}'`,
  },
  phone: {
    characters: 14,
    sql: (n) =>
      `'(' || (200 + ${n} % 800)::pg_catalog.text || ') 555-' || ${call('lpad', `((${n} / 800) % 10000)::pg_catalog.text`, 4, `'0'`)}`,
  },
};

export const fake: Mask<'fake'> = {
  kind: 'fake',
  summary: `A ${Object.keys(FAKES).join(', ')} out of a dictionary; e-mail addresses are of example.com, telephones of 555.`,
  types: 'text with room for it',
  tells: 'which values are equal; several values may share a fake, but for e-mail addresses',
  build({ as, domain }, { column, text }) {
    const { characters, sql } = FAKES[as];
    if (!isText(column)) refused('fake', column);
    if (room(column) < characters) tight(`fake ${as}`, characters, column);
    const hex = (digits: number) => call('left', call('encode', 'f.k', `'hex'`), digits);
    const digest = keyed(message(domain, `fake ${as}`, text));
    const numbered = `(select k, ${numberOf('k')} as n from (select ${digest} as k offset 0) e offset 0) f`;
    return { sql: `(select ${sql('f.n', hex, room(column))} from ${numbered})`, keyed: true };
  },
  // what is said of all fakes: only an e-mail address holds enough of the hash, and `isInjective` asks for it
  injective: (c) => room(c) >= EMAIL_FRAME + EMAIL_DIGITS.most,
};
