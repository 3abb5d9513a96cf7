import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { SyncError } from '../../../lib/model/errors.ts';
import type { Job, JobTable, SegmentProgress } from '../../../lib/model/job.ts';
import type { StoredNotice } from '../../../lib/model/notice.ts';
import type { StoredValidation } from '../../../lib/model/schema-check.ts';
import { noticeOf } from '../../../lib/notifications/notice.ts';
import type { JobQuery, JobStore } from '../../../lib/ports.ts';
import { calling, isAws } from '../errors.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { GetCommand, PutCommand, QueryCommand, UpdateCommand } from './document.ts';
import { type Item, putAll, queryAll, type Table } from './table.ts';

/**
 * Jobs in DynamoDB, one item each for the job, its tables and its segments in a pass:
 *
 *     job_id  item                         further
 *     <uuid>  job                          list "jobs", started <created_at>#<job_id>  (index by_start)
 *                                          care, while the sweeper looks after it     (index by_care)
 *                                          notices, due, while it has something to tell (index by_due)
 *     <uuid>  table#00012
 *     <uuid>  segment#00012#apply#00003
 *     <uuid>  schema#00012                 what the catalogs were like
 */
export function dynamoJobStore(table: Table): JobStore {
  const call = <T>(work: () => Promise<T>) => calling('jobs table', work);
  return {
    create: (job) => call(() => create(table, job)),
    get: (jobId) => call(async () => (await getItem(table, jobId))?.job),
    list: (query) => call(() => list(table, query)),
    listToSweep: () => call(() => listToSweep(table)),
    forget: (jobId, epoch) => call(() => forget(table, jobId, epoch)),
    transition: (jobId, expected, patch) => call(() => transition(table, jobId, { expected, patch })),
    heartbeat: (jobId, epoch, at) => call(() => heartbeat(table, jobId, { epoch, at })),
    putTables: (tables) => call(() => putAll(table, tables.map(tableItem))),
    tables: (jobId) => call(async () => (await children(table, jobId, 'table#')).map((i) => entity<JobTable>(i))),
    table: (jobId, number) =>
      call(async () => {
        const found = await readItem(table, jobId, tableKey(number));
        return found && entity<JobTable>(found);
      }),
    putValidations: (all) =>
      call(() =>
        putAll(
          table,
          all.map((v) => ({ ...v, item: schemaKey(v.table_no) })),
        ),
      ),
    validation: (jobId, number) =>
      call(async () => {
        const found = await readItem(table, jobId, schemaKey(number));
        return found && entity<StoredValidation>(found);
      }),
    putProgress: (progress) => call(() => putProgress(table, progress)),
    progress: (jobId) =>
      call(async () => (await children(table, jobId, 'segment#')).map((i) => entity<SegmentProgress>(i))),
  };
}

/** The one value of `due`. */
export const DUE = 'notice';

/** Most notices that wait with a job; with more, only the newest is kept: an item has an end, and the job goes first. */
const MOST_NOTICES = 500;

/** The one value of `care`. */
const CARE = 'sweep';

const pad = (n: number) => String(n).padStart(5, '0');
const startedKey = (job: Pick<Job, 'created_at' | 'job_id'>) => `${job.created_at}#${job.job_id}`;
const tableKey = (table: number) => `table#${pad(table)}`;
const schemaKey = (table: number) => `schema#${pad(table)}`;
const tableItem = (t: JobTable): Item => ({ ...t, item: tableKey(t.table) });

/** An item without what only the store knows. Items are written by this file alone, so their shape is not checked. */
export function entity<T>(stored: Item): T {
  const { item, list, care, started, last_request_id, notices, due, lag_told, ...rest } = stored;
  return rest as T;
}

export async function readItem(table: Table, jobId: string, item: string): Promise<Item | undefined> {
  const { Item } = await table
    .client()
    .send(new GetCommand({ TableName: table.name(), Key: { job_id: jobId, item }, ConsistentRead: true }));
  return Item;
}

async function getItem(table: Table, jobId: string): Promise<{ job: Job; item: Item } | undefined> {
  const found = await readItem(table, jobId, 'job');
  return found && { job: entity<Job>(found), item: found };
}

