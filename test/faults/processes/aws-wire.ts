import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { closeServer, listenLoopback } from '../../../local/aws/loopback.ts';
import type { Random } from '../random.ts';

export const AWS_FAULTS = ['throttled', 'refused', 'answer lost', 'answer late', 'sent twice'] as const;
export type AwsFault = (typeof AWS_FAULTS)[number];

/** How a service says that it is asked too often, by the first part of X-Amz-Target. */
const THROTTLING: Readonly<Record<string, string>> = {
  DynamoDB_20120810: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
  AmazonSQS: 'com.amazonaws.sqs#RequestThrottled',
  AWSStepFunctions: 'ThrottlingException',
  secretsmanager: 'ThrottlingException',
};

/** What comes of one call in a hundred. An SDK asks four times, so that one in two hundred calls fails for good. */
const PERCENT: Readonly<Record<AwsFault, number>> = {
  throttled: 20,
  refused: 2,
  'answer lost': 4,
  'answer late': 4,
  'sent twice': 25,
};

/** Longer than clients wait for an answer is the loss above; this is shorter. */
const LATE_MS = 1_500;

/** The wire between everybody and the emulated services. Quiet until it is told otherwise. */
export interface AwsWires extends AsyncDisposable {
  /** What stands in for a service's own URL. */
  through(name: string, url: string): Promise<string>;
  /** From now on calls suffer what `random` says; undefined: none does. */
  disturb(random: Random | undefined): void;
  /** Faults that were really injected, by service and call. */
  readonly injected: Map<string, number>;
}

/**
 * Draws the fate of a call. An answer to ReceiveMessage is never lost: AWS's own poller receives, the message then stays
 * hidden for the queue's own 15 minutes, and no call of ours can change that. Only messages are sent twice.
 */
function fate(random: Random, call: string): AwsFault | undefined {
  let drawn = random.below(100);
  for (const fault of AWS_FAULTS) {
    const fits =
      fault === 'sent twice' ? call === 'SendMessage' : !(fault.startsWith('answer') && call === 'ReceiveMessage');
    if (!fits) continue;
    if (drawn < PERCENT[fault]) return fault;
    drawn -= PERCENT[fault];
  }
  return undefined;
}

interface Call {
  readonly url: URL;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

function forward({ url, method, headers, body }: Call): Promise<{ answer: IncomingMessage; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (answer) => {
      buffer(answer).then((text) => resolve({ answer, body: text }), reject);
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

export function awsWires(): AwsWires {
  const injected: AwsWires['injected'] = new Map();
  const open: (() => Promise<void>)[] = [];
  let chance: Random | undefined;

  async function serve(asked: IncomingMessage, response: ServerResponse, base: string): Promise<void> {
    const [service = '', name = ''] = String(asked.headers['x-amz-target'] ?? '').split('.');
    const throttling = THROTTLING[service];
    const fault = chance && throttling ? fate(chance, name) : undefined;
    if (fault) {
      const what = `aws: ${fault}, ${service.replace(/_.*/, '')}`;
      injected.set(what, (injected.get(what) ?? 0) + 1);
    }
    const body = await buffer(asked);
    if (fault === 'throttled') {
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify({ __type: throttling, message: 'Rate exceeded' }));
      return;
    }
    if (fault === 'refused') {
      asked.socket.destroy();
      return;
    }
    const headers = { ...asked.headers, connection: 'close' };
    const call = { url: new URL(asked.url ?? '/', base), method: asked.method ?? 'GET', headers, body };
    if (fault === 'sent twice') await forward(call);
    const { answer, body: text } = await forward(call);
    if (fault === 'answer late') await new Promise((done) => setTimeout(done, LATE_MS));
    if (fault === 'answer lost') {
      asked.socket.destroy();
      return;
    }
    const { connection: _, 'transfer-encoding': __, ...rest } = answer.headers;
    response.writeHead(answer.statusCode ?? 500, { ...rest, 'content-length': text.length });
    response.end(text);
  }

  return {
    injected,
    disturb: (random) => {
      chance = random;
    },
    async through(_name, base) {
      const server = createServer((asked, response) => {
        serve(asked, response, base).catch(() => asked.socket.destroy()); // the service itself is gone
      });
      server.keepAliveTimeout = 300_000; // as the emulators: clients use connections again
      open.push(() => {
        server.closeAllConnections();
        return closeServer(server);
      });
      return listenLoopback(server);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(open.map((close) => close()));
    },
  };
}
