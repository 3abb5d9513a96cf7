import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SSL_MODES } from '../../lib/model/connection.ts';
import { parseConnection, tlsMode } from '../../lib/model/connection-string.ts';
import { Secret } from '../../lib/model/secret.ts';
import { TLS_MEANING, TLS_POLICIES } from '../../lib/model/tls.ts';

const FIELD = '/source_connection';

function codes(text: unknown): string[] {
  const parsed = parseConnection(text, FIELD);
  return parsed.ok ? ['ok'] : parsed.problems.map((p) => p.code);
}

function connection(text: string) {
  const parsed = parseConnection(text, FIELD);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { password, ...rest } = parsed.connection;
  return { ...rest, ...(password && { password: password.reveal() }) };
}

describe('a good connection string', () => {
  it('is read in full', () => {
    expect(connection('postgresql://sync:s3cret@db.example:6432/assessor?sslmode=verify-full')).toEqual({
      host: 'db.example',
      port: 6432,
      database: 'assessor',
      user: 'sync',
      password: 's3cret',
      sslmode: 'verify-full',
    });
  });

  it('may leave out password, port and sslmode', () => {
    expect(connection('postgres://sync@db/assessor')).toEqual({
      host: 'db',
      port: 5432,
      database: 'assessor',
      user: 'sync',
    });
  });

  it.each([
    ['postgresql://u:p%40%2F%3F%23%25%3A%20%E2%82%AC@h/d', { password: 'p@/?#%: €' }],
    ['postgresql://u:a:b:c@h/d', { password: 'a:b:c' }],
    ['postgresql://u:!$&\'()*+,;=[]"<>\\^`{|}~@h/d', { password: '!$&\'()*+,;=[]"<>\\^`{|}~' }],
    ['postgresql://us%40er@h/d%2Fe%20f', { user: 'us@er', database: 'd/e f' }],
    ['postgresql://u@[::1]:5433/d', { host: '::1', port: 5433 }],
    ['postgresql://u@[2001:DB8::1]/d', { host: '2001:db8::1', port: 5432 }],
    ['postgresql://u@127.0.0.1/d', { host: '127.0.0.1' }],
    ['postgresql://u@DB.Example/d', { host: 'db.example' }],
    ['POSTGRESQL://u@my_db-1/d', { host: 'my_db-1' }],
    ['postgresql://u:@h/d', { user: 'u' }],
    ['postgresql://u@h/d?', { database: 'd' }],
  ])('%s', (text, expected) => {
    expect(connection(text)).toMatchObject(expected);
  });

  it.each([
    ['postgresql://sync@c.abc.eu-west-1.rds.amazonaws.com/d?auth=iam', 'eu-west-1'],
    [
      'postgresql://sync@c.cluster-ro-abc.us-gov-west-1.rds.amazonaws.com/d?sslmode=verify-full&auth=iam',
      'us-gov-west-1',
    ],
    [
      'postgresql://sync@p.proxy-abc.ap-southeast-12.rds.amazonaws.com/d?auth=iam&region=ap-southeast-12',
      'ap-southeast-12',
    ],
    ['postgresql://sync@c.abc.rds.cn-north-1.amazonaws.com.cn/d?auth=iam', 'cn-north-1'],
    ['postgresql://sync@db.example/d?region=eu-west-1&auth=iam', 'eu-west-1'],
  ])('%s signs in by IAM in %s', (text, region) => {
    expect(connection(text)).toMatchObject({ user: 'sync', iam: { region } });
    expect(connection(text)).not.toHaveProperty('password');
  });

  it('keeps its password out of every text form', () => {
    const parsed = parseConnection('postgresql://u:c4n4ry@h/d', FIELD);

    expect(JSON.stringify(parsed)).not.toContain('c4n4ry');
    expect(parsed.ok && parsed.connection.password).toBeInstanceOf(Secret);
  });
});

