/** Where something stands in a text: characters from its beginning, and its line from 1. */
export interface Place {
  readonly from: number;
  readonly to: number;
  readonly line: number;
}

/**
 * Where the value of a JSON Pointer (RFC 6901) stands in a JSON text; of a member that is not there, the nearest value
 * around it. The text must be JSON: JSON.parse has read it.
 */
export function placeOf(text: string, pointer: string): Place {
  const path = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const { from, to } = valueAt(new Reader(text), path);
  return { from, to, line: text.slice(0, from).split('\n').length };
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Reads one value; the span is that of what the path leads to, or as far as it leads. */
function valueAt(reader: Reader, path: readonly string[]): Span {
  reader.space();
  const from = reader.at;
  let found: Span | undefined;
  const [name, ...rest] = path;
  const opens = reader.peek();
  if (opens !== '{' && opens !== '[') {
    reader.scalar();
    return { from, to: reader.at };
  }
  const closes = opens === '{' ? '}' : ']';
  reader.at += 1;
  for (let index = 0; reader.space() !== closes && reader.peek() !== ''; index += 1) {
    const key = opens === '{' ? reader.key() : String(index);
    const value = valueAt(reader, key === name ? rest : []);
    if (key === name) found = value;
    if (reader.space() === ',') reader.at += 1;
  }
  reader.at += 1;
  return found ?? { from, to: reader.at };
}

class Reader {
  at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  peek(): string {
    return this.#text[this.at] ?? '';
  }

  /** Goes over white space; what comes then. */
  space(): string {
    while (/\s/.test(this.peek())) this.at += 1;
    return this.peek();
  }

  /** Reads a text or a word. Always goes on by a character at least. */
  scalar(): void {
    const form = this.peek() === '"' ? /"(?:[^"\\]|\\.)*"?/sy : /[^\s,:\]}]+/y;
    form.lastIndex = this.at;
    this.at += Math.max(1, form.exec(this.#text)?.[0].length ?? 0);
  }

  /** Reads the name of a member and the colon behind it. */
  key(): string {
    const from = this.at;
    this.scalar();
    const key: unknown = JSON.parse(this.#text.slice(from, this.at));
    if (this.space() === ':') this.at += 1;
    return String(key);
  }
}
