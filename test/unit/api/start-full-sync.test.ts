import { describe, expect, it } from 'vitest';
import { SyncError } from '../../../lib/model/errors.ts';
import { type Call, errorsOf, SOURCE, start, TARGET, testApi } from './client.ts';

const DEFAULTS = {
  batch_size: 1000,
  detection_strategy: 'hash',
  conflict_strategy: 'source_wins',
  direction: 'source_to_target',
  conflict_rules: {},
  column_tags: {},
  max_parallel_tables: 1,
  max_parallel_operations: 5,
  audit_level: 'standard',
  delete_mode: 'tracked',
  max_delete_percent: 10,
  max_quarantined_rows: 10_000,
  triggers: 'fire',
  allow_lossy: false,
  tables: {},
  columns: {},
  key_columns: {},
  mapping: {},
  pii_columns: [],
  rules: {},
  rule_limits: {},
  filters: {},
  tolerances: {},
  equality: {},
  timestamp_columns: {},
  timestamp_overlap_seconds: 60,
  key_sweep: false,
  max_quiet_runs: 0,
  continuous: false,
  continuous_interval_seconds: 5,
  dry_run: false,
  verify: 'changed',
};

describe('POST /api/sync/full', () => {
  it('starts a job and says where to follow it', async () => {
    const api = testApi();

    const answer = await api.call(start());

    const [request] = api.started;
    expect(answer.status).toBe(202);
    expect(answer.json).toEqual({
      job_id: request?.jobId,
      state: 'created',
      status_url: `/api/sync/status/${request?.jobId}`,
    });
    expect(answer.headers).toMatchObject({
      location: `/api/sync/status/${request?.jobId}`,
      'retry-after': '1',
      'content-type': 'application/json',
    });
    expect(request).toMatchObject({ actor: 'ada', config: DEFAULTS });
    expect(request?.pair.source).toMatchObject({ host: 'source.example', port: 5432, database: 'd', user: 'sync' });
    expect(request?.pair.source?.password?.reveal()).toBe('c4n4ry-s');
    expect(request?.pair.target?.password?.reveal()).toBe('c4n4ry-t');
  });

  it.each([
    [{ rule: 'patern', column: 'x', pattern: 'x' }, 'invalid_enum', '/rule', 'did you mean "pattern"?'],
    [{ column: 'x' }, 'required', '/rule', undefined],
    [{ rule: 'range', column: 'x', mim: 0 }, 'unknown_field', '/mim', 'did you mean min?'],
    [{ rule: 'length', column: 'x', max: -1 }, 'out_of_range', '/max', undefined],
    [{ rule: 'not_null', column: 'x', severity: 'err' }, 'invalid_enum', '/severity', undefined],
    [{ rule: 'not_null' }, 'required', '/column', undefined],
  ])('says what is wrong with the rule %j', async (rule, code, field, hint) => {
    const answer = await testApi().call(start({ rules: { 'public.t': [{ rule: 'not_null', column: 'a' }, rule] } }));

    expect(answer.status).toBe(400);
    expect(answer.json.errors).toMatchObject([
      { code, field: `/config/rules/public.t/1${field}`, ...(hint !== undefined && { hint }) },
    ]);
  });

  it('says what a column of a mapping may be made of', async () => {
    const columns = { a: { constent: 1 }, b: 7, c: { column: 'x', mask: { kind: 'digit' } } };
    const answer = await testApi().call(start({ mapping: { 'public.t': { from: 'public.s', columns } } }));
    const { errors } = answer.json as { errors: { field: string; message: string; hint: string }[] };
    const place = '/config/mapping/public.t/columns';

    expect(errors.map((e) => e.field)).toEqual([`${place}/a`, `${place}/b`, `${place}/c/mask/kind`]);
    expect(errors[2]?.hint).toBe('did you mean "digits"?'); // of the one object that knows both fields
    for (const { message } of errors.slice(0, 2))
      expect(message).toMatch(/^expected a string or \{omit\} or \{default\} or \{constant\} or .*\{column, mask\}$/);
  });

  it.each(['a\0', '\ud800'])('takes no text into a mapping that PostgreSQL cannot store (%j)', async (text) => {
    const sources = [
      text,
      { constant: text },
      { column: 'x', values: { [text]: 1 } },
      { json_object: { [text]: 'x' } },
    ];
    for (const source of [...sources, { column: 'x', json_path: [text] }]) {
      const mapping = { 'public.t': { from: 'public.s', columns: { a: source } } };
      const answer = await testApi().call(start({ mapping }));
      expect([source, answer.status]).toEqual([source, 400]);
    }
  });

  it('takes what the config says, and defaults for the rest', async () => {
    const api = testApi();

    await api.call(start({ batch_size: 1, max_parallel_tables: 40, triggers: 'suppress', max_delete_percent: 2.5 }));

    expect(api.started[0]?.config).toEqual({
      ...DEFAULTS,
      batch_size: 1,
      max_parallel_tables: 40,
      triggers: 'suppress',
      max_delete_percent: 2.5,
    });
  });

  it('gives each job its own id', async () => {
    const api = testApi();
    await Promise.all([api.call(start()), api.call(start())]);

    expect(api.started[0]?.jobId).not.toBe(api.started[1]?.jobId);
  });

  it('is a full job here, and an incremental one where that is asked for, with the same answer and the same refusals', async () => {
    const api = testApi();
    const incremental = (over?: unknown) => ({ ...start(over), path: '/api/sync/incremental' });

    const answer = await api.call(incremental({ detection_strategy: 'timestamp' }));
    await api.call(start());
    const refused = await api.call(incremental({ batch_size: 'many', nonsense: 1 }));

    expect(answer.status).toBe(202);
    expect(answer.headers.location).toBe(`/api/sync/status/${api.started[0]?.jobId}`);
    expect(api.started.map((r) => r.mode)).toEqual(['incremental', 'full']);
    expect(errorsOf(refused)).toEqual(errorsOf(await api.call(start({ batch_size: 'many', nonsense: 1 }))));
    expect(errorsOf(refused)).toHaveLength(2);
  });

  const source = (source_connection: unknown) => start(undefined, { source_connection });

  // The numbers are the rows of the reference page on security.
  const cases: readonly [string, Call, number, readonly string[]][] = [
    ['1 empty body', { path: '/api/sync/full', raw: '' }, 400, ['body_invalid_json']],
    ['1 not JSON', { path: '/api/sync/full', raw: '{"a": c4n4ry}' }, 400, ['body_invalid_json']],
    ['1 array', { path: '/api/sync/full', raw: '[]' }, 400, ['body_invalid_json']],
    ['1 null', { path: '/api/sync/full', raw: 'null' }, 400, ['body_invalid_json']],
    ['1 string', { path: '/api/sync/full', raw: '"x"' }, 400, ['body_invalid_json']],
    ['3 body of 300 KiB', start({ x: 'x'.repeat(300 * 1024) }), 413, ['body_too_large']],
    ['4 text/plain', { ...start(), headers: { 'content-type': 'text/plain' } }, 415, ['unsupported_media_type']],
    ['4 gzip', { ...start(), headers: { 'Content-Encoding': 'gzip' } }, 415, ['unsupported_media_type']],
    [
      '4 other charset',
      { ...start(), headers: { 'content-type': 'application/json; charset=latin1' } },
      415,
      ['unsupported_media_type'],
    ],
    ['5 invalid UTF-8', { path: '/api/sync/full', raw: Buffer.from([0x7b, 0xff, 0x7d]) }, 400, ['body_invalid_utf8']],
    ['6 unknown field', start(undefined, { sorce_conection: SOURCE }), 400, ['unknown_field /sorce_conection']],
    ['6 unknown config field', start({ batchsize: 5 }), 400, ['unknown_field /config/batchsize']],
    ['7 no source', source(undefined), 400, ['required /source_connection']],
    [
      '7 nothing',
      { path: '/api/sync/full', body: {} },
      400,
      ['required /source_connection', 'required /target_connection'],
    ],
    ['7 source not text', source(5), 400, ['type_string /source_connection']],
    ['7 source null', source(null), 400, ['type_string /source_connection']],
    ['8 mysql', source('mysql://u:p@h/d'), 400, ['connection_scheme /source_connection']],
    ['8 foo', source('foo'), 400, ['connection_invalid /source_connection']],
    ['8 empty', source(''), 400, ['connection_invalid /source_connection']],
    ['9 port 99999', source('postgresql://u:p@h:99999/d'), 400, ['connection_port /source_connection']],
    ['9 port 0', source('postgresql://u:p@h:0/d'), 400, ['connection_port /source_connection']],
    ['9 port abc', source('postgresql://u:p@h:abc/d'), 400, ['connection_port /source_connection']],
    ['10 no database', source('postgresql://u:p@h'), 400, ['connection_database_required /source_connection']],
    ['10 no user', source('postgresql://h/d'), 400, ['connection_user_required /source_connection']],
    [
      '11 ?host',
      source('postgresql://u:p@h/d?host=169.254.169.254'),
      400,
      ['connection_param_not_allowed /source_connection'],
    ],
    [
      '11 ?sslrootcert',
      source('postgresql://u:p@h/d?sslrootcert=/etc/x'),
      400,
      ['connection_param_not_allowed /source_connection'],
    ],
    ['13 socket', source('postgresql://u:p@%2Fvar%2Frun/d'), 400, ['connection_socket_not_allowed /source_connection']],
    ['15 two hosts', source('postgresql://u:p@h1,h2/d'), 400, ['connection_multihost /source_connection']],
    ['22 batch_size 0', start({ batch_size: 0 }), 400, ['out_of_range /config/batch_size']],
    ['22 batch_size -1', start({ batch_size: -1 }), 400, ['out_of_range /config/batch_size']],
    ['22 batch_size 1.5', start({ batch_size: 1.5 }), 400, ['type_integer /config/batch_size']],
    ['22 batch_size "1000"', start({ batch_size: '1000' }), 400, ['type_integer /config/batch_size']],
    ['22 batch_size 1e9', start({ batch_size: 1e9 }), 400, ['out_of_range /config/batch_size']],
    ['22 batch_size 1e20', start({ batch_size: 1e20 }), 400, ['out_of_range /config/batch_size']],
    ['22 batch_size null', start({ batch_size: null }), 400, ['type_integer /config/batch_size']],
    ['22 batch_size true', start({ batch_size: true }), 400, ['type_integer /config/batch_size']],
    ['22 batch_size NaN', { path: '/api/sync/full', raw: '{"config":{"batch_size":NaN}}' }, 400, ['body_invalid_json']],
    [
      '22 batch_size 1e999',
      { path: '/api/sync/full', raw: JSON.stringify(start({ batch_size: 7 }).body).replace(':7', ':1e999') },
      400,
      ['out_of_range /config/batch_size'],
    ],
    ['23 strategy hahs', start({ detection_strategy: 'hahs' }), 400, ['invalid_enum /config/detection_strategy']],
    ['24 strategy null', start({ conflict_strategy: null }), 400, ['type_string /config/conflict_strategy']],
    [
      '24 strategy array',
      start({ conflict_strategy: ['source_wins'] }),
      400,
      ['type_string /config/conflict_strategy'],
    ],
    ['25 41 tables', start({ max_parallel_tables: 41 }), 400, ['out_of_range /config/max_parallel_tables']],
    ['25 0 operations', start({ max_parallel_operations: 0 }), 400, ['out_of_range /config/max_parallel_operations']],
    ['30 level verbos', start({ audit_level: 'verbos' }), 400, ['invalid_enum /config/audit_level']],
    ['percent 101', start({ max_delete_percent: 101 }), 400, ['out_of_range /config/max_delete_percent']],
    ['percent "5"', start({ max_delete_percent: '5' }), 400, ['type_mismatch /config/max_delete_percent']],
    ['config null', start(null), 400, ['type_mismatch /config']],
    ['config array', start([]), 400, ['type_mismatch /config']],
    ['config text', start('{}'), 400, ['type_mismatch /config']],
    ['query parameter', { ...start(), query: 'dry_run=true' }, 400, ['unknown_field /dry_run']],
  ];

  it.each(cases)('refuses %s', async (_name, call, status, errors) => {
    const api = testApi();

    const answer = await api.call({ method: 'POST', ...call });

    expect(errorsOf(answer)).toEqual(errors);
    expect(answer.status).toBe(status);
    const [first] = answer.json.errors;
    expect(answer.json).toMatchObject({
      type: `https://terrafusion.example/errors/${first.code}`,
      title: expect.any(String),
      status,
      detail: expect.any(String),
      instance: '/api/sync/full',
      code: first.code,
      request_id: 'request-1',
    });
    for (const error of answer.json.errors) {
      expect(error.message).not.toBe('');
      expect(error.hint).not.toBe('');
    }
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.text + api.logged.join('')).not.toContain('c4n4ry');
    expect(api.started).toEqual([]);
  });

  it('tells every problem at once, misspelt fields first', async () => {
    const answer = await testApi().call({
      path: '/api/sync/full',
      body: {
        source_connection: 'postgresql://h:0/d?host=x',
        traget_connection: TARGET,
        config: { batch_size: 0, detection_stratgy: 'hash', conflict_strategy: 5, 'a/b~': 1, ok_not: 1 },
      },
    });

    expect(answer.status).toBe(400);
    expect(errorsOf(answer)).toEqual([
      'unknown_field /config/detection_stratgy',
      'unknown_field /config',
      'unknown_field /config/ok_not',
      'unknown_field /traget_connection',
      'connection_user_required /source_connection',
      'connection_port /source_connection',
      'connection_param_not_allowed /source_connection',
      'out_of_range /config/batch_size',
      'type_string /config/conflict_strategy',
      'required /target_connection',
    ]);
    expect(answer.json.detail).toContain('10 problems');
    expect(answer.json.errors.filter((e: { side?: string }) => e.side === 'source')).toHaveLength(3);
  });

  it.each([
    [start(undefined, { sorce_connection: 1 }), 'did you mean source_connection?'],
    [start({ batchSize: 1 }), 'did you mean batch_size?'],
    [start({ detection_strategy: 'hahs' }), 'did you mean "hash"?'],
    [start({ audit_level: 'verbos' }), expect.stringContaining('Use one of')],
    [start({ conflict_strategy: 'SOURCE_WINS' }), 'did you mean "source_wins"?'],
    [start({ zzz: 1 }), expect.stringContaining('batch_size, detection_strategy')],
  ])('hints at what was meant: %#', async (call, hint) => {
    const answer = await testApi().call(call);

    expect(answer.json.errors[0].hint).toEqual(hint);
  });

  it('says what a number may be and which words there are', async () => {
    const answer = await testApi().call(start({ batch_size: 0, audit_level: 'x' }));

    expect(answer.json.errors[0].message).toContain('from 1 to 10000');
    expect(answer.json.errors[1].message).toContain('minimal, standard, detailed');
  });

  it('gives the place where JSON breaks', async () => {
    const answer = await testApi().call({ path: '/api/sync/full', raw: '{\n  "a": 1,\n  "b": c4n4ry\n}' });

    expect(answer.json.detail).toBe('not JSON at line 3, column 8');
    expect(answer.json.facts).toEqual({ line: 3, column: 8 });
  });

  it('refuses unverified TLS where the deployment demands it, on both sides at once and beside other problems', async () => {
    const api = testApi({ settings: { tlsPolicy: 'verify_full' } });

    const answer = await api.call(
      start(
        { batch_size: 0 },
        { source_connection: `${SOURCE}?sslmode=disable`, target_connection: `${TARGET}?sslmode=prefer` },
      ),
    );

    expect(errorsOf(answer)).toEqual([
      'out_of_range /config/batch_size',
      'tls_required /source_connection',
      'tls_required /target_connection',
    ]);
    expect((await api.call(start(undefined, { source_connection: `${SOURCE}?sslmode=require` }))).status).toBe(202);
    expect((await testApi().call(start(undefined, { source_connection: `${SOURCE}?sslmode=disable` }))).status).toBe(
      202,
    );
  });

  it('does not repeat a field name that may be a secret', async () => {
    const answer = await testApi().call(
      start(undefined, { 'postgresql://u:c4n4ry@h/d': 1, [`x${'c4n4ry'.repeat(20)}`]: 1 }),
    );

    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('c4n4ry');
  });

  it.each([
    [20, 'unknown_field'],
    [21, 'body_too_deep'],
  ])('a body nested %i deep is %s', async (depth, code) => {
    const inner = depth - 1;
    const raw = `{"x": ${'['.repeat(inner)}${']'.repeat(inner)}}`;

    expect(errorsOf(await testApi().call({ path: '/api/sync/full', raw }))[0]).toContain(code);
  });

  it.each([
    ['__proto__', '{"__proto__": {"role": "admin"}, "constructor": 1, "toString": 2}'],
    ['duplicate keys', '{"config": 1, "config": {}}'],
    ['100,000 arrays deep', `{"config": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['100,000 arrays deep and broken', `{"config": ${'['.repeat(100_000)}`],
    ['a long broken string', `{"config": "${'\\\\'.repeat(120_000)}`],
    [
      '10,000 unknown fields',
      JSON.stringify(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`f${i}`, i]))),
    ],
  ])('never crashes: %s', async (_name, raw) => {
    const answer = await testApi().call({ path: '/api/sync/full', raw }); // a quadratic reader would run into the test's limit

    expect(answer.status).toBe(400);
    expect(answer.text.length).toBeLessThan(200_000);
  });

  it('passes on what the engine found, with its facts and problems', async () => {
    const api = testApi({
      startJob: () =>
        Promise.reject(new SyncError('target_busy', 'another job holds public.parcels', { facts: { job_id: 'j' } })),
    });

    const answer = await api.call(start());

    expect(answer.status).toBe(409);
    expect(answer.json).toMatchObject({
      code: 'target_busy',
      facts: { job_id: 'j' },
      errors: [{ code: 'target_busy' }],
    });
  });

  it('says nothing of an unexpected error, and logs where it happened but not what it said', async () => {
    const cause = Object.assign(new Error('Key (email)=(c4n4ry) exists'), { code: '23505' });
    for (const error of [cause, new SyncError('internal', 'c4n4ry-free text', { cause }), 'c4n4ry', undefined]) {
      const api = testApi({ startJob: () => Promise.reject(error) });

      const answer = await api.call(start());

      expect(answer.status).toBe(500);
      expect(answer.json).toMatchObject({ code: 'internal', request_id: 'request-1' });
      expect(answer.text).not.toContain('c4n4ry');
      expect(answer.text).not.toMatch(/at .*:\d+/);
      expect(api.logged.join('\n')).toContain('request-1');
    }
  });
});
