import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CANARY } from '../support/canaries.ts';
import { checkLeaks, leaksOf } from '../support/leaks/check.ts';
import { type Heard, leavesOf, passwordsIn, type Told } from '../support/leaks/record.ts';

const PASSWORD = 'Xp9-long_enough_Qz';
const WEBHOOK = 'whsec_0123456789abcdef';
const told: readonly Told[] = [
  { name: 'a password', value: PASSWORD },
  { name: 'the secret stack/webhook/office', value: WEBHOOK },
  { name: 'a short password', value: 'post' },
];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tfsync-leaks-'));
  mkdirSync(join(folder, 'data/logs'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const lines = (all: readonly object[]) => all.map((one) => `${JSON.stringify(one)}\n`).join('');

function lifeOf(heard: readonly Heard[], files: Readonly<Record<string, string>> = {}, output = '') {
  const [heardFile, secretsFile, dataDir] = ['heard', 'secrets', 'data'].map((n) => join(folder, n)) as [
    string,
    string,
    string,
  ];
  writeFileSync(heardFile, lines([{ kind: 'call', name: 'CreateTable', text: '{}' }, ...heard]));
  writeFileSync(secretsFile, lines(told));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dataDir, name), text);
  return { heardFile, secretsFile, dataDir, output };
}

const answer = (name: string, text: string, ...roles: readonly string[]): Heard => ({
  kind: 'answer',
  name,
  text,
  roles,
});
const call = (name: string, text: string): Heard => ({ kind: 'call', name, text });

test.each<[string, readonly Heard[], Readonly<Record<string, string>>, string]>([
  ['in the call SendMessage', [call('SendMessage', `{"p":"${PASSWORD}"}`)], {}, ''],
  ['in the call PutItem', [call('PutItem', Buffer.from(`xx${PASSWORD}`).toString('base64'))], {}, ''],
  ['in what came back from a function', [{ kind: 'result', name: 'a function', text: CANARY }], {}, ''],
  ['in the answer to GET /api/sync/jobs', [answer('GET /api/sync/jobs', `:post@`, 'admin')], {}, ''],
  ['in the answer to GET /api/sync/conflicts/j', [answer('GET /api/sync/conflicts/j', CANARY, 'admin')], {}, ''],
  ['in the answer to GET /api/sync/conflicts/j/c', [answer('GET /api/sync/conflicts/j/c', CANARY, 'viewer')], {}, ''],
  ['in the answer to GET /api/sync/conflicts/j/c', [answer('GET /api/sync/conflicts/j/c', PASSWORD, 'admin')], {}, ''],
  ['in the answer to GET /api/sync/webhooks', [answer('GET /api/sync/webhooks', WEBHOOK, 'admin')], {}, ''],
  ['in the file logs/f.log', [], { 'logs/f.log': `x ${Buffer.from(PASSWORD).toString('hex')}` }, ''],
  ['in what the service printed', [], {}, `cannot connect: ${PASSWORD}`],
])('a secret is found %s', (where, heard, files, output) => {
  const life = lifeOf(heard, files, output);
  const [leak = '', ...others] = leaksOf(life);

  expect(leak).toContain(where);
  expect(others).toEqual([]);
  expect(() => checkLeaks(life, { ran: true })).toThrow(where);
  for (const secret of [PASSWORD, WEBHOOK, CANARY]) expect(leak).not.toContain(secret);
});

test('where it may be is no leak, and what holds none is none', () => {
  const allowed = [
    answer('PUT /api/sync/webhooks/office', WEBHOOK, 'admin'),
    answer('GET /api/sync/conflicts/j/c', CANARY, 'resolver'),
    answer('GET /api/sync/jobs', 'a post by post', 'viewer'),
  ];

  expect(leaksOf(lifeOf(allowed, { 'secrets.json': PASSWORD }))).toEqual([]);
});

test('a service of which nothing was recorded was not looked at', () => {
  const life = lifeOf([]);
  writeFileSync(life.heardFile, '');

  expect(() => checkLeaks(life, { ran: true })).toThrow('not recorded');
  expect(() => checkLeaks(life, { ran: false })).not.toThrow();
});

test('passwords are read from connection strings wherever they stand', () => {
  const body = '{"source_connection":"postgresql://u:a%40b@h/d","x":"postgres://u:p@h","y":"postgresql://h/d"}';

  expect(passwordsIn(body)).toEqual(['a%40b', 'p']);
});

test('of a secret, a time is left out where it stands and reads like one, and nothing else', () => {
  const until = '2026-11-24T00:00:00.000Z';
  expect(leavesOf({ key: 'k2', before: { key: 'k1', until } })).toEqual(['k2', 'k1']);
  expect(leavesOf({ until: 'whsec_x', key: until })).toEqual(['whsec_x', until]);
});