describe('a bad connection string', () => {
  it.each([
    // security.md row 8
    ['mysql://u:p@h/d', ['connection_scheme']],
    ['http://u:p@h/d', ['connection_scheme']],
    ['foo', ['connection_invalid']],
    ['', ['connection_invalid']],
    ['host=h dbname=d', ['connection_invalid']],
    ['postgresql:u@h/d', ['connection_invalid']],
    // row 9
    ['postgresql://u:p@h:99999/d', ['connection_port']],
    ['postgresql://u:p@h:65536/d', ['connection_port']],
    ['postgresql://u:p@h:0/d', ['connection_port']],
    ['postgresql://u:p@h:abc/d', ['connection_port']],
    ['postgresql://u:p@h:/d', ['connection_port']],
    ['postgresql://u:p@h:-1/d', ['connection_port']],
    ['postgresql://u:p@h:5432.0/d', ['connection_port']],
    ['postgresql://u:p@h:0x1538/d', ['connection_port']],
    // row 10
    ['postgresql://u:p@h', ['connection_database_required']],
    ['postgresql://u:p@h/', ['connection_database_required']],
    ['postgresql://h/d', ['connection_user_required']],
    ['postgresql://:p@h/d', ['connection_user_required']],
    ['postgresql://', ['connection_user_required', 'connection_host_required', 'connection_database_required']],
    ['postgresql://u@/d', ['connection_host_required']],
    ['postgresql://u@:5432/d', ['connection_host_required']],
    // row 11
    ['postgresql://u:p@h/d?host=169.254.169.254', ['connection_param_not_allowed']],
    ['postgresql://u:p@h/d?sslrootcert=/etc/hostname', ['connection_param_not_allowed']],
    ['postgresql://u:p@h/d?%73slmode=disable', ['connection_param_not_allowed']],
    ['postgresql://u:p@h/d?SSLMODE=disable', ['connection_param_not_allowed']],
    ['postgresql://u:p@h/d?sslmode=require&sslmode=disable', ['connection_param_not_allowed']],
    ['postgresql://u:p@h/d?sslmode=require&', ['connection_param_not_allowed']],
    ['postgresql://u:p@h/d?user=a&host=b', ['connection_param_not_allowed', 'connection_param_not_allowed']],
    // signing in by IAM
    ['postgresql://u:p@c.abc.eu-west-1.rds.amazonaws.com/d?auth=iam', ['connection_auth_invalid']],
    ['postgresql://u@h/d?auth=iam', ['connection_auth_invalid']],
    ['postgresql://u@h/d?auth=iam&region=', ['connection_auth_invalid']],
    ['postgresql://u@h/d?auth=iam&region=eu-west-1.evil.example', ['connection_auth_invalid']],
    ['postgresql://u@c.eu-west-1.rds.amazonaws.com.evil.example/d?auth=iam', ['connection_auth_invalid']],
    ['postgresql://u@c.abc.eu-west-1.rds.amazonaws.com/d?auth=iam&region=us-east-1', ['connection_auth_invalid']],
    ['postgresql://u@h/d?auth=password', ['connection_auth_invalid']],
    ['postgresql://u@h/d?auth=', ['connection_auth_invalid']],
    ['postgresql://u@h/d?region=eu-west-1', ['connection_auth_invalid']],
    ['postgresql://u@h/d?auth=iam&auth=iam&region=eu-west-1', ['connection_param_not_allowed']],
    ['postgresql://u@h/d?region=a&region=b&auth=iam', ['connection_param_not_allowed', 'connection_auth_invalid']],
    // row 13
    ['postgresql://u:p@%2Fvar%2Frun%2Fpostgresql/d', ['connection_socket_not_allowed']],
    ['socket:/var/run/postgresql', ['connection_socket_not_allowed']],
    ['/var/run/postgresql', ['connection_socket_not_allowed']],
    ['postgresql://u@%40abstract/d', ['connection_socket_not_allowed']],
    // row 14, the part that no policy needs to be known for
    ['postgresql://u:p@h/d?sslmode=no-verify', ['connection_sslmode']],
    ['postgresql://u:p@h/d?sslmode=Require', ['connection_sslmode']],
    ['postgresql://u:p@h/d?sslmode=', ['connection_sslmode']],
    ['postgresql://u:p@h/d?sslmode', ['connection_sslmode']],
    // row 15
    ['postgresql://u:p@h1,h2/d', ['connection_multihost']],
    ['postgresql://u:p@h1:1,h2:2/d', ['connection_multihost']],
    // one address has one spelling
    ['postgresql://u:p@2130706433/d', ['connection_invalid']],
    ['postgresql://u:p@0x7f.1/d', ['connection_invalid']],
    ['postgresql://u:p@0177.0.0.1/d', ['connection_invalid']],
    ['postgresql://u:p@127.1/d', ['connection_invalid']],
    ['postgresql://u:p@256.0.0.1/d', ['connection_invalid']],
    ['postgresql://u:p@[::1%25eth0]/d', ['connection_invalid']],
    ['postgresql://u:p@[127.0.0.1]/d', ['connection_invalid']],
    ['postgresql://u:p@2001:db8::1/d', ['connection_invalid']],
    ['postgresql://u:p@[::1]x/d', ['connection_invalid']],
    ['postgresql://u:p@h..x/d', ['connection_invalid']],
    ['postgresql://u:p@h%2Ex/d', ['connection_invalid']],
    ['postgresql://u:p@h\\x/d', ['connection_invalid']],
    ['postgresql://u:p@bücher.example/d', ['connection_invalid']],
    // characters
    ['postgresql://u:p%zz@h/d', ['connection_invalid']],
    ['postgresql://u:p%@h/d', ['connection_invalid']],
    ['postgresql://u:p%ff@h/d', ['connection_invalid']],
    ['postgresql://u:p%00@h/d', ['connection_invalid']],
    ['postgresql://u%0a:p@h/d', ['connection_invalid']],
    ['postgresql://u:p@h/d%00', ['connection_invalid']],
    ['postgresql://u:p@h/d\u0000', ['connection_invalid']],
    [' postgresql://u:p@h/d', ['connection_invalid']],
    ['postgresql://u:p p@h/d', ['connection_invalid']],
    ['postgresql://u:p\ud800@h/d', ['connection_invalid']],
    ['postgresql://u:p@h/d#fragment', ['connection_invalid']],
    ['postgresql://u:p@h/d/e', ['connection_invalid']],
    // special characters of a password, unencoded
    ['postgresql://u:p@ss@h/d', ['connection_invalid']],
    ['postgresql://u:p/ss@h/d', ['connection_invalid']],
    ['postgresql://u:p?ss@h/d', ['connection_invalid']],
    ['postgresql://u:p#ss@h/d', ['connection_invalid']],
    // not text
    [undefined, ['required']],
    [null, ['type_string']],
    [5, ['type_string']],
    [['postgresql://u:p@h/d'], ['type_string']],
  ])('%j is %j', (text, expected) => {
    expect(codes(text)).toEqual(expected);
  });

  it('longer than 2048 characters is refused', () => {
    expect(codes(`postgresql://u:p@h/${'d'.repeat(2048)}`)).toEqual(['connection_invalid']);
  });

  it('tells everything that is wrong at once', () => {
    expect(codes('postgresql://h:0/?host=x&sslmode=no-verify')).toEqual([
      'connection_user_required',
      'connection_port',
      'connection_database_required',
      'connection_param_not_allowed',
      'connection_sslmode',
    ]);
  });

  it('names the field, and the parameter where it is a known one', () => {
    const parsed = parseConnection('postgresql://u:p@h/d?hostaddr=1.2.3.4&c4n4ry=1', FIELD);

    expect(parsed).toMatchObject({
      ok: false,
      problems: [
        { field: FIELD, message: expect.stringContaining('hostaddr') },
        { field: FIELD, message: expect.not.stringContaining('c4n4ry') },
      ],
    });
  });
});

