import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';
import type { FunctionName } from './functions.ts';

/** A module that our dependencies can load and a bundle has no use for, and what stands in its place. */
interface LeftOut {
  readonly path: RegExp;
  /** Which files load it. */
  readonly from: RegExp;
  readonly contents: string;
  /** Functions that do use it; absent: none does. */
  readonly usedBy?: readonly FunctionName[];
}

const THROWS = `throw new Error('left out of this bundle');`;
const NEVER = `() => { ${THROWS} }`;

/**
 * 75 KB a bundle: event streams of the AWS SDK (no API we call has one), pg's binding to libpq, the reader of ~/.pgpass (a
 * connection without a password must fail, not borrow one), pg's own reader of connection strings (ours is stricter), its pool
 * (a session is one connection) and its parsers of types (every value stays text), COPY in both directions at once, the cache
 * of endpoints that DynamoDB is never asked for, zod's own messages (ours name what is wrong), and JSON schemas of zod, which
 * only the OpenAPI route makes.
 */
const LEFT_OUT: readonly LeftOut[] = [
  // of Amazon Bedrock only whole answers are asked for: no streams of events, no web sockets; and with the role's own rights
  {
    path: /^@smithy\/core\/event-streams$/,
    from: /client-bedrock-runtime/,
    contents: `export const resolveEventStreamSerdeConfig = (config) => config; export const eventStreamSerdeProvider = ${NEVER};`,
  },
  {
    path: /^@aws-sdk\/eventstream-handler-node$/,
    from: /client-bedrock-runtime/,
    contents: `export const eventStreamPayloadHandlerProvider = ${NEVER};`,
  },
  {
    path: /^@aws-sdk\/middleware-eventstream$/,
    from: /client-bedrock-runtime/,
    contents: `export const resolveEventStreamConfig = (config) => config; export const getEventStreamPlugin = ${NEVER};`,
  },
  {
    path: /^@aws-sdk\/middleware-websocket$/,
    from: /client-bedrock-runtime/,
    contents: `export const resolveWebSocketConfig = (config) => config; export const getWebSocketPlugin = ${NEVER};`,
  },
  {
    path: /^@aws-sdk\/token-providers$/,
    from: /client-bedrock-runtime/,
    contents: `const none = async () => { throw new Error('no token'); }; export const fromEnvSigningName = () => none; export const nodeProvider = () => none;`,
  },
  { path: /^@smithy\/core\/event-streams$/, from: /@smithy\/core/, contents: THROWS },
  { path: /^\.\/native$/, from: /node_modules\/pg\/lib/, contents: THROWS },
  { path: /^pgpass$/, from: /node_modules\/pg\/lib/, contents: THROWS },
  { path: /^pg-connection-string$/, from: /node_modules\/pg\/lib/, contents: `exports.parse = ${NEVER};` },
  {
    path: /^pg-pool$/,
    from: /node_modules\/pg\/lib/,
    contents: `module.exports = class { constructor() { ${THROWS} } };`,
  },
  {
    path: /^pg-types$/,
    from: /node_modules\/pg\/lib/,
    contents: `exports.getTypeParser = () => (text) => text; exports.setTypeParser = ${NEVER};`,
  },
  { path: /^\.\/copy-both$/, from: /pg-copy-streams/, contents: `module.exports = ${NEVER};` },
  // hashes in JavaScript for a Node without OpenSSL, and the limiter of a retry mode that is not ours
  { path: /^\.\/Sha256Js$/, from: /@smithy\/core/, contents: 'export class Sha256Js {}' },
  { path: /^\.\/Md5Js$/, from: /@smithy\/core/, contents: 'export class Md5Js {}' },
  { path: /^\.\/DefaultRateLimiter$/, from: /@smithy\/core/, contents: 'export class DefaultRateLimiter {}' },
  // signs messages of an event stream, which no API we call has
  {
    path: /^\.\/HeaderFormatter$/,
    from: /@smithy\/signature-v4/,
    contents: `export class HeaderFormatter { format() { ${THROWS} } }`,
  },
  // what tells calls of one process apart, where a function answers several at once; ours do not, and the trace is in the environment
  {
    path: /^@aws\/lambda-invoke-store$/,
    from: /@aws-sdk\/core/,
    contents: 'export const InvokeStore = { getInstanceAsync: async () => undefined };',
  },
  { path: /^mnemonist\/lru-cache$/, from: /@aws-sdk\/endpoint-cache/, contents: 'export default class {}' },
  {
    path: /\/locales\/en\.js$/,
    from: /zod\/v4\/classic/,
    contents: `export default () => ({ localeError: () => 'invalid' });`,
  },
  {
    path: /\/json-schema-processors\.js$/,
    from: /zod\/v4\/classic/,
    contents: `export const toJSONSchema = ${NEVER}; export const aggregateChecks = ${NEVER};`,
    usedBy: ['openapi'],
  },
  {
    path: /\/to-json-schema\.js$/,
    from: /zod\/v4\/classic/,
    contents: `export const createStandardJSONSchemaMethod = () => ${NEVER}; export const createToJSONSchemaMethod = () => ${NEVER};`,
    usedBy: ['openapi'],
  },
];

