import type { Job } from '../../../lib/model/job.ts';
import type { StoredNotice, Untold } from '../../../lib/model/notice.ts';
import type { ConflictTally } from '../../../lib/model/notification.ts';
import type { NoticeStore } from '../../../lib/ports.ts';
import { calling, isAws } from '../errors.ts';
import { QueryCommand, UpdateCommand } from './document.ts';
import { DUE, entity, readItem } from './job-store.ts';
import { type Item, queryAll, type Table } from './table.ts';

/** What jobs have to tell, in the items that job-store.ts writes. */
export function dynamoNoticeStore(jobs: Table, conflicts: Table): NoticeStore {
  return {
    due: () => calling('jobs table', () => due(jobs)),
    untold: (jobId) => calling('jobs table', () => untold(jobs, jobId)),
    told: (what, lagTold) => calling('jobs table', () => told(jobs, what, lagTold)),
    conflicts: (jobId) => calling('conflicts table', () => tally(conflicts, jobId)),
  };
}

/** The index holds only jobs with notices, so its size is that of what there is to do. */
async function due(jobs: Table): Promise<readonly string[]> {
  const items = await queryAll(jobs, {
    IndexName: 'by_due',
    KeyConditionExpression: 'due = :due',
    ExpressionAttributeValues: { ':due': DUE },
  });
  return items.map((item) => String(item.job_id));
}

async function untold(jobs: Table, jobId: string): Promise<Untold | undefined> {
  const item = await readItem(jobs, jobId, 'job');
  const notices = (item?.notices ?? []) as readonly StoredNotice[]; // transition wrote them
  if (!item || notices.length === 0) return undefined;
  return { job: entity<Job>(item), notices, ...(item.lag_told !== undefined && { lag_told: Number(item.lag_told) }) };
}

/**
 * Notices are added at the end and taken from the beginning, and each has its own `write`. So while the first one is still
 * the one that was read, all of those behind it are too, and only they are taken. Where it is not, somebody else has.
 */
async function told(jobs: Table, { job, notices }: Untold, lagTold: number | undefined): Promise<boolean> {
  const [first] = notices;
  const remove = async (what: string, more: string, values: Item): Promise<boolean> => {
    try {
      await jobs.client().send(
        new UpdateCommand({
          TableName: jobs.name(),
          Key: { job_id: job.job_id, item: 'job' },
          UpdateExpression: `${lagTold === undefined ? '' : 'set lag_told = :lag '}remove ${what}`,
          ConditionExpression: `#notices[0].#write = :write${more}`,
          ExpressionAttributeNames: { '#notices': 'notices', '#write': 'write', ...(more && { '#due': 'due' }) },
          ExpressionAttributeValues: {
            ':write': first?.write,
            ...(lagTold !== undefined && { ':lag': lagTold }),
            ...values,
          },
        }),
      );
      return true;
    } catch (error) {
      if (!isAws(error, 'ConditionalCheckFailedException')) throw error;
      return false;
    }
  };
  if (await remove('#notices, #due', ' and size(#notices) = :all', { ':all': notices.length })) return true;
  // others have come meanwhile, and stay. From the last to the first, so that no place moves before it is taken
  return remove(notices.map((_, i) => `#notices[${notices.length - 1 - i}]`).join(', '), '', {});
}

/** Reads of 1 MB each; a conflict takes about 1 KB. */
const READS = 10;

async function tally(conflicts: Table, jobId: string): Promise<ConflictTally> {
  const counts = new Map<string, { readonly table: string; readonly type: string; open: number }>();
  let start: Item | undefined;
  for (let read = 0; read < READS; read++) {
    const page = await conflicts.client().send(
      new QueryCommand({
        TableName: conflicts.name(),
        IndexName: 'by_opener',
        KeyConditionExpression: 'opener = :opener',
        ProjectionExpression: '#table, #type',
        ExpressionAttributeNames: { '#table': 'table', '#type': 'type' },
        ExpressionAttributeValues: { ':opener': `${jobId}#open` },
        ...(start && { ExclusiveStartKey: start }),
      }),
    );
    for (const item of page.Items ?? []) {
      const [table, type] = [String(item.table), String(item.type)];
      const key = JSON.stringify([table, type]);
      const found = counts.get(key) ?? { table, type, open: 0 };
      found.open += 1;
      counts.set(key, found);
    }
    start = page.LastEvaluatedKey;
    if (!start) break;
  }
  return { by_table: [...counts.values()], more: start !== undefined };
}
