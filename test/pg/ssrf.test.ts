import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { parseConnection } from '../../lib/model/connection-string.ts';
import type { SyncError } from '../../lib/model/errors.ts';
import { parseHostPolicy } from '../../lib/model/host-policy.ts';
import { addressesOf } from '../../lib/postgres/address.ts';
import { openSession } from '../../lib/postgres/session.ts';
import { fakeServer } from '../support/hostile-server.ts';

/** Spellings of this machine and of addresses that only machines of a cloud know. */
const HOSTS =
  `127.0.0.1 127.1 127.0.1 127.000.000.001 127.0.0.01 2130706433 0x7f000001 0x7f.1 0x7F.0x0.0x0.0x1 017700000001
  0177.0.0.1 0177.1 0 0.0.0.0 00.0.0.0 0x0 127.255.255.254 127.0.0.53 [::1] [::] [0:0:0:0:0:0:0:1] [0:0::1] [::0001]
  [::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:0:127.0.0.1] [::127.0.0.1] [::7f00:1] [64:ff9b::127.0.0.1] [64:ff9b::7f00:1]
  [2002:7f00:1::] [2002:7f00:0001::1] [2001:0:7f00:1::] [fe80::1] [fe80::1%25lo] [fe80::1%lo] [::1%lo] [fec0::1] [ff02::1] [ff01::1]
  169.254.169.254 169.254.170.2 169.254.170.23 169.254.169.253 169.254.169.123 169.254.0.1 2852039166 0xa9fea9fe 0xA9.0xFE.0xA9.0xFE 0251.0376.0251.0376
  025177524776 [::ffff:169.254.169.254] [::ffff:a9fe:a9fe] [fd00:ec2::254] [fd00:ec2::23] [fd00:ec2::253] [FD00:EC2::254]
  [64:ff9b::a9fe:a9fe] [2002:a9fe:a9fe::] 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 192.0.0.192 0.0.0.1 0.127.0.1
  localhost LOCALHOST localhost. LocalHost. ip6-localhost ip6-loopback localhost.localdomain 127.0.0.1. 127。0。0。1 ①②⑦.0.0.1 １２７.0.0.1
  127%2e0%2e0%2e1 %31%32%37.0.0.1 127.0.0.1%00.example.org 127.0.0.1%2f 127.0.0.1%20 127.0.0.1\\t localhost%00 lo%63alhost`.split(
    /\s+/,
  );

/** The same host in other places of the string; P is the port that listens. */
const PLACES = [
  'postgresql://u:p@db.invalid:5432/d?host=127.0.0.1&port=P',
  'postgresql://u:p@db.invalid/d?hostaddr=127.0.0.1&port=P',
  'postgresql://u:p@/d?host=127.0.0.1&port=P',
  'postgresql://u:p@/d?host=/tmp',
  'postgresql://u:p@/d?host=%2Ftmp&port=P',
  'postgresql://u:p@%2Ftmp/d',
  'postgresql:///d?host=localhost&port=P',
  'postgresql://u:p@db.invalid@127.0.0.1:P/d',
  'postgresql://u:p@127.0.0.1:P@db.invalid/d',
  'postgresql://127.0.0.1:P#@db.invalid/d',
  'postgresql://127.0.0.1:P?@db.invalid/d',
  'postgresql://127.0.0.1:P/@db.invalid/d',
  'postgresql://u:p@db.invalid,127.0.0.1:P/d',
  'postgresql://u:p@127.0.0.1:P,db.invalid/d',
  'postgresql://u:p@db.invalid:P,127.0.0.1:P/d?target_session_attrs=any',
  'postgresql://u:p@db.invalid\\@127.0.0.1:P/d',
  'postgresql://u:p@127.0.0.1:P\\@db.invalid/d',
  'postgresql:/\\127.0.0.1:P/d',
  'postgresql:\\\\127.0.0.1:P/d',
  '//127.0.0.1:P/d',
  '127.0.0.1:P/d',
  'host=127.0.0.1 port=P dbname=d user=u',
  'socket:/tmp?db=d',
  '/tmp d',
  'http://127.0.0.1:P/',
  'gopher://127.0.0.1:P/_x',
  'file:///etc/passwd',
  'mysql://u:p@127.0.0.1:P/d',
  'jdbc:postgresql://127.0.0.1:P/d',
  'postgresql://u:p@db.invalid:5432/d?service=local',
  'postgresql://u:p@db.invalid/d?options=-c%20host%3D127.0.0.1',
  'postgresql://u:p@[127.0.0.1]:P/d',
  'postgresql://u:p@[::1:P/d',
  'postgresql://u:p@::1:P/d',
  'postgresql://u:p@127.0.0.1:P\r\n.example.org/d',
  ' postgresql://u:p@127.0.0.1:P/d',
  'postgresql://u:p@\u200b127.0.0.1:P/d',
  'postgresql://u:p@127.0.0.1:0P/d',
  'postgresql://u:p@127.0.0.1:P:5432/d',
];

