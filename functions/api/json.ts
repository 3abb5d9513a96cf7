/**
 * Where `text` stops being JSON: the start of the first token that cannot stand there, or the end of the text. Line and
 * column from 1; undefined where `JSON.parse` accepts the text.
 */
export function jsonFault(text: string): { readonly line: number; readonly column: number } | undefined {
  const offset = faultOffset(text);
  if (offset === undefined) return undefined;
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - before.lastIndexOf('\n') };
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
