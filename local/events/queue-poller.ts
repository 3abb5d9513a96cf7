import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { isObject, type Json } from '../json.ts';

export interface QueuePollerOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly region: string;
  readonly batchSize: number;
  /** Invocations at once. */
  readonly maxConcurrency: number;
  readonly reportsItemFailures: boolean;
  readonly invoke: (event: Json) => Promise<Json>;
  /** Told about what went wrong on the way; the messages stay in the queue. */
  readonly onError: (error: unknown) => void;
  /** Long-poll time; a test shortens it. */
  readonly waitSeconds?: number;
}

export interface QueueFigures {
  readonly received: number;
  readonly deleted: number;
  /** Messages that stay in the queue after their invocation failed, or that it named as failed. */
  readonly failed: number;
}

export interface QueuePoller {
  figures(): QueueFigures;
  /** Stops receiving. Does not wait for invocations under way: their messages come back by themselves. */
  stop(): Promise<void>;
}

/** After an error of the queue itself; its return is found within a second. */
const PAUSE_MS = 1_000;

/**
 * Brings messages of a queue to a function, as an event source mapping does: receive, invoke, delete what succeeded.
 *
 * One receive at a time; up to `maxConcurrency` invocations. An invocation that fails deletes nothing, so the queue
 * delivers its messages again when their visibility timeout is over, and in the end gives them to the dead-letter queue.
 */
export function startQueuePoller(options: QueuePollerOptions): QueuePoller {
  const { client, queueUrl, maxConcurrency } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const figures = { received: 0, deleted: 0, failed: 0 };
  let inFlight = 0;
  let freed = Promise.withResolvers<void>();
  /** What is cut off because everything is stopped is no trouble: its messages come back. */
  const tell = (error: unknown) => {
    if (!signal.aborted) options.onError(error);
  };

  async function receive(): Promise<readonly Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: Math.min(options.batchSize, 10),
      // fauxqs does not wake a long poll for a message that becomes visible again: five seconds keep a dead worker's
      // segment within the 45 s of DESIGN section 6
      WaitTimeSeconds: options.waitSeconds ?? 5,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    });
    return (await client.send(command, { abortSignal: signal })).Messages ?? [];
  }

  async function deliver(messages: readonly Message[]): Promise<void> {
    figures.received += messages.length;
    let failed = new Set(messages.map(({ MessageId: id }) => id));
    try {
      const answer = await options.invoke(queueEvent(messages, options));
      failed = options.reportsItemFailures ? failedItems(answer, messages) : new Set();
    } catch (error) {
      tell(error);
    }
    figures.failed += failed.size;
    const done = messages.filter(({ MessageId: id }) => !failed.has(id));
    if (done.length === 0) return;
    const Entries = done.map(({ ReceiptHandle: handle }, index) => ({ Id: String(index), ReceiptHandle: handle }));
    await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    figures.deleted += done.length;
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      if (inFlight >= maxConcurrency) {
        freed = Promise.withResolvers();
        await freed.promise;
        continue;
      }
      try {
        const messages = await receive();
        if (messages.length === 0) continue;
        inFlight += 1;
        void deliver(messages)
          .catch(tell)
          .finally(() => {
            inFlight -= 1;
            freed.resolve();
          });
      } catch (error) {
        if (signal.aborted) return;
        options.onError(error);
        await pause(PAUSE_MS, signal);
      }
    }
  }

  const running = run();
  return {
    figures: () => ({ ...figures }),
    stop() {
      stopping.abort();
      freed.resolve();
      return running;
    },
  };
}

/** The event an SQS event source mapping hands to a function. */
export function queueEvent(messages: readonly Message[], source: { queueArn: string; region: string }): Json {
  return {
    Records: messages.map((message) => ({
      messageId: message.MessageId ?? '',
      receiptHandle: message.ReceiptHandle ?? '',
      body: message.Body ?? '',
      attributes: { ...message.Attributes },
      messageAttributes: Object.fromEntries(
        Object.entries(message.MessageAttributes ?? {}).map(
          ([name, { StringValue: text, DataType: type, BinaryValue: bytes }]) => [
            name,
            {
              dataType: type ?? 'String',
              stringListValues: [],
              binaryListValues: [],
              ...(text === undefined ? {} : { stringValue: text }),
              ...(bytes === undefined ? {} : { binaryValue: Buffer.from(bytes).toString('base64') }),
            },
          ],
        ),
      ),
      md5OfBody: message.MD5OfBody ?? '',
      eventSource: 'aws:sqs',
      eventSourceARN: source.queueArn,
      awsRegion: source.region,
    })),
  };
}

/** Messages named in `batchItemFailures`; an answer that cannot be read fails the whole batch, as in AWS. */
function failedItems(answer: Json, messages: readonly Message[]): Set<string | undefined> {
  const everything = new Set(messages.map(({ MessageId: id }) => id));
  if (answer === null) return new Set();
  if (!isObject(answer)) return everything;
  const items = answer.batchItemFailures ?? [];
  if (!Array.isArray(items)) return everything;
  const ids = items.map((item: unknown) => (isObject(item) ? String(item.itemIdentifier) : ''));
  return ids.every((id) => everything.has(id)) ? new Set(ids) : everything;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
