import type { Job } from '../../../lib/model/job.ts';
import type { ErasedJob, JobArchive } from '../../../lib/ports.ts';
import { calling, isAws } from '../errors.ts';
import { rootsOf } from './audit-log.ts';
import { DeleteCommand, PutCommand, QueryCommand } from './document.ts';
import { entity } from './job-store.ts';
import { ordersOf } from './resolution-store.ts';
import { type Item, queryAll, type Table } from './table.ts';

export interface ArchiveTables {
  readonly jobs: Table;
  readonly audit: Table;
  readonly conflicts: Table;
  readonly registry: Table;
}

/**
 * What retention does to the tables; nobody else deletes anything of a job. In the registry:
 *
 *     kind        name      further
 *     erasing     <job_id>  what the job was; there from before the first delete until after the last
 *     erased_job  <job_id>  the same, and when it was done; stays
 */
export function dynamoJobArchive(tables: ArchiveTables): JobArchive {
  const { jobs, audit, conflicts, registry } = tables;
  const call = <T>(work: () => Promise<T>) => calling('state tables', work);
  return {
    oldest: (before, cursor) => call(() => oldest(jobs, before, cursor)),
    begin: (erased) => call(() => putOnce(registry, { ...erased, kind: 'erasing', name: erased.job_id })),
    begun: () =>
      call(async () => {
        const items = await queryAll(registry, ofKind('erasing'));
        return items.map((item) => String(item.name));
      }),
    erase: (jobId) =>
      call(async () => {
        await removeConflicts(conflicts, jobId);
        await removeOrders(conflicts, jobId);
        await removeAll(audit, { partition: 'job_id', value: jobId, sort: 'position' });
        await removeAll(audit, { partition: 'job_id', value: rootsOf(jobId), sort: 'position' });
        await removeAll(jobs, { partition: 'job_id', value: jobId, sort: 'item', last: 'job' });
      }),
    finish: (jobId, at) => call(() => finish(registry, jobId, at)),
  };
}

const ofKind = (kind: string) => ({
  KeyConditionExpression: '#kind = :kind',
  ExpressionAttributeNames: { '#kind': 'kind' },
  ExpressionAttributeValues: { ':kind': kind },
  ConsistentRead: true,
});

async function oldest(
  jobs: Table,
  before: string,
  cursor: string | undefined,
): Promise<{ jobs: Job[]; cursor?: string }> {
  const page = await jobs.client().send(
    new QueryCommand({
      TableName: jobs.name(),
      IndexName: 'by_start',
      KeyConditionExpression: '#list = :list and started between :from and :before',
      ExpressionAttributeNames: { '#list': 'list' },
      // one character more than the last: a bound is met by what equals it
      ExpressionAttributeValues: { ':list': 'jobs', ':from': cursor ? `${cursor} ` : '0', ':before': before },
    }),
  );
  const last = page.LastEvaluatedKey?.started;
  return {
    jobs: (page.Items ?? []).map((item) => entity<Job>(item)),
    ...(typeof last === 'string' && { cursor: last }),
  };
}

async function putOnce(table: Table, item: Item): Promise<void> {
  try {
    await table.client().send(
      new PutCommand({
        TableName: table.name(),
        Item: item,
        ConditionExpression: 'attribute_not_exists(#kind)',
        ExpressionAttributeNames: { '#kind': 'kind' },
      }),
    );
  } catch (error) {
    if (!isAws(error, 'ConditionalCheckFailedException')) throw error; // what was noted first stays
  }
}

/** Deletes at once: each takes some 5 ms, and a trail has one item per 100 events. */
const PARALLEL = 16;

/** Items of one partition key; `sort` is the name of the sort key. */
interface Partition {
  readonly partition: string;
  readonly value: string;
  readonly sort: string;
  /** The item that goes when all others have gone. */
  readonly last?: string;
}

/** Deletes all items of a partition. */
async function removeAll(table: Table, { partition, value, sort, last }: Partition): Promise<void> {
  const items = await queryAll(table, {
    KeyConditionExpression: '#partition = :value',
    ExpressionAttributeValues: { ':value': value },
    ExpressionAttributeNames: { '#partition': partition, '#sort': sort },
    ProjectionExpression: '#sort',
    ConsistentRead: true,
  });
  const names = items.map((item) => String(item[sort]));
  const remove = (name: string) =>
    table.client().send(new DeleteCommand({ TableName: table.name(), Key: { [partition]: value, [sort]: name } }));
  const others = names.filter((name) => name !== last);
  for (let i = 0; i < others.length; i += PARALLEL) await Promise.all(others.slice(i, i + PARALLEL).map(remove));
  if (last !== undefined && names.includes(last)) await remove(last);
}

/** Conflicts that no later job has seen, open or closed: their previews may hold values. Lists of conflict-lists.ts. */
async function removeConflicts(conflicts: Table, jobId: string): Promise<void> {
  const lists = (['open', 'closed'] as const).flatMap((half) => [
    { index: 'by_opener', attribute: 'opener', half } as const,
    { index: 'by_seer', attribute: 'seer', half } as const,
  ]);
  for (const { index, attribute, half } of lists) {
    const items = await queryAll(conflicts, {
      IndexName: index,
      KeyConditionExpression: '#list = :list',
      ExpressionAttributeNames: { '#list': attribute, '#id': 'id' },
      ExpressionAttributeValues: { ':list': `${jobId}#${half}` },
      ProjectionExpression: '#id',
    });
    for (let i = 0; i < items.length; i += PARALLEL)
      await Promise.all(items.slice(i, i + PARALLEL).map(({ id }) => removeSeen(conflicts, String(id), jobId)));
  }
}

/** Orders to decide many conflicts of the job: the pages of each list first, the order itself last. Lists of resolution-store.ts. */
async function removeOrders(conflicts: Table, jobId: string): Promise<void> {
  const orders = await queryAll(conflicts, {
    IndexName: 'by_seer',
    KeyConditionExpression: '#list = :list',
    ExpressionAttributeNames: { '#list': 'seer', '#id': 'id' },
    ExpressionAttributeValues: { ':list': ordersOf(jobId) },
    ProjectionExpression: '#id',
  });
  for (const { id } of orders)
    await removeAll(conflicts, { partition: 'id', value: String(id), sort: 'item', last: 'resolution' });
}

/** Deletes a conflict, unless another job is the last that saw it. */
async function removeSeen(conflicts: Table, id: string, jobId: string): Promise<void> {
  try {
    await conflicts.client().send(
      new DeleteCommand({
        TableName: conflicts.name(),
        Key: { id, item: 'conflict' },
        ConditionExpression: 'seen_by = :job',
        ExpressionAttributeValues: { ':job': jobId },
      }),
    );
  } catch (error) {
    if (!isAws(error, 'ConditionalCheckFailedException')) throw error;
  }
}

async function finish(registry: Table, jobId: string, at: string): Promise<void> {
  const own = (await queryAll(registry, ofKind('erasing'))).find((item) => item.name === jobId);
  if (!own) return;
  const erased = own as unknown as ErasedJob; // begin wrote it
  await putOnce(registry, { ...erased, kind: 'erased_job', name: jobId, finished_at: at });
  await registry
    .client()
    .send(new DeleteCommand({ TableName: registry.name(), Key: { kind: 'erasing', name: jobId } }));
}