/** A class of the SDK's for an error that a service may answer, as its code generator writes them. */
const ERROR_CLASS =
  /export class (\w+) extends __BaseException \{((?:(?!\n\}\n)[\s\S])*?\$fault = "(\w+)";[\s\S]*?)\n\}\n/g;

/** Says to the SDK's retries that the service asks for one. */
const RETRYABLE = /\n\s+(\$retryable = \{[\s\S]*?\});/;

/**
 * The same error classes, made by one function: 20 KB a bundle. What a service tells with an error is set by its schema, not
 * by these constructors. Throws where the generator writes something else than is known here.
 */
export function shortErrors(source: string): string {
  const prefix = /static shapeId = "([^"]+#)/.exec(source)?.[1] ?? '';
  const short = source.replaceAll(ERROR_CLASS, (_, name: string, body: string, fault: string) => {
    const retryable = RETRYABLE.exec(body)?.[1]?.replace('$retryable =', ',') ?? '';
    return `export const ${name} = /* @__PURE__ */ made('${name}', '${fault}'${retryable});\n`;
  });
  if (/\bclass\b/.test(short)) throw new Error('The error classes of an AWS client are not as they were.');
  const made = `const made = (name, $fault, $retryable) => class Made extends __BaseException {
    static shapeId = '${prefix}' + name;
    name = name;
    $fault = $fault;
    constructor(opts) {
      super({ name, $fault, ...opts });
      if ($retryable) this.$retryable = $retryable;
      Object.setPrototypeOf(this, Made.prototype);
      Object.assign(this, opts);
    }
  };\n`;
  return short.replace(/^((?:import [^\n]+\n)*)/, (imports) => imports + made);
}

/** Of a client's package.json only its version is used, for the user agent. */
const onlyVersion = (text: string) => JSON.stringify({ version: (JSON.parse(text) as { version: string }).version });

/** Where texts for docs/ stand beside code: 10 KB a bundle that reads expressions. */
const DOCUMENTED =
  /\/lib\/(?:transformer\/(?:functions|masks|steps)|validator\/rules|(?:change-detector|conflict-resolver)\/strategies)\/[\w-]+\.ts$|\/lib\/transformer\/forms\.ts$/;

