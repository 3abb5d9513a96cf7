import { expect, it } from 'vitest';
import { sampleJob } from '../../contract/samples.ts';
import { calls, job, ofJob } from './calls.ts';
import { type Call, errorsOf, SOURCE, start, testApi } from './client.ts';

// Rows of docs/bad-input.md that need no database, each through the handlers: number, input, call, status, `code field` of each error.

const source = (source_connection: unknown) => start(undefined, { source_connection });
const url = (text: string) => source(`postgresql://${text}`);
const raw = (text: string | Buffer): Call => ({ path: '/api/sync/full', raw: text });
const jobs = (query: string): Call => ({ path: '/api/sync/jobs', query });
const audit = (query: string): Call => ({ path: `/api/sync/audit/${job.job_id}`, query });
const resolve = (body: unknown): Call => ({ path: `${ofJob}/${'a'.repeat(32)}/resolve`, body });
const keyed = (key: string, config?: object): Call => ({ ...start(config), headers: { 'idempotency-key': key } });
const at = '/source_connection';
const STRICT = { settings: { tlsPolicy: 'verify_full' } } as const;

type Row = readonly [row: number, what: string, call: Call, status: number, ...errors: string[]];
const rows: readonly Row[] = [
  [1, 'an empty body', raw(''), 400, 'body_invalid_json'],
  [1, 'no JSON', raw('{"a": c4n4ry}'), 400, 'body_invalid_json'],
  [1, 'an array', raw('[]'), 400, 'body_invalid_json'],
  [1, 'null', raw('null'), 400, 'body_invalid_json'],
  [2, 'a field twice', raw('{"config":{},"config":{}}'), 400, 'body_duplicate_key'],
  [2, 'a field twice, escaped', raw('{"config":{"a":1,"\\u0061":2}}'), 400, 'body_duplicate_key'],
  [2, 'a field __proto__', raw('{"config":{"__proto__":{"role":"admin"}}}'), 400, 'body_forbidden_key'],
  [3, '300 KiB', start({ x: 'x'.repeat(300 * 1024) }), 413, 'body_too_large'],
  [3, '21 deep', raw(`{"x":${'['.repeat(20)}${']'.repeat(20)}}`), 400, 'body_too_deep'],
  [4, 'text/plain', { ...start(), headers: { 'content-type': 'text/plain' } }, 415, 'unsupported_media_type'],
  [4, 'gzip', { ...start(), headers: { 'content-encoding': 'gzip' } }, 415, 'unsupported_media_type'],
  [5, 'bytes that are not UTF-8', raw(Buffer.from([0x7b, 0xff, 0x7d])), 400, 'body_invalid_utf8'],
  [6, 'a misspelt field', start(undefined, { sorce_connection: SOURCE }), 400, 'unknown_field /sorce_connection'],
  [7, 'no source', source(undefined), 400, `required ${at}`],
  [8, 'mysql://', source('mysql://u:p@h/d'), 400, `connection_scheme ${at}`],
  [8, 'one word', source('c4n4ry'), 400, `connection_invalid ${at}`],
  [8, 'an empty string', source(''), 400, `connection_invalid ${at}`],
  [9, 'port 99999', url('u:p@h:99999/d'), 400, `connection_port ${at}`],
  [9, 'port 0', url('u:p@h:0/d'), 400, `connection_port ${at}`],
  [9, 'port abc', url('u:p@h:abc/d'), 400, `connection_port ${at}`],
  [10, 'no database', url('u:p@h'), 400, `connection_database_required ${at}`],
  [10, 'no user', url('h/d'), 400, `connection_user_required ${at}`],
  [11, '?host=', url('u:p@h/d?host=169.254.169.254'), 400, `connection_param_not_allowed ${at}`],
  [11, '?sslrootcert=', url('u:p@h/d?sslrootcert=/etc/hostname'), 400, `connection_param_not_allowed ${at}`],
  [12, 'an address in another spelling', url('u:p@2130706433/d'), 400, `connection_invalid ${at}`],
  [13, 'a socket path', url('u:p@%2Fvar%2Frun/d'), 400, `connection_socket_not_allowed ${at}`],
  [13, 'socket:', source('socket:/var/run/c4n4ry'), 400, `connection_socket_not_allowed ${at}`],
  [14, 'sslmode=disable', url('u:p@h/d?sslmode=disable'), 400, `tls_required ${at}`],
  [14, 'sslmode=no-verify', url('u:p@h/d?sslmode=no-verify'), 400, `connection_sslmode ${at}`],
  [15, 'two hosts', url('u:p@h1,h2/d'), 400, `connection_multihost ${at}`],
  [22, 'batch_size 0', start({ batch_size: 0 }), 400, 'out_of_range /config/batch_size'],
  [22, 'batch_size -1', start({ batch_size: -1 }), 400, 'out_of_range /config/batch_size'],
  [22, 'batch_size 1.5', start({ batch_size: 1.5 }), 400, 'type_integer /config/batch_size'],
  [22, 'batch_size "1000"', start({ batch_size: '1000' }), 400, 'type_integer /config/batch_size'],
  [22, 'batch_size 1e9', start({ batch_size: 1e9 }), 400, 'out_of_range /config/batch_size'],
  [22, 'batch_size NaN', raw('{"config":{"batch_size":NaN}}'), 400, 'body_invalid_json'],
  [23, 'hahs', start({ detection_strategy: 'hahs' }), 400, 'invalid_enum /config/detection_strategy'],
  [24, 'null', start({ conflict_strategy: null }), 400, 'type_string /config/conflict_strategy'],
  [24, 'an array', start({ conflict_strategy: ['manual'] }), 400, 'type_string /config/conflict_strategy'],
  [25, '41 tables', start({ max_parallel_tables: 41 }), 400, 'out_of_range /config/max_parallel_tables'],
  [25, 'no operations', start({ max_parallel_operations: 0 }), 400, 'out_of_range /config/max_parallel_operations'],
  [30, 'verbos', start({ audit_level: 'verbos' }), 400, 'invalid_enum /config/audit_level'],
  [
    35,
    'two sources for one column',
    raw('{"config":{"mapping":{"public.t":{"from":"public.s","columns":{"a":"x","a":"y"}}}}}'),
    400,
    'body_duplicate_key',
  ],
  [
    50,
    'a filter as SQL',
    start({ filters: { 'public.t': 'id > 1' } }),
    400,
    'invalid_request /config/filters/public.t',
  ],
  [
    50,
    'a filter with SQL in its list',
    start({ filters: { 'public.t': ['id > 1'] } }),
    400,
    'type_mismatch /config/filters/public.t/0',
  ],
  [51, 'no UUID', { path: '/api/sync/status/1' }, 400, 'id_format /job_id'],
  [51, 'an unknown job', { path: `/api/sync/status/${sampleJob().job_id.replace(/^./, 'f')}` }, 404, 'job_not_found'],
  [54, 'a key of 300 characters', keyed('k'.repeat(300)), 400, 'idempotency_key_invalid'],
  [54, 'the key of another call', keyed('used', { batch_size: 7 }), 422, 'idempotency_mismatch'],
  [55, 'an unknown choice', resolve({ side: 'both' }), 400, 'invalid_enum /side'],
  [55, 'an unknown field', resolve({ side: 'source', extra: 1 }), 400, 'unknown_field /extra'],
  [57, 'a forged cursor', jobs('next_token=c4n4ry'), 400, 'cursor_invalid /next_token'],
  [57, 'limit 0', jobs('limit=0'), 400, 'out_of_range /limit'],
  [57, 'limit 10,000', jobs('limit=10000'), 400, 'out_of_range /limit'],
  [58, 'GET on stop', { ...calls['POST /api/sync/stop/{job_id}'], method: 'GET' } as Call, 405, 'method_not_allowed'],
  [
    58,
    'GET on resume',
    { ...calls['POST /api/sync/resume/{job_id}'], method: 'GET' } as Call,
    405,
    'method_not_allowed',
  ],
  [58, 'an unknown path', { path: '/api/sync/nowhere' }, 404, 'route_not_found'],
  [59, 'no token', { ...start(), groups: null }, 401, 'unauthenticated'],
  [59, 'a role that may not', { ...start(), groups: '[viewer]' }, 403, 'forbidden'],
  [60, 'from after to', audit('from=2026-02-01&to=2026-01-01'), 400, 'range_invalid /to'],
  [60, 'no date', audit('from=yesterday'), 400, 'range_invalid /from'],
  [60, 'eleven years', audit('from=2010-01-01&to=2021-01-02'), 400, 'range_invalid /to'],
];

/** What has a body is posted, unless it says otherwise. */
const method = ({ method: said, body, raw: text }: Call) =>
  said ?? (body === undefined && text === undefined ? 'GET' : 'POST');

it.each(rows.map(([row, what, call, status, ...errors]) => ({ row, what, call, status, errors })))(
  'row $row: $what',
  async ({ call, status, errors }) => {
    const api = testApi(STRICT);
    await api.jobs.create(job);
    await api.call(keyed('used'));
    const before = api.commands.length;

    const answer = await api.call({ ...call, method: method(call) });

    expect([answer.status, errorsOf(answer)]).toEqual([status, errors]);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.json).toMatchObject({ status, request_id: expect.any(String) });
    for (const error of answer.json.errors) expect(error.hint).toEqual(expect.stringMatching(/./));
    expect(answer.text + api.logged.join('')).not.toMatch(/c4n4ry|node:|\.ts:\d/);
    expect(api.commands).toHaveLength(before);
  },
);
