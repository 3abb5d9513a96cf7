import { describe, expect, it } from 'vitest';
import {
  hostOf,
  mayDeliver,
  mayResolveFor,
  parseWebhookHosts,
  urlProblem,
} from '../../../lib/notifications/webhook-hosts.ts';

const may = (text: string, host: string, ...addresses: string[]) =>
  mayDeliver(parseWebhookHosts(text), host, addresses.length > 0 ? addresses : [host]);

describe('a delivery may go to', () => {
  it.each([
    ['*', 'hooks.example.org', ['93.184.216.34', '2606:2800:220:1::1']],
    ['hooks.example.org', 'hooks.example.org', ['10.0.0.5']],
    ['*.corp.example', 'hooks.corp.example', ['192.168.3.4']],
    ['*,10.0.0.0/8', 'inside.example', ['10.1.2.3']],
    ['*,10.0.0.0/8', 'out.example', ['93.184.216.34']],
    ['this-machine', '127.0.0.1', ['127.0.0.1']],
    ['*,this-machine', '::1', ['::1']],
  ])('%s: %s at %j', (text, host, addresses) => expect(may(text, host, ...addresses)).toBe(true));
});

describe('a delivery may not go to', () => {
  it.each([
    ...[
      '10.0.0.1',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.0.1',
      '100.64.0.1',
      '198.18.0.1',
      'fc00::1',
      'fdab::1',
    ].map((inside) => ['*', 'x', [inside]] as const),
    ...['127.0.0.1', '127.255.0.1', '::1', '::ffff:127.0.0.1', '0.0.0.0', '::'].map(
      (own) => ['*', 'x', [own]] as const,
    ),
    ...['169.254.169.254', '169.254.170.2', '::ffff:a9fe:a9fe', 'fd00:ec2::254', 'fe80::1'].map(
      (meta) => ['*,this-machine,10.0.0.0/8', 'x', [meta]] as const,
    ),
    ['*', 'x', ['::ffff:10.0.0.1']],
    ['*', 'x', ['64:ff9b::a00:1']],
    ['*', 'x', ['2002:a00:1::']],
    ['*', 'x', ['93.184.216.34', '10.0.0.1']],
    ['*', 'x', []],
    ['hooks.example.org', 'other.example.org', ['93.184.216.34']],
    ['169.254.0.0/16', 'x', ['169.254.169.254']],
    ['10.0.0.0/8', 'x', ['93.184.216.34']],
    ['*', 'x', ['224.0.0.1']],
  ] as const)('%s: %s at %j', (text, host, addresses) =>
    expect(mayDeliver(parseWebhookHosts(text), host, addresses)).toBe(false),
  );
});

it('the resolver is asked only where an answer could help', () => {
  const asks = (text: string, host: string) => mayResolveFor(parseWebhookHosts(text), host);

  expect(asks('*', 'x.example')).toBe(true);
  expect(asks('hooks.example.org', 'x.example')).toBe(false);
  expect(asks('10.0.0.0/8', 'x.example')).toBe(true);
  expect(asks('*', '10.0.0.1')).toBe(false);
});

it.each(['', ' , ', 'http://x', '10.0.0.0/99'])('%j is no list of hosts', (text) =>
  expect(() => parseWebhookHosts(text)).toThrow(RangeError),
);

describe('a URL', () => {
  const here = parseWebhookHosts('*,this-machine');
  const there = parseWebhookHosts('*');

  it.each(['https://hooks.example.org/a?b=c', 'https://hooks.example.org:8443', 'https://[2606:2800:220:1::1]/'])(
    '%s can be one',
    (text) => expect(urlProblem(text, there)).toBeUndefined(),
  );

  it.each([
    ['', 'https'],
    ['hooks.example.org', 'https'],
    ['ftp://hooks.example.org', 'https'],
    ['file:///etc/passwd', 'https'],
    ['javascript:alert(1)', 'https'],
    ['https://user@hooks.example.org', 'user'],
    ['https://user:pass@hooks.example.org', 'user'],
    ['https://hooks.example.org/#x', '#'],
    ['http://hooks.example.org', 'TLS'],
    ['http://127.0.0.1:8080', 'TLS'],
  ])('%s cannot: %s', (text, why) => expect(urlProblem(text, there)).toContain(why));

  it('may do without TLS on this machine alone, by its address', () => {
    for (const text of ['http://127.0.0.1:8080/x', 'http://[::1]:8080/', 'http://0x7f.1/', 'http://2130706433/'])
      expect(urlProblem(text, here)).toBeUndefined();
    for (const text of ['http://10.0.0.1', 'http://hooks.example.org', 'http://localhost:1'])
      expect(urlProblem(text, here)).toContain('TLS');
  });

  it.each([
    ['https://2130706433/', '127.0.0.1'],
    ['https://0x7f.1/', '127.0.0.1'],
    ['https://0177.0.0.1/', '127.0.0.1'],
    ['https://[::ffff:169.254.169.254]/', '::ffff:a9fe:a9fe'],
    ['https://169.254.169.254./', '169.254.169.254'],
  ])('%s is %s, and refused as that', (text, host) => {
    expect(hostOf(new URL(text))).toBe(host);
    expect(mayResolveFor(there, host)).toBe(false);
  });
});
