import { diffJson, diffLines, diffWordsWithSpace } from 'diff';

/** A stretch of text that both sides have, or one of them. */
export interface Stretch {
  readonly text: string;
  readonly in: 'both' | 'source' | 'target';
}

/** What people look for in: words in a sentence, lines in a text, members in a document. */
export type Compared = 'words' | 'lines' | 'json';

/** Above it texts are compared by lines: words of a long text take too long. */
const WORDS_TO = 4_000;
/** A comparison that has not come to an end by then is left: both texts are shown whole. A page must not stand still. */
const LONGEST_MS = 150;

/** Both texts as one, with what each has alone: the target's before the source's where they differ. Pure, but for the time. */
export function compareTexts(source: string, target: string, type: string): readonly Stretch[] {
  const how = comparedAs(source, target, type);
  const options = { timeout: LONGEST_MS };
  const found =
    how === 'json'
      ? diffJson(JSON.parse(target), JSON.parse(source), options)
      : how === 'lines'
        ? diffLines(target, source, options)
        : diffWordsWithSpace(target, source, options);
  if (!found)
    return [
      { text: target, in: 'target' },
      { text: source, in: 'source' },
    ];
  return found.map(({ value, added, removed }) => ({
    text: value,
    in: added ? 'source' : removed ? 'target' : 'both',
  }));
}

function comparedAs(source: string, target: string, type: string): Compared {
  if (/^jsonb?$/.test(type) && [source, target].every(isDocument)) return 'json';
  return source.length + target.length > WORDS_TO ? 'lines' : 'words';
}

/** Numbers that JavaScript would round: two documents would look alike that are not. */
const LONG_NUMBER = /\d{16}|\d[eE]/;

/** Numbers alone, and texts in quotes, are better compared as they are. A shortened value is no document any more. */
function isDocument(text: string): boolean {
  if (LONG_NUMBER.test(text)) return false;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}
