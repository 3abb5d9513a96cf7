import type { Plugin } from 'esbuild';

/** A module that our dependencies can load and a bundle has no use for, and what stands in its place. */
interface LeftOut {
  readonly path: RegExp;
  /** Which files load it. */
  readonly from: RegExp;
  readonly contents: string;
  /** Functions that do use it. */
  readonly usedBy?: readonly string[];
}

const THROWS = `throw new Error('left out of this bundle');`;
const NEVER = `() => { ${THROWS} }`;

/**
 * 62 KB a bundle: event streams of the AWS SDK (no API we call has one), pg's binding to libpq, the reader of ~/.pgpass (a
 * connection without a password must fail, not borrow one), pg's own reader of connection strings (ours is stricter), its pool
 * (a session is one connection) and its parsers of types (every value stays text), COPY in both directions at once, and JSON schemas of zod, which only the OpenAPI route makes.
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
];

/** Puts a module that throws when it is used in place of each that the bundle of this function leaves out. */
export function leftOut(functionName: string): Plugin {
  const absent = LEFT_OUT.filter((m) => !m.usedBy?.includes(functionName));
  return {
    name: 'left-out',
    setup(build) {
      build.onResolve({ filter: /.*/ }, ({ path, importer }) => {
        const at = absent.findIndex((m) => m.path.test(path) && m.from.test(importer));
        return at < 0 ? undefined : { path, namespace: 'left-out', pluginData: absent[at]?.contents };
      });
      build.onLoad({ filter: /.*/, namespace: 'left-out' }, ({ pluginData }) => ({
        contents: String(pluginData),
        loader: 'js',
      }));
    },
  };
}
