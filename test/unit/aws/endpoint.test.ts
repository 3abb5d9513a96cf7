import { createServer } from 'node:http';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, test, vi } from 'vitest';
import { queueClient } from '../../../functions/aws/clients.ts';
import { endpointOf } from '../../../functions/aws/endpoint.ts';

test('the variable of a service goes before the one for all, and empty ones do not count', () => {
  const all = 'http://localhost:4566';
  const own = 'http://localhost:9000';

  expect(endpointOf('EVENTBRIDGE', { AWS_ENDPOINT_URL: all, AWS_ENDPOINT_URL_EVENTBRIDGE: own })).toBe(own);
  expect(endpointOf('EVENTBRIDGE', { AWS_ENDPOINT_URL: all, AWS_ENDPOINT_URL_EVENTBRIDGE: '' })).toBe(all);
  expect(endpointOf('EVENTBRIDGE', { AWS_ENDPOINT_URL_SQS: own })).toBeUndefined();
});

// An implementation of AWS may give a queue a URL of amazonaws.com, as moto does.
test('a message goes to the endpoint that the environment names, whatever host the URL of its queue has', async () => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(String(request.headers['x-amz-target']));
    request.resume();
    response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' }).end('{"__type":"QueueDoesNotExist"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number }; // a TCP server has an object here
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${port}`);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  try {
    const QueueUrl = 'https://sqs.us-east-1.invalid/123456789012/segments';
    const sent = queueClient().send(new SendMessageCommand({ QueueUrl, MessageBody: '{}' }));

    await expect(sent).rejects.toThrow();
    expect(seen).toEqual(['AmazonSQS.SendMessage']);
  } finally {
    vi.unstubAllEnvs();
    queueClient().destroy();
    server.close();
  }
});
