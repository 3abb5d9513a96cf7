/**
 * Where `text` stops being JSON: the start of the first token that cannot stand there, or the end of the text. Line and
 * column from 1; undefined where `JSON.parse` accepts the text.
 */
export function jsonFault(text: string): { readonly line: number; readonly column: number } | undefined {
  const offset = faultOffset(text);
  return offset === undefined ? undefined : placeOf(text, offset);
}

function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

/**
 * The first field that stands twice in one object, or is `__proto__`, however either is escaped. `JSON.parse` takes the last of
 * two, other readers the first: what one has checked the other would do. `text` must be JSON.
 */
export function badKey(text: string) {
  const open: (Set<string> | undefined)[] = []; // the fields of each object around; an array has none
  for (let offset = skip(SPACE, text, 0); offset < text.length; ) {
    const end = skip(TOKEN, text, offset);
    const token = text[offset];
    const next = skip(SPACE, text, end);
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token === '"' && text[next] === ':') {
      const key: string = JSON.parse(text.slice(offset, end));
      const seen = open.at(-1);
      if (key === '__proto__') return { code: 'body_forbidden_key', ...placeOf(text, offset) } as const;
      if (seen?.has(key)) return { code: 'body_duplicate_key', ...placeOf(text, offset) } as const;
      seen?.add(key);
    }
    offset = next;
  }
  return undefined;
}

const TOKEN =
  /[{}[\]:,]|"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const SPACE = /[ \t\n\r]*/y;

/**
 * Reads token by token with its own stack, so that depth costs no call stack. V8's own message is no use: it quotes the
 * text, and the text holds passwords.
 */
function faultOffset(text: string): number | undefined {
  const open: string[] = [];
  // What may stand here: a value, an object's key, the colon after it, or what follows a value.
  let want: 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'next' = 'value';
  let offset = skip(SPACE, text, 0);
  while (offset < text.length) {
    const end = skip(TOKEN, text, offset);
    if (end === offset) return offset;
    const token = text[offset];
    if (want === 'colon') {
      if (token !== ':') return offset;
      want = 'value';
    } else if (want === 'next') {
      const container = open.at(-1);
      if (token === ',' && container) want = container === '{' ? 'key' : 'value';
      else if (token === (container === '{' ? '}' : ']') && container) open.pop();
      else return offset;
    } else if ((token === '}' && want === 'key or }') || (token === ']' && want === 'value or ]')) {
      open.pop();
      want = 'next';
    } else if (want === 'key' || want === 'key or }') {
      if (token !== '"') return offset;
      want = 'colon';
    } else if (token === '{' || token === '[') {
      open.push(token);
      want = token === '{' ? 'key or }' : 'value or ]';
    } else if (token === '}' || token === ']' || token === ':' || token === ',') {
      return offset;
    } else {
      want = 'next';
    }
    offset = skip(SPACE, text, end);
  }
  return want === 'next' && open.length === 0 ? undefined : text.length;
}

function skip(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : from;
}

/** Whether a text nests objects and arrays deeper than this. Each character is read once, whatever the text is. */
export function deeperThan(limit: number, text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '"') inString = !inString;
    else if (inString) i += c === '\\' ? 1 : 0;
    else if (c === '{' || c === '[') depth += 1;
    else if (c === '}' || c === ']') depth -= 1;
    if (depth > limit) return true;
  }
  return false;
}