async function create(table: Table, job: Job): Promise<void> {
  try {
    await table.client().send(
      new PutCommand({
        TableName: table.name(),
        Item: { ...job, item: 'job', list: 'jobs', care: CARE, started: startedKey(job) },
        ConditionExpression: 'attribute_not_exists(job_id)',
      }),
    );
  } catch (error) {
    if (!isAws(error, 'ConditionalCheckFailedException')) throw error;
    // Our own first try may have won and its reply been lost. The job may have moved on since: compare what never changes.
    const stored = await getItem(table, job.job_id);
    if (!stored || !isDeepStrictEqual(birth(stored.job), birth(job)))
      throw new SyncError('state_conflict', 'another job has this id');
  }
}

/** What a job keeps from its creation on, as JSON would carry it. */
function birth(job: Job): unknown {
  const { job_id, mode, config, source, target, secret_ref, actor, guarantee, created_at } = job;
  return JSON.parse(JSON.stringify({ job_id, mode, config, source, target, secret_ref, actor, guarantee, created_at }));
}

/**
 * Changes a job on a condition, and notes in the same write what is to be told of the change. A retry by the SDK carries the same `last_request_id`, so a failed condition over an
 * item that holds our own id means that our first try won and its reply was lost.
 */
async function transition(
  table: Table,
  jobId: string,
  {
    expected,
    patch,
    full = false,
  }: {
    readonly expected: Parameters<JobStore['transition']>[1];
    readonly patch: Parameters<JobStore['transition']>[2];
    /** So many notices wait that no other is added to them. */
    readonly full?: boolean;
  },
): Promise<Job | undefined> {
  const requestId = randomUUID();
  const values: Item = { ':epoch': expected.epoch, ':request': requestId };
  const names: Record<string, string> = { '#state': 'state', '#epoch': 'epoch', '#request': 'last_request_id' };
  expected.from.forEach((state, i) => {
    values[`:from${i}`] = state;
  });
  const sets = ['#request = :request'];
  const removes: string[] = [];
  Object.entries(patch).forEach(([key, value], i) => {
    names[`#set${i}`] = key;
    if (value === undefined) removes.push(`#set${i}`);
    else {
      values[`:set${i}`] = value;
      sets.push(`#set${i} = :set${i}`);
    }
  });
  const from = expected.from.map((_, i) => `:from${i}`).join(', ');
  const notice = noticeOf(expected, patch);
  const room = notice && !full ? ' and (attribute_not_exists(#notices) or size(#notices) < :most)' : '';
  if (notice) {
    const stored: StoredNotice = { ...notice, write: requestId };
    Object.assign(names, { '#notices': 'notices', '#due': 'due' });
    Object.assign(values, { ':notice': [stored], ':due': DUE, ...(!full && { ':none': [], ':most': MOST_NOTICES }) });
    const all = full ? ':notice' : 'list_append(if_not_exists(#notices, :none), :notice)';
    sets.push(`#notices = ${all}`, '#due = :due');
  }
  try {
    const { Attributes } = await table.client().send(
      new UpdateCommand({
        TableName: table.name(),
        Key: { job_id: jobId, item: 'job' },
        UpdateExpression: `set ${sets.join(', ')}${removes.length > 0 ? ` remove ${removes.join(', ')}` : ''}`,
        ConditionExpression: `#state in (${from}) and #epoch = :epoch${room}`,
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: values,
        ReturnValues: 'ALL_NEW',
      }),
    );
    return Attributes && entity<Job>(Attributes);
  } catch (error) {
    if (!isAws(error, 'ConditionalCheckFailedException')) throw error;
    const stored = await getItem(table, jobId);
    if (stored?.item.last_request_id === requestId) return stored.job;
    const stands = stored && expected.from.includes(stored.job.state) && stored.job.epoch === expected.epoch;
    return stands && room && !full ? transition(table, jobId, { expected, patch, full: true }) : undefined;
  }
}

/**
 * A sign of life that is less old than this will do: who looks for dead runs waits for hours. Each one that is stored goes into every
 * index of the jobs as well, and all jobs are in one partition of each: 500 jobs of five workers would fill it.
 */
const BEAT_MS = 60_000;

async function heartbeat(table: Table, jobId: string, beat: { epoch: number; at: string }): Promise<void> {
  await unlessRefused(() =>
    table.client().send(
      new UpdateCommand({
        TableName: table.name(),
        Key: { job_id: jobId, item: 'job' },
        UpdateExpression: 'set heartbeat_at = :at',
        ConditionExpression: '#epoch = :epoch and heartbeat_at <= :old',
        ExpressionAttributeNames: { '#epoch': 'epoch' },
        ExpressionAttributeValues: {
          ':at': beat.at,
          ':epoch': beat.epoch,
          ':old': new Date(Date.parse(beat.at) - BEAT_MS).toISOString(),
        },
      }),
    ),
  );
}

