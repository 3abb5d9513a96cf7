import { EXPANSIONS, STOP_WORDS } from './dictionary.ts';

/** Letters without their marks, as names in other schemas are usually typed; `ß` and the umlauts as two letters. */
function plainLetters(text: string): string {
  const spelled = text
    .replaceAll(/[äÄ]/g, 'ae')
    .replaceAll(/[öÖ]/g, 'oe')
    .replaceAll(/[üÜ]/g, 'ue')
    .replaceAll('ß', 'ss');
  return spelled.normalize('NFKD').replaceAll(/\p{M}/gu, '');
}

/** Names longer than this are cut: PostgreSQL keeps 63 bytes. */
const MOST_LETTERS = 128;

/** The words of a name as it is written: `strBillNum`, `BILL_NUM` and `bill number` are all some of bill, num. */
export function rawWords(name: string): readonly string[] {
  return plainLetters(name.slice(0, MOST_LETTERS))
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .replaceAll(/([A-Za-z])(\d)/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

/** The same with run-together abbreviations written out and little words left out: `fname` is first, name. */
export function wordsOf(raw: readonly string[]): readonly string[] {
  const all = raw.flatMap((word) => (Object.hasOwn(EXPANSIONS, word) ? (EXPANSIONS[word] ?? '').split(' ') : [word]));
  const meant = all.filter((word) => !STOP_WORDS.has(word));
  return meant.length > 0 ? meant : all;
}

const ENDINGS = [
  'ations',
  'ation',
  'ments',
  'ment',
  'tions',
  'tion',
  'ings',
  'ing',
  'ies',
  'ied',
  'ers',
  'ed',
  'es',
  's',
  'y',
];

/** What a word shares with its plural, its verb and its noun: assess of assessed, assessment, assessments. */
export function stemOf(word: string): string {
  const ending = ENDINGS.find((end) => word.endsWith(end) && word.length - end.length >= 4);
  const stem = ending === undefined ? word : word.slice(0, -ending.length);
  return stem.length > 4 && stem.endsWith('e') ? stem.slice(0, -1) : stem;
}
