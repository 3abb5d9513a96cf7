import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { read } from '../../../examples/webhook-receiver.ts';
import { Secret } from '../../../lib/model/secret.ts';
import { newKey, signedHeaders } from '../../../lib/notifications/signature.ts';

const at = new Date('2026-11-23T10:00:00.000Z');
const body = '{"id":"job_ended-1","type":"job.ended"}';
const key = newKey();
const signed = (over: object = {}) => signedHeaders({ id: 'job_ended-1', body, at }, { key, ...over });
const receive = (secret: Secret, headers: object, text = body, nowMs = at.getTime()) =>
  read(secret.reveal(), { ...headers }, text, nowMs);

test('a key has 256 bits of its own', () => {
  expect(Buffer.from(key.reveal().replace('whsec_', ''), 'base64')).toHaveLength(32);
  expect(newKey().reveal()).not.toBe(key.reveal());
});

test('a signature is the one of Standard Webhooks, byte for byte', () => {
  const known = new Secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
  const headers = signedHeaders(
    { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}', at: new Date(1614265330_000) },
    { key: known },
  );

  expect(headers['webhook-timestamp']).toBe('1614265330');
  expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test('the example receiver takes what is signed, within five minutes', () => {
  expect(receive(key, signed())).toEqual({ id: 'job_ended-1', type: 'job.ended' });
  for (const seconds of [-300, 300]) receive(key, signed(), body, at.getTime() + seconds * 1000);
});

test.each<[string, () => unknown]>([
  ['a body that was changed', () => receive(key, signed(), body.replace('ended', 'failed'))],
  ['another id', () => receive(key, { ...signed(), 'webhook-id': 'job_ended-2' })],
  ['another time', () => receive(key, { ...signed(), 'webhook-timestamp': String(at.getTime() / 1000 + 1) })],
  ['an old one, sent once more', () => receive(key, signed(), body, at.getTime() + 301_000)],
  ['one of the future', () => receive(key, signed(), body, at.getTime() - 301_000)],
  ['no time', () => receive(key, { ...signed(), 'webhook-timestamp': 'now' })],
  ['another key', () => receive(newKey(), signed())],
  ['no signature', () => receive(key, { ...signed(), 'webhook-signature': '' })],
  ['a signature of another version', () => receive(key, { ...signed(), 'webhook-signature': 'v2,AAAA' })],
  [
    'a signature without its id and time',
    () =>
      receive(key, {
        ...signed(),
        'webhook-signature': `v1,${createHmac('sha256', 'x').update(body).digest('base64')}`,
      }),
  ],
])('the example receiver refuses %s', (_, take) => {
  expect(take).toThrow(/too old|not signed/);
});

test('while a key is replaced both are good, and afterwards the new one alone', () => {
  const old = newKey();
  const both = signed({ before: { key: old, until: '2026-11-23T10:00:00.001Z' } });
  const over = signed({ before: { key: old, until: '2026-11-23T10:00:00.000Z' } });

  expect(both['webhook-signature']?.split(' ')).toHaveLength(2);
  for (const one of [key, old]) receive(one, both);
  receive(key, over);
  expect(() => receive(old, over)).toThrow('not signed');
});