async function putProgress(table: Table, progress: SegmentProgress): Promise<void> {
  const item = `segment#${pad(progress.table)}#${progress.pass}#${pad(progress.segment)}`;
  await unlessRefused(() =>
    table.client().send(
      new PutCommand({
        TableName: table.name(),
        Item: { ...progress, item },
        ConditionExpression: 'attribute_not_exists(job_id) or #epoch < :epoch or (#epoch = :epoch and seq <= :seq)',
        ExpressionAttributeNames: { '#epoch': 'epoch' },
        ExpressionAttributeValues: { ':epoch': progress.epoch, ':seq': progress.seq },
      }),
    ),
  );
}

/** A refused condition means that something newer is there, or that our first try won: fine either way. */
async function unlessRefused(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!isAws(error, 'ConditionalCheckFailedException')) throw error;
  }
}

function children(table: Table, jobId: string, prefix: string): Promise<Item[]> {
  return queryAll(table, {
    KeyConditionExpression: 'job_id = :job and begins_with(#item, :prefix)',
    ExpressionAttributeNames: { '#item': 'item' },
    ExpressionAttributeValues: { ':job': jobId, ':prefix': prefix },
    ConsistentRead: true,
  });
}

/** Newest first; the key alone orders jobs that were created in the same millisecond. */
const BY_START = {
  IndexName: 'by_start',
  KeyConditionExpression: '#list = :list',
  ScanIndexForward: false,
} as const;

/**
 * Most reads for one page of a list. A rare status may lie far back: the page then ends early, with a cursor, instead of
 * reading every job there ever was in one call.
 */
const READS = 10;
/** Jobs looked at per read where a status is asked for; some 200 KB. */
const LOOK_AT = 100;

async function list(table: Table, { limit, state, cursor }: JobQuery): Promise<{ jobs: Job[]; cursor?: string }> {
  const jobs: Job[] = [];
  let after = cursor === undefined ? undefined : decodeCursor(cursor);
  for (let read = 0; read < READS; read++) {
    const page = await table.client().send(
      new QueryCommand({
        ...BY_START,
        TableName: table.name(),
        Limit: state === undefined ? limit - jobs.length : LOOK_AT,
        ...(state !== undefined && { FilterExpression: '#state = :state' }),
        ExpressionAttributeNames: { '#list': 'list', ...(state !== undefined && { '#state': 'state' }) },
        ExpressionAttributeValues: { ':list': 'jobs', ...(state !== undefined && { ':state': state }) },
        ...(after !== undefined && { ExclusiveStartKey: startKey(after) }),
      }),
    );
    const found = (page.Items ?? []).map((i) => entity<Job>(i));
    const taken = found.slice(0, limit - jobs.length);
    jobs.push(...taken);
    const last = taken.at(-1);
    if (taken.length < found.length && last) return { jobs, cursor: encodeCursor(startedKey(last)) };
    if (!page.LastEvaluatedKey) return { jobs };
    after = String(page.LastEvaluatedKey.started);
    if (jobs.length >= limit) break;
  }
  return { jobs, ...(after !== undefined && { cursor: encodeCursor(after) }) };
}

function startKey(after: string): Item {
  return { job_id: after.slice(after.indexOf('#') + 1), item: 'job', list: 'jobs', started: after };
}

/** In no order that matters; only jobs with `care` are in the index, so its size is that of what there is to do. */
async function listToSweep(table: Table): Promise<Job[]> {
  const items = await queryAll(table, {
    IndexName: 'by_care',
    KeyConditionExpression: 'care = :care',
    ExpressionAttributeValues: { ':care': CARE },
  });
  return items.map((i) => entity<Job>(i));
}

/** Refused where the job has moved on: then it is somebody's again. */
async function forget(table: Table, jobId: string, epoch: number): Promise<void> {
  await unlessRefused(() =>
    table.client().send(
      new UpdateCommand({
        TableName: table.name(),
        Key: { job_id: jobId, item: 'job' },
        UpdateExpression: 'remove care',
        ConditionExpression: '#epoch = :epoch',
        ExpressionAttributeNames: { '#epoch': 'epoch' },
        ExpressionAttributeValues: { ':epoch': epoch },
      }),
    ),
  );
}
