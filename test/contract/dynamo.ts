import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ScanCommand as ScanItemsCommand,
} from '@aws-sdk/client-dynamodb';
import type * as lib from '@aws-sdk/lib-dynamodb';
import dynalite from 'dynalite';
import { documentClient } from '../../functions/aws/dynamo/document.ts';

/** What happens to the next call of an operation, for example `UpdateItem`. */
export type Fault =
  /** DynamoDB does it, and nobody hears of it. */
  | 'lose reply'
  /** DynamoDB says it is too busy. */
  | 'throttle'
  /** A batch: all but the first item come back unprocessed. */
  | 'leave unprocessed';

export interface TestDynamo {
  readonly client: lib.DynamoDBDocumentClient;
  readonly url: string;
  /** Operations in the order in which they reached DynamoDB. */
  readonly calls: string[];
  faultNext(operation: string, fault: Fault): void;
  close(): Promise<void>;
}

/** Everything of a table; the product never asks for that. */
export const ScanCommand = ScanItemsCommand as unknown as typeof lib.ScanCommand;

/** dynalite behind a proxy that can lose replies, and a real SDK client with short back-off. */
export async function startDynamo(): Promise<TestDynamo> {
  const folder = mkdtempSync(join(tmpdir(), 'tfsync-dynalite-'));
  const dynamo = dynalite({ path: folder, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  const backend = await listen(dynamo);
  const faults: { operation: string; fault: Fault }[] = [];
  const calls: string[] = [];

  const proxy = createServer(async (request, response) => {
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    let body = await text(request);
    const index = faults.findIndex((f) => f.operation === operation);
    const fault = index < 0 ? undefined : faults.splice(index, 1)[0]?.fault;
    if (fault === 'throttle') return throttled(response);
    const rest = fault === 'leave unprocessed' ? withoutFirst(body) : undefined;
    if (rest) body = rest.first;
    calls.push(operation);
    const answer = await fetch(backend, {
      method: 'POST',
      headers: { ...(request.headers as Record<string, string>), 'content-length': String(Buffer.byteLength(body)) },
      body,
    });
    const answered = await answer.text();
    if (fault === 'lose reply') return void request.socket.destroy();
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(rest ? JSON.stringify({ ...JSON.parse(answered), [rest.as]: rest.left }) : answered);
  });
  const endpoint = await listen(proxy);
  const low = new DynamoDBClient({
    endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 4,
  });
  return {
    client: documentClient(low),
    url: endpoint,
    calls,
    faultNext: (operation, fault) => void faults.push({ operation, fault }),
    async close() {
      low.destroy();
      await Promise.all([close(proxy), close(dynamo)]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Makes the tables under new names; keys as in infra/constructs/state-tables.ts. */
export async function createTables({ client }: TestDynamo) {
  const suffix = Math.random().toString(36).slice(2);
  const names = {
    jobs: `jobs-${suffix}`,
    audit: `audit-${suffix}`,
    registry: `registry-${suffix}`,
    conflicts: `conflicts-${suffix}`,
  };
  const key = (hash: string, range: string) => [
    { AttributeName: hash, KeyType: 'HASH' as const },
    { AttributeName: range, KeyType: 'RANGE' as const },
  ];
  const texts = (...all: string[]) => all.map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const }));
  await client.send(
    new CreateTableCommand({
      TableName: names.jobs,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: texts('job_id', 'item', 'list', 'started', 'care', 'due'),
      KeySchema: key('job_id', 'item'),
      GlobalSecondaryIndexes: [
        { IndexName: 'by_start', KeySchema: key('list', 'started'), Projection: { ProjectionType: 'ALL' } },
        { IndexName: 'by_care', KeySchema: key('care', 'started'), Projection: { ProjectionType: 'ALL' } },
        { IndexName: 'by_due', KeySchema: key('due', 'started'), Projection: { ProjectionType: 'KEYS_ONLY' } },
      ],
    }),
  );
  await client.send(
    new CreateTableCommand({
      TableName: names.audit,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: texts('job_id', 'position'),
      KeySchema: key('job_id', 'position'),
    }),
  );
  const index = (IndexName: string, hash: string) => ({
    IndexName,
    KeySchema: key(hash, 'place'),
    Projection: { ProjectionType: 'ALL' as const },
  });
  await client.send(
    new CreateTableCommand({
      TableName: names.conflicts,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: texts('id', 'item', 'place', 'opener', 'seer'),
      KeySchema: key('id', 'item'),
      GlobalSecondaryIndexes: [index('by_opener', 'opener'), index('by_seer', 'seer')],
    }),
  );
  await client.send(
    new CreateTableCommand({
      TableName: names.registry,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: texts('kind', 'name'),
      KeySchema: key('kind', 'name'),
    }),
  );
  for (const TableName of Object.values(names)) await untilActive(client, TableName);
  return names;
}

/** A table that is still being made is not found; the last one made would be used at once. */
async function untilActive(client: TestDynamo['client'], TableName: string): Promise<void> {
  for (;;) {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    if (Table?.TableStatus === 'ACTIVE') return;
  }
}

/** What is written is a list by table, what is read are keys by table. */
type Batch = Record<string, unknown[] | { readonly Keys: unknown[] }>;

function withoutFirst(body: string) {
  const { RequestItems } = JSON.parse(body) as { RequestItems: Batch };
  const itemsOf = (of: Batch[string]) => (Array.isArray(of) ? of : of.Keys);
  const cut = (from: number, to?: number): Batch =>
    Object.fromEntries(
      Object.entries(RequestItems).map(([table, of]) => {
        const items = itemsOf(of).slice(from, to);
        return [table, Array.isArray(of) ? items : { ...of, Keys: items }];
      }),
    );
  const left = Object.fromEntries(Object.entries(cut(1)).filter(([, of]) => itemsOf(of).length > 0));
  const as = Object.values(RequestItems).some(Array.isArray) ? 'UnprocessedItems' : 'UnprocessedKeys';
  return { first: JSON.stringify({ RequestItems: cut(0, 1) }), left, as };
}

function throttled(response: ServerResponse): void {
  response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
  const type = 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException';
  response.end(JSON.stringify({ __type: type, message: 'too busy' }));
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((done) => void server.close(() => done()));
}
