import type { Conflict, ConflictFilter, ConflictQuery } from '../../../lib/model/conflict.ts';
import type { ConflictStore } from '../../../lib/ports.ts';
import { calling } from '../errors.ts';
import { decodePlace, encodePlace } from './conflict-cursor.ts';
import { conflictOf, dynamoConflictWriter, putNewer } from './conflict-items.ts';
import { conditions, listsOf, type Stream } from './conflict-lists.ts';
import { GetCommand, QueryCommand } from './document.ts';
import { getAll, type Item, type Table } from './table.ts';

/**
 * Conflicts in DynamoDB, one item each:
 *
 *     id             item      lists (each goes on by place, <opened_at>#<conflict_id>)
 *     <conflict_id>  conflict  opener <opened_by>#open|closed  (index by_opener)
 *                              seer <seen_by>#open|closed, where that is another job  (index by_seer)
 *
 * So a conflict is on one list of each job that has to do with it, and what is open is found without what is closed.
 */
export function dynamoConflictStore(table: Table): ConflictStore {
  const call = <T>(work: () => Promise<T>) => calling('conflicts table', work);
  return {
    ...dynamoConflictWriter(table),
    get: (conflictId) => call(() => get(table, conflictId)),
    getMany: (conflictIds) =>
      call(async () => {
        const keys = conflictIds.map((id) => ({ id, item: 'conflict' }));
        const found = (await getAll(table, keys)).map(conflictOf);
        return new Map(found.map((conflict) => [conflict.conflict_id, conflict]));
      }),
    list: (query) => call(() => list(table, query)),
    count: (filter, most) => call(() => count(table, filter, most)),
    resolve: (conflict) =>
      call(async () => {
        await putNewer(table, conflict);
        return (await get(table, conflict.conflict_id)) ?? conflict;
      }),
    newestOpen: (jobId) => call(() => newestOpen(table, jobId)),
    needs: (jobId) => call(() => needs(table, jobId)),
  };
}

async function get(table: Table, conflictId: string): Promise<Conflict | undefined> {
  const Key = { id: conflictId, item: 'conflict' };
  const { Item } = await table.client().send(new GetCommand({ TableName: table.name(), Key, ConsistentRead: true }));
  return Item && conflictOf(Item);
}

/** Items that one read looks at where a filter leaves some out; some 250 KB. */
const LOOK_AT = 250;
/** Most reads of one list for one page. A rare filter may be far back: the page then ends early, with a cursor. */
const READS = 4;

/** One page of one list: what fits the filter, and how far was looked; `through` absent: to its end. */
interface Look {
  readonly found: readonly Item[];
  readonly through?: string;
}

async function look(
  table: Table,
  stream: Stream,
  {
    filter,
    after,
    limit,
  }: { readonly filter: ConflictFilter; readonly after?: string | undefined; readonly limit: number },
): Promise<Look> {
  const { filtered, empty, ...query } = conditions(stream, filter, after);
  if (empty) return { found: [] };
  const found: Item[] = [];
  let start: Item | undefined;
  for (let read = 0; read < READS; read++) {
    const page = await table.client().send(
      new QueryCommand({
        ...query,
        TableName: table.name(),
        Limit: filtered ? Math.max(LOOK_AT, limit) : limit,
        ...(start && { ExclusiveStartKey: start }),
      }),
    );
    found.push(...(page.Items ?? []));
    start = page.LastEvaluatedKey;
    if (!start || found.length >= limit) break;
  }
  return { found, ...(start && { through: String(start.place) }) };
}

/** The lists side by side, oldest first. What lies behind the end of a look that was cut short is left for the next page. */
async function list(table: Table, query: ConflictQuery): Promise<{ conflicts: Conflict[]; cursor?: string }> {
  const { limit, cursor, ...filter } = query;
  const after = cursor === undefined ? undefined : decodePlace(cursor, filter);
  const looks: Look[] = await Promise.all(
    listsOf(filter).map((stream) => look(table, stream, { filter, after, limit })),
  );
  const seenThrough = looks.flatMap(({ through }) => through ?? []).sort()[0];
  const fitting = looks
    .flatMap(({ found }) => found)
    .filter((item) => seenThrough === undefined || String(item.place) <= seenThrough)
    .sort((a, b) => (String(a.place) < String(b.place) ? -1 : 1));
  const page = fitting.slice(0, limit);
  const last = fitting.length > limit ? String(page.at(-1)?.place) : seenThrough;
  return { conflicts: page.map(conflictOf), ...(last !== undefined && { cursor: encodePlace(last, filter) }) };
}

async function count(table: Table, filter: ConflictFilter, most = Number.POSITIVE_INFINITY): Promise<number> {
  const counts = await Promise.all(
    listsOf(filter).map(async (stream) => {
      const { filtered, empty, ...query } = conditions(stream, filter, undefined);
      if (empty) return 0;
      let total = 0;
      let start: Item | undefined;
      do {
        const page = await table.client().send(
          new QueryCommand({
            ...query,
            TableName: table.name(),
            Select: 'COUNT',
            ...(Number.isFinite(most) && !filtered && { Limit: most }),
            ...(start && { ExclusiveStartKey: start }),
          }),
        );
        total += page.Count ?? 0;
        start = page.LastEvaluatedKey;
      } while (start && total < most);
      return total;
    }),
  );
  return counts.reduce((a, b) => a + b, 0);
}

async function newestOpen(table: Table, jobId: string): Promise<string | undefined> {
  const filter: ConflictFilter = { job_id: jobId, state: 'open' };
  const newest = await Promise.all(
    listsOf(filter).map(async (stream) => {
      const { filtered, empty, ...query } = conditions(stream, filter, undefined);
      const { Items } = await table
        .client()
        .send(new QueryCommand({ ...query, TableName: table.name(), ScanIndexForward: false, Limit: 1 }));
      return (Items ?? []).map((item) => conflictOf(item).opened_at);
    }),
  );
  return newest.flat().sort().at(-1);
}

/** Where it cannot be told within a few reads, it is taken for needed. */
async function needs(table: Table, jobId: string): Promise<boolean> {
  const filter: ConflictFilter = { job_id: jobId, state: 'open' };
  const looks = await Promise.all(
    listsOf(filter).map((stream) =>
      look(table, { ...stream, seenByItself: stream.attribute === 'opener' }, { filter, limit: 1 }),
    ),
  );
  return looks.some(({ found, through }) => found.length > 0 || through !== undefined);
}
