import type { ConfigOf, StartForm } from './request.ts';
import { SIDES } from './request.ts';

/** A text as one word of a POSIX shell, whatever is in it. */
export function shellWord(text: string): string {
  if (/^[A-Za-z0-9_./:=@%+,-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A POST of JSON with curl. `data` is a word of the shell already; the token is a variable of it. */
export const curlPost = (url: string, data: string): string =>
  [
    `curl -sS -X POST ${shellWord(url)}`,
    `  -H "authorization: Bearer $TFSYNC_TOKEN"`,
    `  -H 'content-type: application/json'`,
    `  --data-binary ${data}`,
  ].join(' \\\n');

/** A call of the command line, of words that need not be safe in a shell. */
export const tfsync = (origin: string, words: readonly string[]): string =>
  ['tfsync', '--url', origin, ...words].map(shellWord).join(' ');

type Asked = Pick<StartForm, 'source' | 'target' | 'mode'> & Pick<ConfigOf, 'config'> & { readonly origin: string };

const variable = (side: string) => `TFSYNC_${side.toUpperCase()}`;
/** Sides whose connection the reader has to put into a variable: no command here ever holds one. */
const given = (asked: Asked) => SIDES.filter((side) => asked[side].kind === 'connection');

function preface(asked: Asked, more: readonly string[]): string {
  const names = [...more, ...given(asked).map(variable)];
  if (names.length === 0) return '';
  const last = names.pop() as string; // there is one
  return `# set ${names.length > 0 ? `${names.join(', ')} and ` : ''}${last} before\n`;
}

/** The same start for a terminal. */
export const startCommands = (asked: Asked): readonly (readonly [string, string])[] => [
  ['tfsync', asTfsync(asked)],
  ['curl', asCurl(asked)],
];

/** The same start with curl. Connections and the token are variables of the reader's shell; with connections it needs jq. */
export function asCurl(asked: Asked): string {
  const { mode, config, origin } = asked;
  const call = (data: string) => curlPost(`${origin}/api/sync/${mode}`, data);
  const variables = given(asked);
  const named = Object.fromEntries(
    SIDES.filter((side) => !variables.includes(side)).map((side) => [`${side}_environment`, asked[side].environment]),
  );
  const rest = { ...named, ...(Object.keys(config).length > 0 && { config }) };
  const intro = preface(asked, ['TFSYNC_TOKEN']);
  if (variables.length === 0) return `${intro}${call(shellWord(JSON.stringify(rest)))}`;
  const args = variables.map((side) => ` --arg ${side} "$${variable(side)}"`).join('');
  const sides = variables.map((side) => `${side}_connection: $${side}`).join(', ');
  return `${intro}jq -n${args} --argjson rest ${shellWord(JSON.stringify(rest))} '{${sides}} + $rest' |\n${call('@-')}`;
}

/** The same start with the command line, which reads connections from variables by itself. */
export function asTfsync(asked: Asked): string {
  const { mode, config, origin } = asked;
  const named = SIDES.filter((side) => asked[side].kind === 'environment').flatMap((side) => [
    `--${side}-env`,
    asked[side].environment,
  ]);
  const json = Object.keys(config).length > 0 ? ['--config', JSON.stringify(config)] : [];
  return `${preface(asked, [])}${tfsync(origin, ['start', mode, ...named, ...json, '--wait'])}`;
}
