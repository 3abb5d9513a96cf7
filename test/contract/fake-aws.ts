import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

type Input = Record<string, unknown>;

/** What an operation answers: a body, or an error by its name. */
export type Operation = (input: Input) => object | AwsFault;

export class AwsFault {
  readonly type: string;
  constructor(type: string) {
    this.type = type;
  }
}

export interface FakeAws {
  /** For the constructor of any AWS client. */
  readonly client: {
    endpoint: string;
    region: string;
    credentials: { accessKeyId: string; secretAccessKey: string };
    maxAttempts: number;
  };
  /** Every call that arrived, in order. */
  readonly calls: { operation: string; input: Input }[];
  /** The next call of the operation is done, and its reply is lost. */
  loseReply(operation: string): void;
  close(): Promise<void>;
}

/** An endpoint that speaks the AWS JSON protocol, as Secrets Manager, Step Functions and SQS do. */
export async function startFakeAws(operations: Readonly<Record<string, Operation>>): Promise<FakeAws> {
  const lost: string[] = [];
  const calls: FakeAws['calls'] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    const input = JSON.parse(Buffer.concat(chunks).toString()) as Input;
    calls.push({ operation, input });
    const answer = operations[operation]?.(input) ?? new AwsFault('UnknownOperationException');
    const index = lost.indexOf(operation);
    if (index >= 0) {
      lost.splice(index, 1);
      request.socket.destroy();
      return;
    }
    const fault = answer instanceof AwsFault;
    response.writeHead(fault ? 400 : 200, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify(fault ? { __type: `com.amazonaws#${answer.type}`, message: 'no' } : answer));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    client: {
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 3,
    },
    calls,
    loseReply: (operation) => void lost.push(operation),
    async close() {
      server.closeAllConnections();
      await new Promise<void>((done) => void server.close(() => done()));
    },
  };
}
