import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { link, START } from '../../../lib/audit/chain.ts';
import { append } from '../../../lib/audit/trail.ts';
import type { AuditEvent, AuditRecord } from '../../../lib/model/audit-event.ts';
import type { AuditLog } from '../../../lib/ports.ts';
import { memoryAuditLog } from '../../contract/memory.ts';
import { sampleJob } from '../../contract/samples.ts';
import { errorsOf, type TestApi, testApi } from './client.ts';

const at = (second: number) => new Date(Date.UTC(2026, 10, 23, 10, 0, second)).toISOString();

let api: TestApi;
let log: AuditLog;
let jobId: string;

function event(seq: number, over: Partial<AuditEvent> = {}): AuditEvent {
  return {
    job_id: jobId,
    stream: 'job',
    seq,
    type: 'chunk.applied',
    at: at(seq),
    actor: 'terrafusion-sync',
    data: {},
    ...over,
  };
}

const chunk = (seq: number, table: string, rows: object = {}) =>
  event(seq, {
    data: {
      table,
      pass: 'apply',
      segment: 0,
      rule: 'source_wins',
      inserted: 0,
      updated: 0,
      deleted: 0,
      quarantined: 0,
      ...rows,
    },
  });

/** A short job over two tables. */
const story = () => [
  event(1, { type: 'job.created', actor: 'ada', data: { mode: 'full', config: { batch_size: 10 } } }),
  event(2, { type: 'table.started', data: { table: 'public.a', pass: 'apply' } }),
  chunk(3, 'public.a', { inserted: 5 }),
  chunk(4, 'public.b', { updated: 2, deleted: 1 }),
  event(5, { type: 'healing.chunk_retried', data: { table: 'public.b', code: 'lock_timeout', times: 3 } }),
  event(6, { type: 'healing.row_isolated', data: { table: 'public.b', code: 'row_rejected', times: 1 } }),
  event(7, { type: 'rows.quarantined', data: { table: 'public.b', rows: 1, codes: { check_failed: 1 } } }),
  chunk(63, 'public.b', { inserted: 1, quarantined: 1 }),
  event(70, { type: 'job.stopped', actor: 'bob', data: { epoch: 2 } }),
];

beforeEach(async () => {
  log = memoryAuditLog();
  api = testApi({ audit: log });
  const job = sampleJob({ state: 'running' });
  jobId = job.job_id;
  await api.jobs.create(job);
});

const get = (rest = '', query = '') => api.call({ path: `/api/sync/audit/${jobId}${rest}`, query });