const corpus = [...HOSTS, hostname()].map((host) => `postgresql://u:p@${host}:P/d?sslmode=disable`).concat(PLACES);

const open = parseHostPolicy('*');

test(`no packet leaves for any of ${corpus.length} strings that mean this machine or a cloud's own addresses`, async () => {
  expect(corpus.length).toBeGreaterThanOrEqual(120);
  await using v4 = await fakeServer((socket) => void socket.destroy(), '0.0.0.0');
  await using v6 = await fakeServer((socket) => void socket.destroy(), '::1');

  const outcomes = await Promise.all(
    corpus.map(async (text) => {
      const port = text.includes('[') ? v6.port : v4.port;
      const parsed = parseConnection(
        text.replaceAll('P/', `${port}/`).replaceAll('P', `${port}`),
        '/source_connection',
      );
      if (!parsed.ok) return parsed.problems[0]?.code;
      const options = {
        side: 'source',
        applicationName: 't',
        rules: { tls: 'as_asked', hosts: open },
        statementTimeoutMs: 0,
      } as const;
      return openSession(parsed.connection, options).then(
        () => 'connected',
        (error: SyncError) => error.code,
      );
    }),
  );

  const told = new Set(outcomes);
  for (const code of told) expect(code).toMatch(/^(connection_\w+|host_not_allowed)$/);
  expect([v4.connections(), v6.connections()]).toEqual([0, 0]);
  expect(outcomes.filter((code) => code === 'host_not_allowed').length).toBeGreaterThan(30);
  expect(told).toContain('connection_invalid');
});

test('a host that is allowed is asked for once, and what was checked is what is connected to', async () => {
  await using server = await fakeServer((socket) => void socket.destroy());
  const asked: string[] = [];
  const answers = [['127.0.0.1'], ['169.254.169.254']];
  const resolve = async (host: string) => {
    asked.push(host);
    return answers[asked.length - 1] ?? [];
  };
  const hosts = parseHostPolicy('db.example.org,this-machine');
  const connection = {
    host: 'db.example.org',
    port: server.port,
    database: 'd',
    user: 'u',
    sslmode: 'disable',
  } as const;

  const options = {
    side: 'source',
    applicationName: 't',
    rules: { tls: 'as_asked', hosts, resolve },
    statementTimeoutMs: 0,
  } as const;
  await expect(openSession(connection, options)).rejects.toMatchObject({ code: 'connection_unreachable' });
  expect([asked, server.connections()]).toEqual([['db.example.org'], 1]);
  await expect(openSession(connection, options)).rejects.toMatchObject({ code: 'host_not_allowed' });
  expect(server.connections()).toBe(1);
});

test('a resolver that does not answer is not waited for', async () => {
  const never = () => new Promise<readonly string[]>(() => undefined);

  await expect(addressesOf('db.example.org', { hosts: open, resolve: never }, 20)).rejects.toMatchObject({
    code: 'ENOTFOUND',
  });
});
