import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { beforeEach, expect, test, vi } from 'vitest';
import { movedJob } from '../../../functions/api/moved-job.ts';
import { dynamoClient } from '../../../functions/aws/clients.ts';
import { count, countRequests, takeCounted } from '../../../functions/aws/meter.ts';
import { metered, meteredStep } from '../../../functions/metered.ts';

const sent: Record<string, unknown>[] = [];
let refuses = false;
vi.spyOn(dynamoClient(), 'send').mockImplementation(async ({ input }: { readonly input: object }) => {
  if (refuses) throw new Error('away');
  sent.push(input as Record<string, unknown>);
});

beforeEach(() => {
  vi.stubEnv('JOBS_TABLE', 'jobs');
  vi.stubEnv('AWS_LAMBDA_FUNCTION_MEMORY_SIZE', '256');
  sent.length = 0;
  refuses = false;
});

/** Figures of the only note. */
function noted() {
  expect(sent).toHaveLength(1);
  const [{ ExpressionAttributeNames: names, ExpressionAttributeValues: values, Key }] = sent as never as [
    {
      ExpressionAttributeNames: Record<string, string>;
      ExpressionAttributeValues: Record<string, number>;
      Key: object;
    },
  ];
  const figures = Object.entries(names).map(([place, name]) => [name, values[place.replace('#', ':')]]);
  return { Key, ...Object.fromEntries(figures) };
}

test('an invocation adds what it used to its job, once, at its end', async () => {
  count('queue_requests', 99); // of an invocation before it
  const handler = metered(
    async ({ job }: { job: string }) => {
      count('target_bytes_sent', 500);
      count('target_bytes_sent', 20);
      return `done ${job}`;
    },
    ({ job }) => ({ job, queue_requests: 2 }),
  );

  expect(await handler({ job: 'j1' })).toBe('done j1');

  const { lambda_mb_ms, ...rest } = noted();
  expect(rest).toEqual({
    Key: { job_id: 'j1', item: 'usage' },
    invocations: 1,
    queue_requests: 2,
    target_bytes_sent: 520,
    write_units: 1,
  });
  expect(lambda_mb_ms).toBeGreaterThan(0);
  expect(lambda_mb_ms % 256).toBe(0);
});

test('a step that throws is counted as the one state that it was, and throws what it threw', async () => {
  const step = meteredStep<{ n: number }, { job_id: string }>(
    () => Promise.reject(new RangeError('no')),
    (output) => ({ state_transitions: output ? 10 : 1 }),
  );

  await expect(step({ job_id: 'j2' })).rejects.toThrow(RangeError);

  expect(noted()).toMatchObject({ Key: { job_id: 'j2' }, state_transitions: 1, invocations: 1 });
});

test('figures that cannot be stored, or whose job is not known, fail nothing', async () => {
  const answer = metered(
    async (_: string) => 'well',
    (body) => ({ job: (JSON.parse(body) as { job: string }).job }),
  );

  refuses = true;
  expect(await answer('{"job":"j3"}')).toBe('well');
  refuses = false;
  expect(await answer('no JSON')).toBe('well');
  expect(
    await metered(
      async () => 'well',
      () => undefined,
    )(''),
  ).toBe('well');
  expect(sent).toEqual([]);
});

test('requests are counted with the tries that the SDK makes by itself, refused ones too', async () => {
  let calls = 0;
  const answers = [500, 200, 400];
  const client = new SecretsManagerClient({
    region: 'eu-west-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    requestHandler: {
      handle: async () => {
        const body = new TextEncoder().encode('{}');
        return { response: { statusCode: answers[calls++], headers: {}, body } };
      },
    } as never,
    maxAttempts: 3,
  });
  countRequests(client, 'secret_requests');
  takeCounted();

  await client.send(new GetSecretValueCommand({ SecretId: 'n' }));
  await client.send(new GetSecretValueCommand({ SecretId: 'n' })).catch(() => undefined);

  expect(calls).toBe(3);
  expect(takeCounted()).toEqual({ secret_requests: 3 });
});

test('a call that has moved a job is counted for it, and every other for none', () => {
  const about = (statusCode: number, body?: object) =>
    movedJob({}, { statusCode, body: JSON.stringify(body) } as never);

  expect(about(202, { job_id: 'j4', state: 'created' })).toEqual({ job: 'j4', api_requests: 1 });
  for (const none of [about(200, { job_id: 'j4' }), about(202, { order_id: 'o' }), about(202), movedJob({}, undefined)])
    expect(none).toBeUndefined();
});
