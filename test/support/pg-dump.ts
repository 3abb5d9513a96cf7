/** One statement of a pg_dump script; `rows` is the block that follows a `copy ... from stdin`. */
export interface Statement {
  readonly sql: string;
  readonly rows?: string;
}

// What may hide a semicolon: comments, quoted text, quoted names, dollar quotes. Else a run of plain text, or one sign.
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|[^;'"$/\\-]+|[\s\S]/y;

/** Splits a plain-format pg_dump script; comments and psql's backslash commands (`\restrict`) are left out. */
export function* statementsOf(script: string): Generator<Statement> {
  let sql = '';
  TOKEN.lastIndex = 0;
  for (let token = TOKEN.exec(script)?.[0]; token !== undefined; token = TOKEN.exec(script)?.[0]) {
    if (token.startsWith('--')) continue;
    if (token === '\\' && sql.trim() === '') {
      TOKEN.lastIndex = endOfLine(script, TOKEN.lastIndex);
      continue;
    }
    if (token !== ';') {
      sql += token;
      continue;
    }
    const statement = sql.trim();
    sql = '';
    if (!/^copy\b[\s\S]*\bfrom stdin$/i.test(statement)) {
      yield { sql: statement };
      continue;
    }
    const start = endOfLine(script, TOKEN.lastIndex);
    const end = script.startsWith('\\.\n', start) ? start : script.indexOf('\n\\.\n', start) + 1;
    TOKEN.lastIndex = endOfLine(script, end);
    yield { sql: statement, rows: script.slice(start, end) };
  }
  if (sql.trim() !== '') yield { sql: sql.trim() };
}

function endOfLine(script: string, from: number): number {
  const end = script.indexOf('\n', from);
  return end < 0 ? script.length : end + 1;
}
