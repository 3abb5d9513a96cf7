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

/** Whoever changes rows of tables without a key, or merges rows. Commands only look at catalogs and move epochs. */
const MOVES_ROWS: readonly FunctionName[] = ['sync-segment', 'conflicts', 'resolve-conflicts'];

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
    usedBy: ['queries'],
  },
  {
    path: /\/to-json-schema\.js$/,
    from: /zod\/v4\/classic/,
    contents: `export const createStandardJSONSchemaMethod = () => ${NEVER}; export const createToJSONSchemaMethod = () => ${NEVER};`,
    usedBy: ['queries'],
  },
  // parts of our own that a function's ports have and its work never calls
  {
    path: /^\.\/table-shape\.ts$/,
    from: /lib\/postgres\//,
    contents: `export const tableShapes = ${NEVER}; export const keepShapes = ${NEVER}; export const lastShapes = ${NEVER};`,
    usedBy: ['commands', 'prepare-job'],
  },
  {
    path: /^\.\/keyless\.ts$/,
    from: /lib\/postgres\//,
    contents: `export const keylessReader = ${NEVER}; export const applyCopies = ${NEVER};`,
    usedBy: MOVES_ROWS,
  },
  {
    path: /^\.\/merge\.ts$/,
    from: /lib\/postgres\//,
    contents: `export const mergeRows = ${NEVER};`,
    usedBy: MOVES_ROWS,
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
      build.onLoad({ filter: /@aws-sdk\/client-[\w-]+\/package\.json$/ }, async ({ path }) => ({
        contents: onlyVersion(await readFile(path, 'utf8')),
        loader: 'json',
      }));
      build.onLoad({ filter: /.*/, namespace: 'left-out' }, ({ pluginData }) => ({
        contents: String(pluginData),
        loader: 'js',
      }));
    },
  };
}
