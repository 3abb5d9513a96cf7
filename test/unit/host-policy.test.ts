import { describe, expect, it } from 'vitest';
import { mayConnect, mayResolve, parseHostPolicy } from '../../lib/model/host-policy.ts';

const may = (policy: string, host: string, ...addresses: string[]) =>
  mayConnect(parseHostPolicy(policy), host, addresses.length > 0 ? addresses : [host]);

describe('a host is accepted', () => {
  it.each([
    ['db.example.org', 'db.example.org', ['10.0.0.5']],
    [' DB.example.org , other', 'db.example.org', ['93.184.216.34']],
    ['*.rds.amazonaws.com', 'a.b.rds.amazonaws.com', ['10.0.0.5', '10.0.1.5']],
    ['*', 'anything', ['192.168.1.4', 'fd12:3456::1']],
    ['10.0.0.0/8', 'db.internal', ['10.200.3.4']],
    ['10.1.2.3', '10.1.2.3', ['10.1.2.3']],
    ['10.0.0.0/8', '::ffff:10.1.2.3', ['::ffff:10.1.2.3']],
    ['fd12:3456::/32', 'v6.internal', ['fd12:3456:1::9']],
    ['0.0.0.0/0', 'far', ['8.8.8.8']],
    ['*,this-machine', 'localhost', ['::1', '127.0.0.1']],
    ['this-machine', '127.0.0.2', ['127.0.0.2']],
  ])('%s: %s at %j', (policy, host, addresses) => expect(may(policy, host, ...addresses)).toBe(true));
});

describe('a host is refused', () => {
  it.each([
    ['db.example.org', 'evil.example.org', ['10.0.0.5']],
    ['*.example.org', 'example.org', ['10.0.0.5']],
    ['*.example.org', 'badexample.org', ['10.0.0.5']],
    ['db.example.org', 'db.example.org', ['127.0.0.1']],
    ['db.example.org', 'db.example.org', ['10.0.0.5', '169.254.169.254']],
    ['10.0.0.0/8', 'db', ['10.0.0.5', '11.0.0.5']],
    ['10.0.0.0/8', 'db', []],
    ['this-machine', 'db', ['10.0.0.5']],
    ['this-machine,127.0.0.0/8', 'x', ['169.254.1.1']],
    ['*', 'x', ['127.255.255.254']],
    ['127.0.0.0/8', 'x', ['127.0.0.1']],
    ['*', 'x', ['0.0.0.0']],
    ['*', 'x', ['::']],
    ['*', 'x', ['::1']],
    ['*', 'x', ['::7f00:1']],
    ['*', 'x', ['::ffff:127.0.0.1']],
    ['*', 'x', ['::ffff:a9fe:a9fe']],
    ['*', 'x', ['64:ff9b::7f00:1']],
    ['*', 'x', ['2002:7f00:1::']],
    ['*', 'x', ['2001:0:1::']],
    ['*', 'x', ['fd00:ec2::254']],
    ['*', 'x', ['fe80::1']],
    ['*', 'x', ['ff02::1']],
    ['*', 'x', ['224.0.0.1']],
    ['*', 'x', ['255.255.255.255']],
    ['*,this-machine', 'x', ['169.254.170.2']],
  ])('%s: %s at %j', (policy, host, addresses) =>
    expect(mayConnect(parseHostPolicy(policy), host, addresses)).toBe(false),
  );
});

it('the resolver is asked only where an answer could help', () => {
  const asks = (policy: string, host: string) => mayResolve(parseHostPolicy(policy), host);

  expect(asks('db.example.org', 'other.example.org')).toBe(false);
  expect(asks('db.example.org', 'db.example.org')).toBe(true);
  expect(asks('10.0.0.0/8', 'other.example.org')).toBe(true);
  expect(asks('this-machine', 'localhost')).toBe(true);
  expect(asks('*', '169.254.169.254')).toBe(false);
  expect(asks('10.0.0.0/8', '11.0.0.1')).toBe(false);
});

it.each([
  '',
  ' , ',
  'http://x',
  '10.0.0.0/33',
  '10.0.0/8',
  '1.2.3',
  '*.',
  '*x',
  'a b',
  '::1/129',
  'fe80::1%eth0',
  '-a',
  '10.0.0.0/08',
])('a policy that cannot be read in full is none: %j', (text) =>
  expect(() => parseHostPolicy(text)).toThrow(RangeError),
);