/** A property that only docs and tests read, and no parameter of that name; its value goes to the comma, or to the end of what it stands in. */
const FOR_DOCS = /\n[ \t]+(?:summary|examples|tells):(?=\s*['"`[])/g;

/** Where the value ends that begins at `from`: behind its comma, or before the bracket that closes what it stands in. */
function endOfValue(source: string, from: number): number {
  let depth = 0;
  let quote = '';
  for (let i = from; i < source.length; i++) {
    const c = source[i] as string; // i is in range
    if (quote) {
      if (c === '\\') i++;
      else if (c === quote) quote = '';
    } else if (`'"\``.includes(c)) quote = c;
    else if ('[{('.includes(c)) depth++;
    else if (']})'.includes(c) && depth-- === 0) return i;
    else if (c === ',' && depth === 0) return i + 1;
  }
  return source.length;
}

/** What a config may say of a rule: read by those who take or describe configs. */
const SETTINGS = /\n[ \t]+settings:(?=\s*\{)/g;

/** Functions that read configs as they come in, or tell what may be in one. */
const READS_CONFIGS = ['commands', 'openapi', 'fleet'];

/** The same source without `summary` and `examples` of what it defines. */
export const withoutDocs = (source: string): string => without(source, FOR_DOCS);

/** The same source without what this finds, each with its value. */
function without(source: string, properties: RegExp): string {
  let kept = '';
  let at = 0;
  for (const found of source.matchAll(properties)) {
    if (found.index < at) continue;
    kept += source.slice(at, found.index);
    at = endOfValue(source, found.index + found[0].length);
  }
  return kept + source.slice(at);
}

/** Schemas whose descriptions only the OpenAPI route reads: 10 KB of a bundle that reads a config. */
const DESCRIBED = /\/(?:lib\/model\/[\w-]+|lib\/orchestrator\/status|functions\/api\/[\w/-]+)\.ts$/;

/** The same source without descriptions of its schemas. */
export function withoutMeta(source: string): string {
  let kept = '';
  let at = 0;
  for (const found of source.matchAll(/\s*\.meta\(/g)) {
    if (found.index < at) continue;
    kept += source.slice(at, found.index);
    at = endOfValue(source, found.index + found[0].length) + 1;
  }
  return kept + source.slice(at);
}

/** Functions that say of no error what it means, but of an unexpected one: 10 KB. Those that answer calls do, and those that end jobs. */
export const SAYS_NO_MEANING: readonly string[] = ['prepare-job'];

/** The meaning of an entry of the catalogue of errors, behind its code and status. */
const MEANING = /(\n {2}(?!internal:)\w+: \[\s*\d{3},\s*)(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")/g;

/** The catalogue of errors without what they mean: codes, statuses and remedies. */
export const withoutMeanings = (source: string): string => source.replace(MEANING, "$1''");

/** Puts a module that throws when it is used in place of each that the bundle of this function leaves out. */
export function leftOut(functionName: string): Plugin {
  const absent = LEFT_OUT.filter((m) => !m.usedBy?.some((name) => name === functionName));
  return {
    name: 'left-out',
    setup(build) {
      build.onResolve({ filter: /.*/ }, ({ path, importer }) => {
        const at = absent.findIndex((m) => m.path.test(path) && m.from.test(importer));
        return at < 0 ? undefined : { path, namespace: 'left-out', pluginData: absent[at]?.contents };
      });
      build.onLoad({ filter: /@aws-sdk\/client-[\w-]+\/dist-es\/models\/errors\.js$/ }, async ({ path }) => ({
        contents: shortErrors(await readFile(path, 'utf8')),
        loader: 'js',
      }));
      // SQL is not indented on the server: 2 KB in those that read catalogs
      build.onLoad({ filter: /lib\/postgres\/[\w-]+\.ts$/ }, async ({ path }) => ({
        contents: (await readFile(path, 'utf8')).replaceAll(/\n +/g, '\n'),
        loader: 'ts',
      }));
      build.onLoad({ filter: /@aws-sdk\/client-[\w-]+\/package\.json$/ }, async ({ path }) => ({
        contents: onlyVersion(await readFile(path, 'utf8')),
        loader: 'json',
      }));
      build.onLoad({ filter: DOCUMENTED }, async ({ path }) => {
        const short = withoutDocs(await readFile(path, 'utf8'));
        const whole = READS_CONFIGS.includes(functionName) || !path.includes('/validator/rules/');
        return { contents: whole ? short : without(short, SETTINGS), loader: 'ts' };
      });
      if (SAYS_NO_MEANING.includes(functionName))
        build.onLoad({ filter: /lib\/model\/errors\.ts$/ }, async ({ path }) => ({
          contents: withoutMeanings(await readFile(path, 'utf8')),
          loader: 'ts',
        }));
      if (functionName !== 'openapi')
        build.onLoad({ filter: DESCRIBED }, async ({ path }) => ({
          contents: withoutMeta(await readFile(path, 'utf8')),
          loader: 'ts',
        }));
      build.onLoad({ filter: /.*/, namespace: 'left-out' }, ({ pluginData }) => ({
        contents: String(pluginData),
        loader: 'js',
      }));
    },
  };
}
