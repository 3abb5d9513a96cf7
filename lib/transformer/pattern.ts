import { Problem } from './problem.ts';

/** Bounds of a pattern. `parts` counts a repeated part as often as it may be repeated: it bounds the automaton. */
export const PATTERN_LIMITS = { characters: 500, parts: 1000, repeat: 255, depth: 20 } as const;

const DIGIT = '0-9';
const WORD = 'A-Za-z0-9_';
const SPACE = ' \\t\\n\\f\\r';
const CLASSES: Readonly<Record<string, readonly [set: string, negated: boolean]>> = {
  d: [DIGIT, false],
  D: [DIGIT, true],
  w: [WORD, false],
  W: [WORD, true],
  s: [SPACE, false],
  S: [SPACE, true],
};
const CONTROLS: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f', v: '\v' };
const POSIX = /\[:(?:alpha|digit|alnum|upper|lower|space|punct|xdigit):\]/y;
const COUNT = /\{(\d{1,4})(?:(,)(\d{0,4}))?\}/y;

/**
 * A pattern written out anew as a regular expression of PostgreSQL that means the same as in RE2.
 *
 * Of both languages only what is matched in linear time, and alike: no back-references, no look-around, no word boundaries
 * (`\b` is a backspace in one of them). `.` is anything but a line end, `\d`, `\w` and `\s` are of ASCII, `^` and `$` stand
 * for the ends of the text. Throws `Problem`; `at` is where the pattern stands in its expression.
 */
export function pattern(text: string, at?: number): string {
  if (text.length > PATTERN_LIMITS.characters)
    throw new Problem('pattern_limit', `A pattern has at most ${PATTERN_LIMITS.characters} characters.`, at);
  return new PatternReader([...text], at).whole();
}

interface Piece {
  readonly sql: string;
  readonly parts: number;
}

class PatternReader {
  readonly #text: readonly string[];
  readonly #at: number | undefined;
  #next = 0;
  #depth = 0;

  constructor(text: readonly string[], at: number | undefined) {
    this.#text = text;
    this.#at = at;
  }

  whole(): string {
    const { sql, parts } = this.#choices();
    if (this.#next < this.#text.length) throw this.#wrong('A ) has no (.');
    if (parts > PATTERN_LIMITS.parts)
      throw new Problem(
        'pattern_limit',
        `The pattern repeats up to ${parts} parts; ${PATTERN_LIMITS.parts} are allowed.`,
        this.#at,
      );
    return sql;
  }

  #wrong(message: string): Problem {
    return new Problem('pattern_syntax', `${message} (character ${this.#next + 1} of the pattern)`, this.#at);
  }

  #never(what: string): Problem {
    return new Problem('pattern_unsupported', `${what} (character ${this.#next + 1} of the pattern)`, this.#at);
  }

  #peek(): string | undefined {
    return this.#text[this.#next];
  }