describe('GET /api/sync/audit/{job_id}', () => {
  it('lists events in their order, with severity and hash', async () => {
    await append(log, jobId, story());

    const { status, json } = await get();

    expect(status).toBe(200);
    expect(json.events.map((e: AuditRecord) => e.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(json.events[5]).toMatchObject({ type: 'healing.row_isolated', severity: 'warning', at: at(6) });
    expect(json.events[0].hash).toMatch(/^[0-9a-f]{64}$/);
    expect(json).not.toHaveProperty('next_token');
  });

  it.each([
    ['type=chunk.applied', [3, 4, 8]],
    ['type=healing', [5, 6]],
    ['table=public.a', [2, 3]],
    ['severity=warning', [6, 7, 9]],
    ['actor=bob', [9]],
    [`from=${at(4)}&to=${at(7)}`, [4, 5, 6]],
    ['from=2026-11-24', []],
    ['to=2026-11-24&type=job', [1, 9]],
    ['from=2026-11-23T12:00:03%2B02:00&to=2026-11-23T10:00:05Z', [3, 4]],
    ['text=LOCK_timeout', [5]],
    ['text=batch_size', [1]],
    ['table=public.b&type=chunk&text=%22deleted%22:1', [4]],
  ])('filters by %s', async (query, wanted) => {
    await append(log, jobId, story());

    expect((await get('', query)).json.events.map((e: AuditRecord) => e.seq)).toEqual(wanted);
  });

  it('gives every event once over pages of any size, in any layout of blocks', async () => {
    for (let i = 1; i <= 60; i += 6)
      await append(
        log,
        jobId,
        Array.from({ length: 6 }, (_, k) => chunk(i + k, 'public.a')),
      );
    for (const limit of [1, 7, 60, 500]) {
      const seen: number[] = [];
      for (let token = ''; ; ) {
        const { json } = await get('', `limit=${limit}&type=chunk${token && `&next_token=${token}`}`);
        seen.push(...json.events.map((e: AuditRecord) => e.seq));
        expect(json.events.length).toBeLessThanOrEqual(limit);
        if (json.next_token === undefined) break;
        token = json.next_token;
      }
      expect(seen).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    }
  });

  it('looks at a bounded part of a long trail, and goes on from there although it has found nothing', async () => {
    for (let i = 1; i <= 250; i++) await append(log, jobId, [chunk(i, i === 250 ? 'public.b' : 'public.a')]);

    const first = (await get('', 'table=public.b')).json;
    const second = (await get('', `table=public.b&next_token=${first.next_token}`)).json;

    expect(first.events).toEqual([]);
    expect(second.events.map((e: AuditRecord) => e.seq)).toEqual([250]);
    expect(second).not.toHaveProperty('next_token');
  });

  it('refuses a token of another job, of other filters or of another list, and one that is made up', async () => {
    await append(log, jobId, story());
    const other = sampleJob({ job_id: randomUUID() });
    await api.jobs.create(other);
    const { next_token } = (await get('', 'limit=2&type=chunk')).json;
    const tokens: [string, string, string][] = [
      [`/api/sync/audit/${other.job_id}`, 'type=chunk', next_token],
      [`/api/sync/audit/${jobId}`, 'type=job', next_token],
      [`/api/sync/audit/${jobId}`, '', next_token],
      [`/api/sync/audit/${jobId}/export`, 'type=chunk', next_token],
      [`/api/sync/audit/${jobId}/report`, '', next_token],
      [`/api/sync/audit/${jobId}/verify`, '', next_token],
      [`/api/sync/audit/${jobId}`, 'type=chunk', `${next_token}A`],
      [`/api/sync/audit/${jobId}`, 'type=chunk', `A${next_token.slice(1)}`],
      [`/api/sync/audit/${jobId}`, 'type=chunk', Buffer.from('{"after":1}').toString('base64url')],
      [`/api/sync/audit/${jobId}`, 'type=chunk', ''],
    ];
    for (const [path, query, token] of tokens) {
      const answer = await api.call({ path, query: `${query}&next_token=${token}` });
      expect([path, query, answer.status, errorsOf(answer)]).toEqual([
        path,
        query,
        400,
        ['cursor_invalid /next_token'],
      ]);
    }
    expect((await get('', `limit=500&type=chunk&next_token=${next_token}`)).status).toBe(200);
  });

  it.each([
    ['limit=0', ['out_of_range /limit']],
    ['limit=501', ['out_of_range /limit']],
    ['limit=10000', ['out_of_range /limit']],
    ['limit=ten', ['type_integer /limit']],
    ['type=chunks', ['invalid_enum /type']],
    ['severity=fatal', ['invalid_enum /severity']],
    ['from=2026-11-24&to=2026-11-23', ['range_invalid /to']],
    ['from=2026-11-24&to=2026-11-24', ['range_invalid /to']],
    ['from=2016-01-01&to=2026-11-23', ['range_invalid /to']],
    ['from=yesterday', ['range_invalid /from']],
    ['from=2026-02-30', ['range_invalid /from']],
    ['to=2026-11-23T10:00', ['range_invalid /to']],
    ['from=2026-13-01&to=x', ['range_invalid /from', 'range_invalid /to']],
    ['tabel=public.a', ['unknown_field /tabel']],
    ['type=job&type=job', ['invalid_request']],
  ])('refuses %s', async (query, wanted) => {
    const answer = await get('', query);

    expect(answer.status).toBe(400);
    expect(errorsOf(answer)).toEqual(wanted);
  });

  it('tells a job that is not there from an id that is none, on every route', async () => {
    for (const rest of ['', '/report', '/export', '/verify']) {
      const unknown = await api.call({ path: `/api/sync/audit/${randomUUID()}${rest}` });
      const none = await api.call({ path: `/api/sync/audit/jobs${rest}` });

      expect([unknown.status, errorsOf(unknown)]).toEqual([404, ['job_not_found']]);
      expect([none.status, errorsOf(none)]).toEqual([400, ['id_format /job_id']]);
      expect((await api.call({ path: `/api/sync/audit/${jobId}${rest}`, groups: '[nobody]' })).status).toBe(403);
      expect((await api.call({ path: `/api/sync/audit/${jobId}${rest}`, groups: null })).status).toBe(401);
    }
  });
});

describe('GET /api/sync/audit/{job_id}/report', () => {
  it('counts by table, operation, type, time, error and decision', async () => {
    await append(log, jobId, story());

    const { json } = await get('/report');

    expect(json).toMatchObject({
      job_id: jobId,
      from_seq: 1,
      through_seq: 9,
      events: 9,
      first_at: at(1),
      last_at: at(70),
      seconds: 69,
      rows_written_per_second: 0,
      rows: { inserted: 6, updated: 2, deleted: 1, quarantined: 1 },
      decisions: [{ name: 'source_wins', count: 9 }],
      rules: [],
      errors: [
        { name: 'check_failed', count: 1 },
        { name: 'row_rejected', count: 1 },
      ],
      minutes: [
        { minute: '2026-11-23T10:00', inserted: 5, updated: 2, deleted: 1, quarantined: 0 },
        { minute: '2026-11-23T10:01', inserted: 1, updated: 0, deleted: 0, quarantined: 1 },
      ],
      milestones: [
        { type: 'job.created', actor: 'ada' },
        { type: 'job.stopped', actor: 'bob' },
      ],
    });
    expect(json.tables).toMatchObject([
      { name: 'public.a', inserted: 5, chunks: 1, first_at: at(2), last_at: at(3) },
      { name: 'public.b', inserted: 1, updated: 2, deleted: 1, quarantined: 1, chunks: 2, last_at: at(63) },
    ]);
    expect(json.types[0]).toEqual({ name: 'chunk.applied', count: 3 });
    expect(json).not.toHaveProperty('next_token');
  });

  it('comes in parts that add up, where the trail is long', async () => {
    for (let i = 1; i <= 250; i++) await append(log, jobId, [chunk(i, 'public.a', { inserted: 1 })]);

    const first = (await get('/report')).json;
    const second = (await get('/report', `next_token=${first.next_token}`)).json;

    expect([first.from_seq, first.through_seq, second.from_seq, second.through_seq]).toEqual([1, 200, 201, 250]);
    expect(first.rows.inserted + second.rows.inserted).toBe(250);
    expect(second).not.toHaveProperty('next_token');
  });

  it('is JSON, CSV or a page, as format or accept says', async () => {
    await append(log, jobId, story());
    const type = async (query: string, accept?: string) => {
      const answer = await api.call({
        path: `/api/sync/audit/${jobId}/report`,
        query,
        ...(accept && { headers: { accept } }),
      });
      return answer.headers['content-type'];
    };

    expect(await type('', 'application/json')).toBe('application/json');
    expect(await type('', 'text/html,application/xhtml+xml;q=0.9')).toBe('text/html; charset=utf-8');
    expect(await type('', 'text/csv')).toBe('text/csv; charset=utf-8');
    expect(await type('format=json', 'text/html')).toBe('application/json');
    expect(errorsOf(await get('/report', 'format=pdf'))).toEqual(['invalid_enum /format']);
  });

  it('makes a page that runs nothing, whatever names are in it', async () => {
    const evil = `public."><script>alert(1)</script><img src=x onerror=alert(1)>'`;
    await append(log, jobId, [
      chunk(1, evil, { inserted: 3 }),
      event(2, { type: 'job.failed', actor: evil, data: { code: evil } }),
    ]);

    const { text, headers } = await get('/report', 'format=html');

    expect(text).not.toMatch(/<script|<img|onerror=alert\(1\)>|javascript:/i);
    expect(text).toContain('&lt;script&gt;');
    expect(text).toContain('<svg');
    expect(text).not.toMatch(/ style=|https?:\/\//);
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]+';.*sandbox$/);
    expect(headers['content-disposition']).toMatch(/^attachment/);
    expect(headers['x-content-type-options']).toBe('nosniff');
  });
});

describe('GET /api/sync/audit/{job_id}/export', () => {
  it('gives lossless JSON lines, whose hashes anybody can make again', async () => {
    await append(log, jobId, story());

    const { text, headers } = await get('/export', 'table=public.b');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as AuditRecord);

    expect(headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
    expect(headers['content-disposition']).toBe(`attachment; filename="audit-${jobId}.jsonl"`);
    expect(lines).toEqual(link(START, story()).filter((r) => r.data.table === 'public.b'));
  });

  it('gives CSV in which no cell is a formula, and from which each value can be read again', async () => {
    const evil = ['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\r=1', 'a"b,c\nd', "'quoted", '=cmd|" /C calc"!A0', ' x '];
    await append(
      log,
      jobId,
      evil.map((name, i) => chunk(i + 1, name)),
    );

    const { text } = await get('/export', 'format=csv');
    const rows = parseCsv(text);

    expect(rows[0]).toEqual(['seq', 'at', 'type', 'severity', 'actor', 'table', 'data', 'id', 'hash']);
    expect(rows).toHaveLength(evil.length + 1);
    for (const row of rows) for (const cell of row) expect(cell).not.toMatch(/^[=+\-@\t\r\0]/);
    expect(rows.slice(1).map((r) => r[5]?.replace(/^'(?=[=+\-@\t\r])/, ''))).toEqual(evil);
    expect(rows.slice(1).map((r) => JSON.parse(r[6] ?? '').table)).toEqual(evil);
  });

  it('comes in parts; put together they are the file', async () => {
    for (let i = 1; i <= 450; i++) await append(log, jobId, [chunk(i, 'public.a')]);
    for (const format of ['csv', 'jsonl']) {
      let file = '';
      let parts = 0;
      for (let token: string | undefined = ''; token !== undefined; parts++) {
        const answer = await get('/export', `format=${format}${token && `&next_token=${token}`}`);
        file += answer.text;
        token = answer.headers['x-next-token'] as string | undefined;
      }
      expect(parts).toBe(3); // of 200 blocks each
      expect(file.trimEnd().split('\n')).toHaveLength(format === 'csv' ? 451 : 450);
      expect(file.match(/seq,at,type/g) ?? []).toHaveLength(format === 'csv' ? 1 : 0);
    }
  });
});

describe('GET /api/sync/audit/{job_id}/verify', () => {
  const steps = async () => {
    const all = [];
    for (let token: string | undefined = ''; token !== undefined; ) {
      const { json } = await get('/verify', token && `next_token=${token}`);
      all.push(json);
      token = json.next_token;
    }
    return all;
  };

  it('finds a trail intact, sealed once the job has ended, and names its root', async () => {
    const head = await append(log, jobId, story());
    const root = { events: head.events, hash: head.hash, at: at(99) };

    expect((await get('/verify')).json).toMatchObject({ state: 'intact', events: 9, sealed: false, faults: [] });
    await log.seal(jobId, root);
    await api.jobs.transition(jobId, { from: ['running'], epoch: 1 }, { audit_root: root });
    expect((await get('/verify')).json).toMatchObject({ state: 'intact', sealed: true, root, hash: head.hash });
    await append(log, jobId, [event(100)]);
    expect((await get('/verify')).json).toMatchObject({ state: 'intact', events: 10, sealed: false, root });
    expect(api.logged.filter((line) => line.includes('"AuditTrailsBroken":0'))).toHaveLength(3);
  });

  it('goes through a long trail in steps, and the last one knows of faults in any', async () => {
    const add = log.add;
    log.add = (block) =>
      add(block.records[0].seq === 7 ? { ...block, records: [{ ...block.records[0], actor: 'eve' }] } : block);
    for (let i = 1; i <= 250; i++) await append(log, jobId, [chunk(i, 'public.a')]);

    const all = await steps();

    expect(all.map((s) => [s.state, s.events, s.faults_in_all])).toEqual([
      ['broken', 200, 1],
      ['broken', 250, 1],
    ]);
    expect(all[0].faults).toMatchObject([{ code: 'altered', seq: 7 }]);
    expect(api.logged.filter((line) => line.includes('"AuditTrailsBroken":1'))).toHaveLength(2); // each step that knows of it
  });

  it('misses a tail of any length that was cut off, and a trail that was emptied', async () => {
    for (let i = 1; i <= 5; i++) await append(log, jobId, [chunk(i, 'public.a')]);
    const { blocks } = log;
    for (const left of [4, 2, 0]) {
      log.blocks = async (id, after, limit) => {
        const page = await blocks(id, after, limit);
        return { ...page, blocks: page.blocks.filter((b) => b.first <= left) };
      };
      expect((await steps()).at(-1)).toMatchObject({
        state: 'broken',
        faults: [{ code: 'tail_missing', seq: left + 1 }],
      });
    }
  });
});

/** RFC 4180, as a spreadsheet reads it. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  const row: string[] = [];
  for (const [, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(quoted === undefined ? (bare ?? '') : quoted.replaceAll('""', '"'));
    if (end === '\r\n') rows.push(row.splice(0));
  }
  return rows;
}
