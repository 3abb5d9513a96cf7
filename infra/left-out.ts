import type { Plugin } from 'esbuild';

/**
 * Modules that our dependencies can load and this service never does: event streams of the AWS SDK (no API we call has
 * one), pg's binding to libpq, and the reader of ~/.pgpass (a connection without a password must fail, not borrow one).
 * 30 KB a bundle.
 */
const LEFT_OUT = [
  { path: /^@smithy\/core\/event-streams$/, from: /@smithy\/core/ },
  { path: /^\.\/native$/, from: /node_modules\/pg\/lib/ },
  { path: /^pgpass$/, from: /node_modules\/pg\/lib/ },
];

/** Puts a module in place of those left out that throws when it is loaded. */
export const leftOut: Plugin = {
  name: 'left-out',
  setup(build) {
    build.onResolve({ filter: /^(@smithy\/core\/event-streams|\.\/native|pgpass)$/ }, ({ path, importer }) =>
      LEFT_OUT.some((m) => m.path.test(path) && m.from.test(importer)) ? { path, namespace: 'left-out' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({
      contents: `throw new Error(${JSON.stringify(`${path} is not part of this bundle`)});`,
      loader: 'js',
    }));
  },
};
