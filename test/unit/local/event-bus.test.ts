import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { awsEventBus } from '../../../functions/aws/event-bus.ts';
import { signedPost } from '../../../functions/aws/signature-v4.ts';
import type { Notification } from '../../../lib/model/notification.ts';
import { startControlEndpoint } from '../../../local/aws/control-endpoint.ts';
import { type EventBusOptions, eventBusActions, fits, readPattern, readRules } from '../../../local/aws/event-bus.ts';
import type { Stack } from '../../../local/template/stack.ts';

const AT = '2026-11-23T10:00:00.123Z';
const told = (id: string): Notification => ({
  ...{ id, version: 1, type: 'webhook.test', time: AT },
  data: { webhook: 'ö"\\' },
});

let control: Awaited<ReturnType<typeof startControlEndpoint>>;
let sent: { queueUrl: string; event: Record<string, unknown> }[];
let full: boolean;
beforeEach(async () => {
  control = await startControlEndpoint();
  sent = [];
  full = false;
});
afterEach(() => control.stop());

function serve(over: Partial<EventBusOptions> = {}) {
  const options: EventBusOptions = {
    buses: ['tf'],
    rules: [
      { name: 'r', bus: 'tf', pattern: { source: ['terrafusion-sync'] }, queueUrls: ['http://q/1', 'http://q/2'] },
    ],
    send: async (queueUrl, body) => {
      if (full) throw new Error('the queue is away');
      sent.push({ queueUrl, event: JSON.parse(body) });
    },
    log: () => undefined,
    ...over,
  };
  control.addService('AWSEvents', eventBusActions(options));
}

const bus = (busName = 'tf') =>
  awsEventBus({
    busName: () => busName,
    region: () => 'us-east-1',
    endpoint: () => control.url,
    credentials: () => ({ accessKeyId: 'local', secretAccessKey: 'local' }),
    clock: () => new Date(AT),
  });

test('what is published is in every queue that a rule leads to, in its order, when the call is answered', async () => {
  serve();
  const all = Array.from({ length: 23 }, (_, i) => told(`n${i}`)); // three calls

  await bus().publish(all);

  expect(sent).toHaveLength(46);
  const first = sent.filter(({ queueUrl }) => queueUrl === 'http://q/1').map(({ event }) => event.detail);
  expect(first).toEqual(all);
  expect(sent[0]?.event).toEqual({
    ...{ version: '0', id: expect.any(String), 'detail-type': 'webhook.test', source: 'terrafusion-sync' },
    ...{
      account: '000000000000',
      time: '2026-11-23T10:00:00Z',
      region: 'us-east-1',
      resources: [],
      detail: told('n0'),
    },
  });
});

test('nothing to say is no call', async () => {
  await bus().publish([]); // no service is there
});

test.each<[string, () => void, string?]>([
  ['there is no such bus', () => serve(), 'other'],
  [
    'a queue takes nothing',
    () => {
      full = true;
      serve();
    },
  ],
  ['nobody answers', () => control.setOutage(true)],
  ['nobody knows the call', () => undefined],
])('where %s, publishing says so', async (_, prepare, name) => {
  prepare();

  await expect(bus(name).publish([told('n')])).rejects.toMatchObject({ code: 'unavailable' });
  expect(sent).toEqual([]);
});

describe('a pattern', () => {
  const event = { source: 'a', detail: { type: 'x', tags: ['p', 'q'], n: 1, nothing: null } };

  it.each([
    [{ source: ['a'] }, true],
    [{ source: ['b', 'a'] }, true],
    [{ source: ['b'] }, false],
    [{ source: ['a'], detail: { type: ['x'] } }, true],
    [{ source: ['a'], detail: { type: ['y'] } }, false],
    [{ detail: { tags: ['q'] } }, true],
    [{ detail: { n: [1], nothing: [null] } }, true],
    [{ detail: { n: ['1'] } }, false],
    [{ missing: ['a'] }, false],
    [{ source: { deeper: ['a'] } }, false],
  ])('%j fits or not: %s', (pattern, expected) => expect(fits(readPattern(pattern), event)).toBe(expected));

  it.each([
    [{ source: [{ prefix: 'a' }] }],
    [{ detail: { n: [{ numeric: ['>', 1] }] } }],
    [{ source: [{ exists: false }] }],
    [{ source: [] }],
    [{ source: 'a' }],
    [[]],
  ])('of another form, %j, stops the start', (pattern) => expect(() => readPattern(pattern)).toThrow(/EventPattern/));
});

describe('rules of a template', () => {
  const stackOf = (...rules: object[]): Stack => ({
    ignored: {},
    all: () => [],
    ofType: (type) =>
      (type === 'AWS::SQS::Queue'
        ? [{ identity: { ref: 'http://q/1', attributes: { Arn: 'arn:q' } } }]
        : rules.map((properties) => ({ name: 'r', properties }))) as never, // what readRules looks at
  });
  const rule = (over: object = {}) => ({
    EventBusName: 'tf',
    EventPattern: { source: ['a'] },
    Targets: [{ Id: 'q', Arn: 'arn:q' }],
    ...over,
  });

  it('are read with the queues that they lead to; those of schedules are not ours', () => {
    expect(readRules(stackOf(rule(), { ScheduleExpression: 'rate(1 minute)' }))).toEqual([
      { name: 'r', bus: 'tf', pattern: { source: ['a'] }, queueUrls: ['http://q/1'] },
    ]);
    expect(readRules(stackOf(rule({ State: 'DISABLED' })))[0]?.queueUrls).toEqual([]);
  });

  it.each([
    ['a function', { Targets: [{ Id: 'f', Arn: 'arn:f' }] }, /only queues/],
    ['a target with a transformer', { Targets: [{ Id: 'q', Arn: 'arn:q', InputTransformer: {} }] }, /InputTransformer/],
    ['a bus of its own account', { EventBusName: undefined }, /EventBusName/],
  ])('that lead to %s stop the start', (_, over, why) => expect(() => readRules(stackOf(rule(over)))).toThrow(why));
});

/** The hash that AWS's own signer is given. */
class Sha256 {
  readonly #hash;
  constructor(key?: string | Uint8Array | ArrayBuffer) {
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', key as Uint8Array);
  }
  update(data: string | Uint8Array) {
    this.#hash.update(data);
  }
  async digest() {
    return new Uint8Array(this.#hash.digest());
  }
}

test.each([undefined, 'a-session-token/+='])(
  "a call is signed as AWS's own signer does it, session token %s",
  async (sessionToken) => {
    const credentials = {
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 'wJalr/+x',
      ...(sessionToken && { sessionToken }),
    };
    const host = 'events.eu-central-1.amazonaws.com';
    const body = '{"Entries":[{"Detail":"ö"}]}';
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AWSEvents.PutEvents' };
    const at = new Date(AT);

    const ours = signedPost({ host, region: 'eu-central-1', service: 'events', headers, body, at }, credentials);
    const signer = new SignatureV4({
      service: 'events',
      region: 'eu-central-1',
      credentials,
      sha256: Sha256 as never,
      applyChecksum: false,
    });
    const theirs = await signer.sign(
      { method: 'POST', protocol: 'https:', hostname: host, path: '/', headers: { ...headers, host }, body } as never,
      { signingDate: at },
    );

    expect(ours).toEqual((theirs as unknown as { headers: object }).headers); // of a request it makes a request
  },
);
