import { setTimeout as pause } from 'node:timers/promises';
import type { Databases } from '../../lib/ports.ts';
import { type PostgresOptions, postgresDatabases } from '../../lib/postgres/databases.ts';
import { compareDatabases, summary } from './compare.ts';
import type { TestPair } from './databases.ts';
import { type Ports, ports } from './in-process.ts';
import { ON_ONE_MACHINE } from './rules.ts';

/** Ports whose databases have other limits, or are watched. */
export function portsWith(options: Partial<PostgresOptions>, wrap: (d: Databases) => Databases = (d) => d): Ports {
  return { ...ports(), databases: wrap(postgresDatabases({ rules: ON_ONE_MACHINE, version: 'test', ...options })) };
}

/** Puts `around` in place of every commit of a chunk; `n` counts from 1. */
export function onCommits(
  around: (n: number, commit: () => Promise<void>) => Promise<void>,
): (d: Databases) => Databases {
  let n = 0;
  return (real) => ({
    ...real,
    async target(connection, as) {
      const target = await real.target(connection, as);
      const { commit } = target;
      target.commit = (chunk) => around(++n, () => commit(chunk));
      return target;
    },
  });
}

/** What is left between two databases, once the tests' own helpers and our own schema are gone. */
export async function differences(pair: TestPair): Promise<Record<string, unknown>> {
  return summary(await compareDatabases(pair.source.client, pair.target.client));
}

/** Waits until a query of the test's own answers a row; fails after 20 s. */
export async function untilRow(ask: () => Promise<{ rows: unknown[] }>, what: string): Promise<void> {
  const end = Date.now() + 20_000;
  while ((await ask()).rows.length === 0) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await pause(20);
  }
}
