import { Problem } from '../problem.ts';

/** A part of the text; `at` is its place in UTF-16 units. A string's value is what its escapes stand for. */
export interface Token {
  readonly kind: 'number' | 'string' | 'name' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

const SIGNS = /(?:&&|\|\||[=!<>]=|[-+*/%<>!?:()[\],.])/y;
const NUMBER = /0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const NAME = /[A-Za-z_][A-Za-z_0-9]*/y;
const BLANK = /(?:[ \t\r\n\f]+|\/\/[^\n]*)+/y;
/** Raw or not, in three quotes or one; the text inside is the second or third group. */
const STRING = /[rR]?(?:("""|''')((?:\\[\s\S]|(?!\1|\\)[\s\S])*)\1|(["'])((?:\\[\s\S]|(?!\3)[^\\\n\r])*)\3)/y;
const RAW_STRING = /[rR](?:("""|''')((?:(?!\1)[\s\S])*)\1|(["'])((?:(?!\3)[^\n\r])*)\3)/y;

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\',
  '?': '?',
  '"': '"',
  "'": "'",
  '`': '`',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
const ESCAPE =
  /\\(?:x([0-9a-fA-F]{2})|X([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([\s\S]))/g;

function unescaped(text: string, at: number): string {
  return text.replaceAll(ESCAPE, (whole, x, X, u, U, octal, letter: string | undefined) => {
    const plain = letter !== undefined && Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
    if (plain !== undefined) return plain;
    const code = octal ? Number.parseInt(octal, 8) : Number.parseInt(x ?? X ?? u ?? U ?? '', 16);
    if (Number.isNaN(code) || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
      throw new Problem('expression_syntax', `${whole} is no escape of a character.`, at);
    return String.fromCodePoint(code);
  });
}

/** PostgreSQL has no text with a character 0, and no half of a surrogate pair. */
function checked(text: string, at: number): string {
  if (text.includes('\0') || !text.isWellFormed())
    throw new Problem('expression_syntax', 'No text of PostgreSQL can hold this character.', at);
  return text;
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** The parts of a text of CEL, without blanks and comments, and `end`. Throws `Problem`. */
export function tokens(text: string): readonly Token[] {
  const found: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const blank = match(BLANK, text, at);
    if (blank) {
      at += blank[0].length;
      continue;
    }
    const [token, length] = next(text, at);
    found.push(token);
    at += length;
  }
  return [...found, { kind: 'end', text: '', at: text.length }];
}

function next(text: string, at: number): readonly [Token, number] {
  const raw = match(RAW_STRING, text, at);
  if (raw) return [{ kind: 'string', text: checked(raw[2] ?? raw[4] ?? '', at), at }, raw[0].length];
  const string = match(STRING, text, at);
  if (string)
    return [{ kind: 'string', text: checked(unescaped(string[2] ?? string[4] ?? '', at), at), at }, string[0].length];
  for (const [kind, pattern] of [
    ['number', NUMBER],
    ['name', NAME],
    ['sign', SIGNS],
  ] as const) {
    const found = match(pattern, text, at);
    if (found) return [{ kind, text: found[0], at }, found[0].length];
  }
  const first = String.fromCodePoint(text.codePointAt(at) ?? 0);
  const what = first === '"' || first === "'" ? 'This string does not end.' : 'This character has no meaning here.';
  throw new Problem('expression_syntax', what, at);
}
