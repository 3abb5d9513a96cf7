import { readFileSync } from 'node:fs';
import type { Cluster } from './cluster.ts';

/** What a target differs in: `none` nothing, `u` 0.2 % of the rows spread over all keys, `c` as many within 1 % of them. */
export const KINDS = ['none', 'u', 'c'] as const;
export type Kind = (typeof KINDS)[number];

const script = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');

export const sourceOf = (rows: number) => `source_${rows}`;
export const targetOf = (rows: number, kind: Kind) => `target_${rows}_${kind}`;

/** Makes the source and a target of each kind, unless an earlier bench in the same folder has. */
export async function makeWorkload(cluster: Cluster, rows: number, kinds: readonly Kind[]): Promise<void> {
  const settings = (kind: Kind) => `set bench.rows = ${rows}; set bench.kind = '${kind}';`;
  await make(cluster, sourceOf(rows), async (draft) => {
    await cluster.use('postgres', (admin) => admin.query(`create database ${draft} template template0`));
    await cluster.use(draft, async (client) => {
      await client.query(settings('none') + script('workload.sql'));
      await client.query('vacuum (analyze, freeze) parcels');
    });
  });
  for (const kind of kinds) {
    await make(cluster, targetOf(rows, kind), async (draft) => {
      await cluster.copy(sourceOf(rows), draft);
      if (kind === 'none') return;
      await cluster.use(draft, async (client) => {
        await client.query(settings(kind) + script('mutate.sql'));
        await client.query('vacuum (analyze, freeze) parcels');
      });
    });
  }
}

/** Builds a database under another name first, so that one with its own name is whole. */
async function make(cluster: Cluster, name: string, build: (draft: string) => Promise<void>): Promise<void> {
  if (await cluster.exists(name)) return;
  const draft = `${name}_draft`;
  await cluster.drop(draft);
  await build(draft);
  await cluster.use('postgres', (admin) => admin.query(`alter database ${draft} rename to ${name}`));
}

/** How many rows each kind makes different, as the generator says. */
export async function changedRows(cluster: Cluster, rows: number, kind: Kind): Promise<number> {
  return cluster.use(sourceOf(rows), async (client) => {
    const { rows: found } = await client.query(
      'select count(bench.change(i, $1, $2))::int as n from generate_series(1, $1::bigint) i',
      [rows, kind],
    );
    return found[0].n;
  });
}