describe('properties', () => {
  const name = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }).filter((s) => !/\p{Cc}/u.test(s));
  const host = fc.oneof(fc.domain({ size: 'small' }), fc.ipV4(), fc.constantFrom('localhost', 'db_1'));
  const port = fc.integer({ min: 1, max: 65_535 });
  const sslmode = fc.constantFrom(...SSL_MODES);

  it('reads back every connection that was written, whatever characters its password has', () => {
    fc.assert(
      fc.property(name, name, name, host, port, sslmode, (user, password, database, at, on, mode) => {
        const [u, p, d] = [user, password, database].map(encodeURIComponent);

        const read = connection(`postgresql://${u}:${p}@${at}:${on}/${d}?sslmode=${mode}`);

        expect(read).toEqual({ user, password, database, host: at.toLowerCase(), port: on, sslmode: mode });
      }),
    );
  });

  it('never throws, and never repeats any part of the text that may be a password', () => {
    const canary = 'Zq7Kx9';
    const shell = fc.constantFrom(
      'postgresql://u:@h/d',
      'postgresql://u:@h:abc/d?host=x',
      'mysql://u:@h',
      'postgresql://:@,/?sslmode=x',
      '',
      '://',
    );
    fc.assert(
      fc.property(shell, fc.nat(60), fc.string({ unit: 'binary', maxLength: 20 }), (text, at, noise) => {
        const bad = text.slice(0, at) + canary + noise + text.slice(at);

        const parsed = parseConnection(bad, FIELD);

        expect(JSON.stringify(parsed.ok ? [] : parsed.problems)).not.toContain(canary);
      }),
      { numRuns: 2000 },
    );
  });

  it('never throws for anything that JSON can carry', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' })), (value) => {
        const parsed = parseConnection(value, FIELD);

        expect(parsed.ok || parsed.problems.length > 0).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses a long hostile text in no time', () => {
    const startedMs = performance.now();
    for (const piece of ['a', 'a.', '-', '%', '&a', ':', '@', '[', 'a-', '%41']) {
      codes(`postgresql://u:p@${piece.repeat(Math.floor(2000 / piece.length))}!/d`);
      codes(piece.repeat(1_000_000));
    }

    expect(performance.now() - startedMs).toBeLessThan(5_000); // a pattern that backtracks takes hours
  });
});

describe('the TLS policy', () => {
  it.each([...SSL_MODES, undefined])('is verify_full for whoever signs in by IAM: sslmode %s', (sslmode) => {
    const asked = { ...(sslmode && { sslmode }), iam: { region: 'eu-west-1' } };
    const meaning = TLS_MEANING.verify_full[sslmode ?? 'absent'];

    for (const policy of TLS_POLICIES) {
      const mode = tlsMode(asked, policy, FIELD);
      expect(mode.ok ? mode.mode : mode.problem.code).toBe(meaning === 'refused' ? 'tls_required' : 'verify_full');
    }
  });

  it('gives each sslmode the meaning of the one table', () => {
    for (const policy of TLS_POLICIES) {
      for (const sslmode of [...SSL_MODES, undefined]) {
        const meaning = TLS_MEANING[policy][sslmode ?? 'absent'];

        const mode = tlsMode(sslmode === undefined ? {} : { sslmode }, policy, FIELD);

        if (meaning === 'refused')
          expect(mode).toMatchObject({ ok: false, problem: { code: 'tls_required', field: FIELD } });
        else expect(mode).toEqual({ ok: true, mode: meaning });
      }
    }
  });
});
