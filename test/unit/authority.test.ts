import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { authoritiesOf, readAuthorities } from '../../lib/model/authority.ts';
import { sampleEnvironment } from '../contract/samples.ts';
import { SOURCE, start, TARGET, testApi } from './api/client.ts';

const pem = (name: string) => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8');
const CA = pem('ca.pem');
const OTHER = pem('selfsigned.pem'); // openssl makes one that may sign
const NOW = new Date('2027-01-01T00:00:00Z');

const outcome = (text: string, now = NOW) => {
  const read = readAuthorities(text, now);
  return read.ok ? 'ok' : read.message;
};

describe('certificates of authorities', () => {
  it('are read one after the other, whatever ends their lines', () => {
    const both = readAuthorities(`\r\n${CA.replaceAll('\n', '\r\n')}\n\n${OTHER}`, NOW);

    expect(both.ok && authoritiesOf(both.pem)).toEqual([
      {
        subject: 'CN=TerraFusion Sync test CA',
        fingerprint: expect.stringMatching(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/),
        valid_to: '2126-10-30T13:34:13.000Z',
      },
      { subject: 'CN=localhost', fingerprint: expect.any(String), valid_to: expect.any(String) },
    ]);
  });

  it.each<[string, string, RegExp]>([
    ['nothing', '', /^expected PEM/],
    ['a path', '/etc/ssl/certs/ca.pem', /^expected PEM/],
    ['a key', pem('server.key'), /^expected PEM/],
    ['a key after it', `${CA}\n${pem('server.key')}`, /^expected PEM/],
    ['a word before it', `c4n4ry\n${CA}`, /^expected PEM/],
    ['half of one', CA.slice(0, -30), /^expected PEM/],
    ['one with a broken inside', CA.replace(/MII.{20}/, ''), /cannot be read/],
    ['of a server', pem('good.pem'), /not of an authority/],
    ['of a server beside one', CA + pem('good.pem'), /not of an authority/],
    ['eleven', CA.repeat(11), /at most 10/],
    ['too long', CA + ' '.repeat(17_000), /at most 16384 bytes/],
  ])('refused: %s', (_what, text, message) => {
    expect(outcome(text)).toMatch(message);
    expect(outcome(text)).not.toContain('c4n4ry');
  });

  it('one of them is valid now', () => {
    const [before, after] = [new Date('2020-01-01'), new Date('2130-01-01')];

    expect([outcome(CA, before), outcome(CA), outcome(CA, after)]).toEqual([
      expect.stringMatching(/valid now/),
      'ok',
      expect.stringMatching(/valid now/),
    ]);
  });
});

describe('a connection with its authority', () => {
  const body = (source_connection: unknown) => ({ ...start(), body: { source_connection, target_connection: TARGET } });

  it('is taken wherever a connection string is', async () => {
    const api = testApi();

    const answer = await api.call(body({ url: SOURCE, ca_certificate: CA }));

    expect(answer.status).toBe(202);
    expect(api.started[0]?.pair.source?.authorities).toBe(CA.trim());
    expect(api.started[0]?.pair.target?.authorities).toBeUndefined();
  });

  it.each<[string, unknown, string, string]>([
    ['no authority', { url: SOURCE, ca_certificate: 'c4n4ry' }, 'ca_certificate_invalid', '/ca_certificate'],
    ['no connection string', { url: 'c4n4ry', ca_certificate: CA }, 'connection_invalid', '/url'],
    [
      'TLS turned off, where the deployment would let it',
      { url: `${SOURCE}?sslmode=disable`, ca_certificate: CA },
      'tls_required',
      '',
    ],
    ['an unknown field', { url: SOURCE, ca: CA }, 'unknown_field', '/ca'],
    ['a number', 7, 'type_string', ''],
    ['a list', [SOURCE], 'type_string', ''],
  ])('%s', async (_what, source, code, at) => {
    const api = testApi();

    const answer = await api.call(body(source));

    expect(answer.json).toMatchObject({ status: 400, code, errors: [{ code, field: `/source_connection${at}` }] });
    expect(answer.text).not.toMatch(/c4n4ry|MII/);
    expect(api.started).toEqual([]);
  });
});

test('an environment shows by whom its server is verified, and one from before shows nobody', async () => {
  const api = testApi();
  const found = authoritiesOf(CA);
  await api.environments.put(sampleEnvironment({ name: 'own', authorities: found }));
  await api.environments.put(sampleEnvironment({ name: 'before' }));

  const get = async (name: string) => (await api.call({ path: `/api/sync/environments/${name}` })).json.authorities;

  expect([await get('own'), await get('before')]).toEqual([found, []]);
});
