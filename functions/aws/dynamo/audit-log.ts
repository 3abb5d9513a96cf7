import { setTimeout } from 'node:timers/promises';
import { canonicalJson } from '../../../lib/audit/canonical-json.ts';
import { START } from '../../../lib/audit/chain.ts';
import type { AuditBlock, AuditRecord, AuditRoot, FoundBlock, TrailHead } from '../../../lib/model/audit-event.ts';
import type { AuditLog, BlockPage } from '../../../lib/ports.ts';
import { calling, isAws } from '../errors.ts';
import { GetCommand, PutCommand, QueryCommand, UpdateCommand } from './document.ts';
import { type Item, queryAll, type Table } from './table.ts';

/**
 * The audit trails in DynamoDB. Nothing in the audit table is ever changed: blocks and roots are put where nothing is yet.
 * The head does change, so it is an item of the jobs table, under the job: another table with other rights.
 *
 *     table  key                                         further
 *     audit  <job_id>       <number of its first event>  one block: events (JSON), count, hash, writer, outbox
 *     audit  root#<job_id>  <number of the last event>   hash, at, previous
 *     jobs   <job_id>       audit                        where the trail stands
 */
export function dynamoAuditLog(audit: Table, jobs: Table): AuditLog {
  const call = <T>(work: () => Promise<T>) => calling('audit table', work);
  return {
    head: (jobId) => call(() => head(jobs, jobId)),
    moveHead: (jobId, to) => call(() => moveHead(jobs, jobId, to)),
    add: (block) => call(() => add(audit, block)),
    blocks: (jobId, after, limit) => call(() => blocks(audit, { jobId, after, limit })),
    seal: (jobId, root) => call(() => seal(audit, jobId, root)),
    roots: (jobId) => call(() => roots(audit, jobId)),
  };
}

/** Twelve digits, so that text order is number order. */
const position = (seq: number) => String(seq).padStart(12, '0');
export const rootsOf = (jobId: string) => `root#${jobId}`;

/** Whoever lost a race waits up to this long, so that many writers do not run abreast. */
const JITTER_MS = 50;

const headKey = (jobId: string) => ({ job_id: jobId, item: 'audit' });

async function head(jobs: Table, jobId: string): Promise<TrailHead> {
  const { Item } = await jobs
    .client()
    .send(new GetCommand({ TableName: jobs.name(), Key: headKey(jobId), ConsistentRead: true }));
  if (!Item) return START;
  return { events: Number(Item.events), hash: String(Item.hash), healing: JSON.parse(String(Item.healing)) };
}

async function moveHead(jobs: Table, jobId: string, { events, hash, healing }: TrailHead): Promise<void> {
  await unlessThere(() =>
    jobs.client().send(
      new UpdateCommand({
        TableName: jobs.name(),
        Key: headKey(jobId),
        UpdateExpression: 'set #events = :events, #hash = :hash, #healing = :healing',
        ConditionExpression: 'attribute_not_exists(#events) or #events < :events',
        ExpressionAttributeNames: { '#events': 'events', '#hash': 'hash', '#healing': 'healing' },
        ExpressionAttributeValues: { ':events': events, ':hash': hash, ':healing': canonicalJson(healing) },
      }),
    ),
  );
}

/** Runs a conditional write; false when the condition was not met. */
async function unlessThere(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (!isAws(error, 'ConditionalCheckFailedException')) throw error;
    return false;
  }
}

async function add(audit: Table, { job_id, writer, outbox, records }: AuditBlock): Promise<boolean> {
  const [first] = records;
  const Key = { job_id, position: position(first.seq) };
  const hash = (records.at(-1) ?? first).hash;
  const Item = { ...Key, writer, outbox, hash, count: records.length, events: canonicalJson(records) };
  const put = new PutCommand({ TableName: audit.name(), Item, ConditionExpression: 'attribute_not_exists(job_id)' });
  if (await unlessThere(() => audit.client().send(put))) return true;
  const there = await audit
    .client()
    .send(new GetCommand({ TableName: audit.name(), Key, ConsistentRead: true, ProjectionExpression: 'writer' }));
  if (there.Item?.writer === writer) return true;
  await setTimeout(Math.random() * JITTER_MS);
  return false;
}

async function blocks(
  audit: Table,
  { jobId, after, limit }: { jobId: string; after: number; limit: number | undefined },
): Promise<BlockPage> {
  const page = await audit.client().send(
    new QueryCommand({
      TableName: audit.name(),
      KeyConditionExpression: 'job_id = :job and #position > :after',
      ExpressionAttributeNames: { '#position': 'position' },
      ExpressionAttributeValues: { ':job': jobId, ':after': position(Math.max(0, after)) },
      ConsistentRead: true,
      ...(limit !== undefined && { Limit: limit }),
    }),
  );
  return { blocks: (page.Items ?? []).map(found), more: page.LastEvaluatedKey !== undefined };
}

function found(item: Item): FoundBlock {
  return {
    first: Number(item.position),
    events: Number(item.count),
    hash: String(item.hash),
    writer: String(item.writer),
    outbox: item.outbox === true,
    records: recordsIn(item.events),
  };
}

/** Undefined where it is not what `add` writes: somebody has tampered with it. */
function recordsIn(text: unknown): readonly AuditRecord[] | undefined {
  try {
    const value: unknown = JSON.parse(String(text));
    return Array.isArray(value) && value.every(isRecord) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: Partial<Record<keyof AuditRecord, unknown>> | null): value is AuditRecord {
  const texts = ['id', 'type', 'at', 'actor', 'hash'] as const;
  if (typeof value !== 'object' || value === null || typeof value.seq !== 'number') return false;
  return (
    texts.every((name) => typeof value[name] === 'string') && typeof value.data === 'object' && value.data !== null
  );
}

async function seal(audit: Table, jobId: string, { events, ...root }: AuditRoot): Promise<void> {
  const Item = { job_id: rootsOf(jobId), position: position(events), ...root };
  await unlessThere(() =>
    audit
      .client()
      .send(new PutCommand({ TableName: audit.name(), Item, ConditionExpression: 'attribute_not_exists(job_id)' })),
  );
}

function isPrevious(value: unknown): value is NonNullable<AuditRoot['previous']> {
  const { events, hash } = (value ?? {}) as { events?: unknown; hash?: unknown }; // whatever somebody stored
  return typeof events === 'number' && typeof hash === 'string';
}

async function roots(audit: Table, jobId: string): Promise<readonly AuditRoot[]> {
  const items = await queryAll(audit, {
    KeyConditionExpression: 'job_id = :roots',
    ExpressionAttributeValues: { ':roots': rootsOf(jobId) },
    ConsistentRead: true,
  });
  return items.map(({ position, hash, at, previous }) => ({
    events: Number(position),
    hash: String(hash),
    at: String(at),
    ...(isPrevious(previous) && { previous }),
  }));
}
