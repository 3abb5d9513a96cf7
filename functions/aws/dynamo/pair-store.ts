import { createHash } from 'node:crypto';
import { SyncError } from '../../../lib/model/errors.ts';
import { KEPT_JOBS, type KeptPair, type PairJob } from '../../../lib/model/fleet.ts';
import type { PairStore } from '../../../lib/ports.ts';
import { calling } from '../errors.ts';
import { QueryCommand } from './document.ts';
import { registryItems } from './registry-items.ts';
import { getAll, type Item, type Table } from './table.ts';

/** Partitions that pairs are spread over by a hash of their names: each takes 1,000 writes a second. */
export const SHARDS = 16;

const shardOf = (name: string) => Number.parseInt(createHash('sha256').update(name).digest('hex').slice(0, 1), 16);
const pad = (n: number) => String(n).padStart(2, '0');

/** The partition of a pair, and of its jobs. */
export const pairKind = (name: string): string => `pair#${pad(shardOf(name))}`;
export const pairJobsKind = (name: string): string => `pair_jobs#${pad(shardOf(name))}`;

/** What is stored of the jobs of a pair. */
interface Noted {
  readonly jobs: readonly PairJob[];
  readonly revision: number;
}

/** Two writers of one pair make way for each other within a few tries. */
const TRIES = 10;

/**
 * Pairs in the registry:
 *
 *     kind          name    further
 *     pair#07       <name>  the pair
 *     pair_jobs#07  <name>  its last jobs
 *
 * Apart, so that a job changes no etag.
 */
export function dynamoPairStore(table: Table): PairStore {
  const pairs = (name: string) => registryItems<KeptPair>(table, pairKind(name));
  const noted = (name: string) => registryItems<Noted>(table, pairJobsKind(name));
  return {
    get: (name) => pairs(name).get(name),
    put: (pair) => pairs(pair.name).put(pair.name, pair),
    async remove(name, revision) {
      if (!(await pairs(name).remove(name, revision))) return false;
      const jobs = await noted(name).get(name);
      if (jobs) await noted(name).remove(name, jobs.revision);
      return true;
    },
    page: (from) => calling('registry table', () => page(table, from)),
    jobs: (names) =>
      calling('registry table', async () => {
        const items = await getAll(
          table,
          names.map((name) => ({ kind: pairJobsKind(name), name })),
        );
        const jobs = ({ item }: Item) => (JSON.parse(String(item)) as Noted).jobs; // registryItems wrote it
        return new Map(items.map((item) => [String(item.name), jobs(item)]));
      }),
    async note(name, job) {
      for (let i = 0; i < TRIES; i++) {
        const before = await noted(name).get(name);
        if (before?.jobs.some((known) => known.job_id === job.job_id)) return;
        const jobs = [job, ...(before?.jobs ?? [])].slice(0, KEPT_JOBS);
        if (await noted(name).put(name, { jobs, revision: (before?.revision ?? 0) + 1 })) return;
      }
      throw new SyncError('unavailable', 'The jobs of the pair are being written again and again.');
    },
  };
}

/** The pairs of one partition in name order, read as they are asked for. */
async function* shard(table: Table, number: number, { after = '', prefix = '', ahead = 1 }) {
  let start: Item | undefined;
  // a name is of ASCII, so that nothing with the prefix is behind this
  const [from, to] = [after > prefix ? after : prefix, `${prefix}~`];
  do {
    const found = await table.client().send(
      new QueryCommand({
        TableName: table.name(),
        KeyConditionExpression: '#kind = :kind and #name between :from and :to',
        ExpressionAttributeNames: { '#kind': 'kind', '#name': 'name' },
        ExpressionAttributeValues: { ':kind': `pair#${pad(number)}`, ':from': from || ' ', ':to': to },
        ConsistentRead: true,
        Limit: ahead,
        ...(start && { ExclusiveStartKey: start }),
      }),
    );
    for (const { name, item } of found.Items ?? [])
      if (String(name) > after) yield JSON.parse(String(item)) as KeptPair; // put wrote it
    start = found.LastEvaluatedKey;
  } while (start);
}

/** Merges the partitions; each is read in strides of about what a page takes of it, twice over. */
async function page(table: Table, { after, prefix, limit }: Parameters<PairStore['page']>[0]) {
  const ahead = Math.ceil((limit / SHARDS) * 1.5) + 2;
  const where = { ahead, ...(after !== undefined && { after }), ...(prefix !== undefined && { prefix }) };
  const shards = Array.from({ length: SHARDS }, (_, number) => shard(table, number, where));
  const next = (s: (typeof shards)[number]) => s.next().then((r) => (r.done ? undefined : { pair: r.value, of: s }));
  const heads = (await Promise.all(shards.map(next))).filter((head) => head !== undefined);
  const pairs: KeptPair[] = [];
  while (heads.length > 0 && pairs.length < limit) {
    const at = heads.reduce((least, head, i) => (head.pair.name < (heads[least]?.pair.name ?? '') ? i : least), 0);
    const head = heads[at] as (typeof heads)[number]; // there is one
    pairs.push(head.pair);
    const following = await next(head.of);
    if (following) heads[at] = following;
    else heads.splice(at, 1);
  }
  return { pairs, more: heads.length > 0 };
}