  #take(): string {
    const c = this.#text[this.#next];
    if (c === undefined) throw this.#wrong('The pattern ends too early.');
    this.#next += 1;
    return c;
  }

  /** What a regular expression finds here; characters outside of ASCII stand for themselves in all of them. */
  #match(wanted: RegExp): RegExpExecArray | null {
    const rest = this.#text.slice(this.#next, this.#next + 20).join('');
    wanted.lastIndex = 0;
    const found = wanted.exec(rest);
    if (found) this.#next += found[0].length;
    return found;
  }

  #choices(): Piece {
    const all: Piece[] = [this.#sequence()];
    while (this.#peek() === '|') {
      this.#next += 1;
      all.push(this.#sequence());
    }
    // an empty branch is written as a group that matches nothing, which every version takes
    return { sql: all.map((p) => p.sql || '(?:)').join('|'), parts: all.reduce((sum, p) => sum + p.parts, 0) };
  }

  #sequence(): Piece {
    let sql = '';
    let parts = 0;
    for (let c = this.#peek(); c !== undefined && c !== '|' && c !== ')'; c = this.#peek()) {
      const atom = this.#atom();
      const piece = atom.fixed ? atom : this.#repeated(atom);
      if (atom.fixed && /^[*+?{]$/.test(this.#peek() ?? ''))
        throw this.#wrong('Nothing stands here that could repeat.');
      sql += piece.sql;
      parts += piece.parts;
    }
    return { sql, parts };
  }

  #repeated(atom: Piece): Piece {
    const c = this.#peek();
    let sql: string;
    let times = 1;
    if (c === '*' || c === '+' || c === '?') {
      this.#next += 1;
      sql = c;
      times = c === '?' ? 1 : 2;
    } else if (c === '{') [sql, times] = this.#count();
    else return atom;
    if (this.#peek() === '?') this.#next += 1; // greedy or not: only whether it matches is asked
    if (/^[*+?{]$/.test(this.#peek() ?? '')) throw this.#wrong('A repetition cannot be repeated: use a group.');
    return { sql: `${atom.sql}${sql}`, parts: Math.max(1, atom.parts) * times };
  }

  #count(): [sql: string, times: number] {
    const found = this.#match(COUNT);
    if (!found) throw this.#wrong('A { begins a count such as {2,5}; write \\{ for the character.');
    const [, low = '', comma, high = ''] = found;
    const [least, most] = [Number(low), high === '' ? Number(low) : Number(high)];
    if (Math.max(least, most) > PATTERN_LIMITS.repeat)
      throw new Problem('pattern_limit', `A count is at most ${PATTERN_LIMITS.repeat}.`, this.#at);
    if (most < least) throw this.#wrong('The second number of a count is the larger one.');
    return [
      `{${least}${comma ? `,${high === '' ? '' : most}` : ''}}`,
      Math.max(1, most) + (comma && high === '' ? 1 : 0),
    ];
  }

  #atom(): Piece & { readonly fixed?: true } {
    const c = this.#take();
    if (c === '(') return this.#group();
    if (c === '[') return { sql: this.#set(), parts: 1 };
    if (c === '.') return { sql: '[^\\n]', parts: 1 };
    if (c === '^' || c === '$') return { sql: c, parts: 0, fixed: true };
    if (c === '\\') return { sql: this.#escape(), parts: 1 };
    this.#next -= 1;
    if (/^[*+?]$/.test(c)) throw this.#wrong('Nothing stands here that could repeat.');
    if (/^[{}\]]$/.test(c)) throw this.#wrong(`Write \\${c} for this character.`);
    this.#next += 1;
    return { sql: quoted(c), parts: 1 };
  }

  #group(): Piece {
    this.#depth += 1;
    if (this.#depth > PATTERN_LIMITS.depth)
      throw new Problem('pattern_limit', `Groups are at most ${PATTERN_LIMITS.depth} deep.`, this.#at);
    if (this.#peek() === '?') {
      this.#next += 1;
      if (this.#take() !== ':') throw this.#never('Look-around, names and options of groups are not supported.');
    }
    const { sql, parts } = this.#choices();
    if (this.#peek() !== ')') throw this.#wrong('A ( is not closed.');
    this.#next += 1;
    this.#depth -= 1;
    return { sql: `(?:${sql})`, parts };
  }

  #escape(): string {
    const c = this.#take();
    const known = Object.hasOwn(CLASSES, c) ? CLASSES[c] : undefined;
    if (known) return `[${known[1] ? '^' : ''}${known[0]}]`;
    return quoted(this.#plain(c));
  }

  #set(): string {
    const negated = this.#peek() === '^';
    if (negated) this.#next += 1;
    let sql = '';
    while (this.#peek() !== ']') sql += this.#member();
    this.#next += 1;
    if (sql === '') throw this.#wrong('A set cannot be empty.');
    return `[${negated ? '^' : ''}${sql}]`;
  }

  #member(): string {
    const posix = this.#match(POSIX);
    if (posix) return posix[0];
    const low = this.#character();
    if (typeof low !== 'string') return low.members;
    if (this.#peek() !== '-' || this.#text[this.#next + 1] === ']') return quoted(low);
    this.#next += 1;
    const high = this.#character();
    if (typeof high !== 'string' || (low.codePointAt(0) ?? 0) > (high.codePointAt(0) ?? 0))
      throw this.#wrong('A range goes from a lower to a higher character.');
    return `${quoted(low)}-${quoted(high)}`;
  }

  /** One character of a set, or the members of a class. */
  #character(): string | { readonly members: string } {
    const c = this.#take();
    if (c === '[') throw this.#wrong('Write \\[ inside of a set.');
    if (c !== '\\') return c;
    const escaped = this.#take();
    const known = Object.hasOwn(CLASSES, escaped) ? CLASSES[escaped] : undefined;
    if (known?.[1]) throw this.#never(`\\${escaped} does not stand in a set.`);
    return known ? { members: known[0] } : this.#plain(escaped);
  }

  /** The character that an escape stands for. */
  #plain(escaped: string): string {
    const control = Object.hasOwn(CONTROLS, escaped) ? CONTROLS[escaped] : undefined;
    if (control) return control;
    if (/[1-9]/.test(escaped)) throw this.#never('There are no back-references.');
    if (/[A-Za-z0_]/.test(escaped) || escaped.charCodeAt(0) > 127) throw this.#never(`\\${escaped} is not supported.`);
    return escaped;
  }
}

/** The character as a regular expression has it, in a set and outside. */
function quoted(c: string): string {
  const control = Object.entries(CONTROLS).find(([, character]) => character === c)?.[0];
  if (control) return `\\${control}`;
  return /^[A-Za-z0-9_ ]$/.test(c) || c.charCodeAt(0) > 127 ? c : `\\${c}`;
}
