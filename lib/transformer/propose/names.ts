import { LIGHT, meaningsOf, PHRASES, RELATED } from './dictionary.ts';
import { rawWords, stemOf, wordsOf } from './words.ts';

/** A word of a name, what it may mean, and how much it tells. */
export interface Word {
  readonly text: string;
  readonly stem: string;
  readonly meanings: readonly string[];
  readonly weight: number;
}

/** A name taken apart. */
export interface Name {
  readonly raw: readonly string[];
  readonly words: readonly Word[];
}

function wordOf(text: string, known: readonly string[] = meaningsOf(text)): Word {
  const stem = stemOf(text);
  const meanings = known.length > 0 ? known : meaningsOf(stem);
  const weight = Math.max(
    ...(meanings.length > 0 ? meanings : [text]).map((m) => (Object.hasOwn(LIGHT, m) ? (LIGHT[m] ?? 1) : 1)),
  );
  return { text, stem, meanings, weight };
}

/** Words that together mean one thing become one word. */
function joined(words: readonly Word[]): readonly Word[] {
  for (const [parts, whole] of PHRASES) {
    const found = parts.map((part) => words.find((w) => w.meanings.includes(part) || w.text === part));
    if (found.every((w) => w !== undefined))
      return joined([...words.filter((w) => !found.includes(w)), wordOf(whole, [whole])]);
  }
  return words;
}

export function nameOf(raw: readonly string[]): Name {
  return { raw, words: joined(wordsOf(raw).map((word) => wordOf(word))) };
}

/** Prefixes that tell a type, as some programs write them before every name. */
const TYPE_PREFIXES: Readonly<Record<string, string>> = {
  str: '', txt: '', chr: '', lng: '', int: '', num: '', sng: '', dbl: '', flt: '', cur: '', dec: '', byt: '',
  bln: 'flag', bit: 'flag', dtm: 'date', dat: 'date', dt: 'date', ts: 'date',
}; // biome-ignore format: a table

/** How many of the columns must begin alike before that counts as a prefix. */
const PREFIX_SHARE = 0.7;
const FEWEST_COLUMNS = 4;

/** The names of a table's columns, without what all of them begin with: a mark of the table (`cl_`) or of the type (`str`). */
export function columnNames(columns: readonly string[]): readonly Name[] {
  const raws = columns.map(rawWords);
  const enough = (has: (raw: readonly string[]) => boolean) =>
    raws.length >= FEWEST_COLUMNS && raws.filter(has).length >= raws.length * PREFIX_SHARE;
  const typed = enough((raw) => raw.length > 1 && Object.hasOwn(TYPE_PREFIXES, raw[0] ?? ''));
  const first = raws[0]?.[0] ?? '';
  const candidates = [first, raws[1]?.[0] ?? ''];
  const marked = candidates.find((mark) => enough((raw) => raw.length > 1 && raw[0] === mark));
  return raws.map((raw) => {
    const [head = '', ...rest] = raw;
    if (rest.length === 0) return nameOf(raw);
    if (typed && Object.hasOwn(TYPE_PREFIXES, head)) {
      const kind = TYPE_PREFIXES[head] ?? '';
      return nameOf(kind === '' || rest.includes(kind) ? rest : [...rest, kind]);
    }
    return nameOf(head === marked ? rest : raw);
  });
}

const near = new Map(RELATED.flatMap(([a, b, how]) => [[`${a} ${b}`, how] as const, [`${b} ${a}`, how] as const]));

/** Each word of a table is compared with those of the other for every column: what came of it is remembered with the word. */
const compared = new WeakMap<Word, Map<Word, number>>();

/** From 0 to 1: whether two words mean the same. */
export function wordLikeness(a: Word, b: Word): number {
  const known = compared.get(a) ?? new Map<Word, number>();
  compared.set(a, known);
  const before = known.get(b);
  if (before !== undefined) return before;
  const found = compareWords(a, b);
  known.set(b, found);
  return found;
}

function compareWords(a: Word, b: Word): number {
  if (a.text === b.text) return 1;
  if (a.meanings.some((m) => b.meanings.includes(m))) return 0.97;
  const related = Math.max(0, ...a.meanings.flatMap((m) => b.meanings.map((n) => near.get(`${m} ${n}`) ?? 0)));
  if (related > 0) return related;
  if (a.stem === b.stem) return 0.95;
  const bothKnown = a.meanings.length > 0 && b.meanings.length > 0;
  return bothKnown ? 0 : spelledAlike(a, b);
}

/** Of words of which one at least is in no dictionary. */
function spelledAlike(a: Word, b: Word): number {
  const [short, long] = a.text.length <= b.text.length ? [a.text, b.text] : [b.text, a.text];
  if (short.length < 2) return 0;
  let same = 0;
  while (same < short.length && short[same] === long[same]) same++;
  if (same === short.length && same >= 3) return 0.85; // loc of location
  if (same >= 5 && same >= long.length * 0.6) return 0.8; // applicant, application
  return short.length >= 3 && abbreviates(short, long) ? 0.75 : 0;
}

/** `trk` of tracking: begins alike, has its letters in their order, and no vowel that the long word has elsewhere. */
function abbreviates(short: string, long: string): boolean {
  if (short[0] !== long[0] || short.length > long.length * 0.75) return false;
  let at = 0;
  for (const letter of short) {
    at = long.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  const vowels = short.slice(1).replaceAll(/[^aeiou]/g, '').length;
  return vowels <= 1;
}

/** Two names compared: from 0 to 1, and the pairs of words that made it. */
export interface Likeness {
  readonly score: number;
  readonly pairs: readonly (readonly [Word, Word, number])[];
}

/** Words that name the table itself weigh this share: `parcel_id` in parcels is the id. */
const OWN_TABLE = 0.3;

/** How alike two names are, where words of `entity` (what both tables are about) tell little. */
export function likeness(a: Name, b: Name, entity: readonly Word[] = []): Likeness {
  const acronym = acronymOf(a, b) || acronymOf(b, a);
  const weightOf = (w: Word) => (entity.some((e) => wordLikeness(w, e) >= 0.9) ? w.weight * OWN_TABLE : w.weight);
  const candidates = a.words
    .flatMap((x) => b.words.map((y) => [x, y, wordLikeness(x, y)] as const))
    .filter(([, , how]) => how > 0)
    .sort((p, q) => q[2] - p[2]);
  const pairs: (readonly [Word, Word, number])[] = [];
  for (const pair of candidates) if (!pairs.some(([x, y]) => x === pair[0] || y === pair[1])) pairs.push(pair);
  const total = [...a.words, ...b.words].reduce((sum, w) => sum + weightOf(w), 0);
  const shared = pairs.reduce((sum, [x, y, how]) => sum + how * (weightOf(x) + weightOf(y)), 0);
  return { score: Math.max(acronym ? 0.9 : 0, total === 0 ? 0 : shared / total), pairs };
}

/** `tca` of tax code area. */
function acronymOf(short: Name, long: Name): boolean {
  const [word = ''] = short.raw;
  return (
    short.raw.length === 1 &&
    long.raw.length >= 2 &&
    word.length === long.raw.length &&
    long.raw.every((w, i) => w[0] === word[i])
  );
}
