import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchWriteItemCommand, CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { startDynamoDb } from '../../../local/aws/dynamodb.ts';

test('ends under calls whose clients were killed, and outlives clients that die in the middle of a call', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tfsync-dynamo-'));
  const uncaught: Error[] = [];
  const note = (error: Error) => void uncaught.push(error);
  process.prependListener('uncaughtException', note);
  const dynamo = await startDynamoDb(folder);
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
  const client = new DynamoDBClient({ endpoint: dynamo.url, region: 'us-east-1', credentials });
  await client.send(
    new CreateTableCommand({
      TableName: 'ttt',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'k', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'k', KeyType: 'HASH' }],
    }),
  );
  for (let page = 0; page < 20; page++) {
    const rows = Array.from({ length: 25 }, (_, i) => ({ PutRequest: { Item: { k: { S: `${page} ${i}` } } } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { ttt: rows } }));
  }
  client.destroy();
  const body = JSON.stringify({ TableName: 'ttt' });
  const head = (length: number) =>
    `POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: DynamoDB_20120810.Scan\r\ncontent-type: application/x-amz-json-1.0\r\n` +
    `authorization: AWS4-HMAC-SHA256 Credential=x/20200101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=x\r\n` +
    `x-amz-date: 20200101T000000Z\r\ncontent-length: ${length}\r\n\r\n`;
  const port = Number(new URL(dynamo.url).port);
  const send = (text: string) =>
    new Promise<void>((done) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(text));
      socket.on('error', () => {});
      setTimeout(() => done(void socket.destroy()), 15); // it is at work on the calls then, and has answered none
    });

  await Promise.all(Array.from({ length: 200 }, (_, i) => send(i % 40 === 0 ? head(1_000) : head(body.length) + body)));
  await dynamo.stop();
  await new Promise((done) => setImmediate(done));

  process.removeListener('uncaughtException', note);
  rmSync(folder, { recursive: true, force: true });
  expect(uncaught).toEqual([]);
});
