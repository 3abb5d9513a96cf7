import { setTimeout as wait } from 'node:timers/promises';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { fp, fpWork } from '../../lib/failpoint.ts';
import { SyncError } from '../../lib/model/errors.ts';
import { type SegmentMessage, segmentMessage } from '../../lib/model/message.ts';
import { afterError, copyOf } from '../../lib/orchestrator/connections.ts';
import { failSegment } from '../../lib/orchestrator/give-up-segment.ts';
import { noteHealingOf, reasonOf } from '../../lib/orchestrator/note-healing.ts';
import { failureOf } from '../../lib/orchestrator/record-failure.ts';
import { runSegment } from '../../lib/orchestrator/run-segment.ts';
import { workDatabases } from '../../lib/postgres/work-databases.ts';
import { metered } from '../metered.ts';
import { conflictWriter, type Services, workerServices } from '../runtime.ts';
import { serverOptions, surroundings } from '../surroundings.ts';

/**
 * A worker hides its message for this long at a time and extends it three times as often, so that the segment of a dead
 * worker is delivered again within 30 s.
 */
const HIDDEN_SECONDS = 30;
const EXTEND_MS = 10_000;

/**
 * Keeps the message hidden and the task alive until the returned function is called. Returns it once the message is hidden:
 * until then the queue's own time holds, which is the worker's whole limit, and a worker that died would leave its segment
 * alone for 15 minutes.
 */
async function keepAlive(record: SQSRecord, message: SegmentMessage, s: Services): Promise<() => void> {
  const lost = () =>
    s.log.warn('sign of life not delivered', {
      job_id: message.job_id,
      table: message.table,
      segment: message.segment,
    });
  const hide = () => s.queue.hide(record.receiptHandle, HIDDEN_SECONDS).catch(lost);
  const beat = () =>
    Promise.all([
      s.workflow.beat(message.task_token),
      s.jobs.heartbeat(message.job_id, message.epoch, s.clock().toISOString()),
    ]).catch(lost);
  void beat();
  await hide();
  const timer = setInterval(() => {
    void hide();
    void beat();
  }, EXTEND_MS);
  return () => clearInterval(timer);
}

async function answer(message: SegmentMessage, record: SQSRecord, context: Context, s: Services): Promise<void> {
  const held: number[] = [];
  const onAdmitted = (sessions: number) => void held.push(sessions);
  const outcome = await runSegment(message, {
    ...surroundings(s, 'worker'),
    databases: workDatabases({ ...serverOptions(s, 'worker'), onAdmitted }),
    workflow: s.workflow,
    audit: s.audit,
    conflicts: conflictWriter(),
    owner: `${context.awsRequestId}/${record.messageId}`,
    remainingMs: () => context.getRemainingTimeInMillis(),
    wait: async (ms) => {
      await wait(ms);
    },
  });
  const { job_id, epoch, table, pass, segment } = message;
  const figures = held.length > 0 ? { SessionsHeld: held } : undefined;
  s.log.info('segment worked on', { job_id, epoch, table, pass, segment, outcome }, figures);
  const { given_back: _, ...next } = message; // it has had its turn
  if (outcome === 'continue') await s.queue.send(next);
  if (outcome === 'finished') await s.workflow.succeed(message.task_token, {});
  if (outcome === 'overtaken') await comeBack(message, s);
  await fp('msg.deleted');
}

/**
 * The segment is another worker's, and that one may answer a token that nobody waits for: SQS had taken a message, Step Functions
 * was told that it had not, and sent another. So a message is let go only when its own token was answered or is gone.
 */
async function comeBack(message: SegmentMessage, s: Services): Promise<void> {
  if (!(await s.workflow.beat(message.task_token))) return;
  const copy = copyOf(message, Math.random());
  await s.queue.send(copy.message, copy.delaySeconds);
}

/** True when the message is done with; false gives it back to the queue for another try. */
async function settle(error: unknown, message: SegmentMessage, record: SQSRecord, s: Services): Promise<boolean> {
  const failure = failureOf(error);
  const delivery = Number(record.attributes.ApproximateReceiveCount);
  const sqlstate = error instanceof SyncError ? error.facts.sqlstate : undefined;
  const where = {
    job_id: message.job_id,
    epoch: message.epoch,
    table: message.table,
    pass: message.pass,
    segment: message.segment,
  };
  const next = afterError(error, message, delivery, Math.random());
  if (next.do === 'send_copy') {
    s.log.info('segment waits for a connection', where, { ConnectionWaits: 1 });
    await s.queue.send(next.message, next.delaySeconds);
    return true;
  }
  s.log.error('segment failed', {
    ...where,
    code: failure.code,
    sqlstate,
    delivery,
    error_name: (error as Error).name,
  });
  if (next.do === 'hide') {
    await s.queue.hide(record.receiptHandle, next.seconds);
    const { table, pass, segment } = message;
    const data = { table: `table ${table}`, pass, segment, ...reasonOf(error), delivery };
    await noteHealingOf(message.job_id, 'healing.segment_retried', data, s);
    return false;
  }
  await failSegment(message, error, s);
  return true;
}

async function handleRecord(record: SQSRecord, context: Context, s: Services): Promise<boolean> {
  const message = segmentMessage.parse(JSON.parse(record.body));
  fpWork('segment', message);
  const stop = await keepAlive(record, message, s);
  try {
    await answer(message, record, context, s);
    return true;
  } catch (error) {
    return await settle(error, message, record, s);
  } finally {
    stop();
  }
}

/** One segment per record. A record that is not known to be done is reported as failed. */
async function work(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const s = workerServices();
  const batchItemFailures = [];
  for (const record of event.Records) {
    const done = await handleRecord(record, context, s).catch((error: unknown) => {
      s.log.error('message not handled', { message_id: record.messageId, error_name: (error as Error).name });
      return false;
    });
    if (!done) batchItemFailures.push({ itemIdentifier: record.messageId });
  }
  return { batchItemFailures };
}

/** Lambda handler. Lambda's poller has received the message and deletes it. */
export const handler = metered(
  work,
  ({ Records: [record] }) => record && { job: (JSON.parse(record.body) as SegmentMessage).job_id, queue_requests: 2 },
);
