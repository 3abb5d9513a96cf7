import pg from 'pg';
import type { JobConfig } from '../../lib/model/config.ts';
import type { Answer, E2eService } from '../e2e/support.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { PAYLOADS } from './payloads.ts';
import { storePayloads } from './stored-payloads.ts';
import { openStores } from './stores.ts';
import { tokenOf } from './token.ts';

const at = (index: number): string => PAYLOADS[index % PAYLOADS.length] ?? '';
const id = pg.escapeIdentifier;
const text = pg.escapeLiteral;
const every = (make: (payload: string, index: number) => string) => PAYLOADS.map(make).join(', ');

/** Names of the tables: one row with a column for each payload, a row for each, and rows that the target refuses. */
const [WIDE, ROWS, ASIDE] = [at(6), at(15), at(60)];
/** Somebody's name, as a token may say it. */
const ACTOR = at(22);
const OTHERS = PAYLOADS.filter((payload) => ![WIDE, ROWS, ASIDE].includes(payload));

const CONFIG: Partial<JobConfig> = {
  conflict_strategy: 'manual',
  audit_level: 'detailed',
  tables: { include: ['public.*'], exclude: OTHERS },
};

const SCHEMA = `create type label as enum (${every(text)});
  create table ${id(WIDE)} (id int primary key, ${every((payload) => `${id(payload)} text default 'before'`)});
  create table ${id(ROWS)} (key text primary key, value text, kind label, doc jsonb);
  create table ${id(ASIDE)} (key text primary key, ${id(at(40))} text);
  insert into ${id(WIDE)} (id) values (1);
  insert into ${id(ROWS)} values ${every((payload) => `(${text(payload)}, 'before', ${text(payload)}, '{}')`)}`;

const comments = (table: string) => `comment on table ${id(table)} is ${text(at(3))}`;

/** Payloads joined to texts of at most so many characters. */
function packed(most: number): readonly string[] {
  const texts: string[] = [];
  for (const payload of PAYLOADS) {
    const last = texts.at(-1);
    if (last !== undefined && last.length + payload.length < most) texts[texts.length - 1] = `${last} ${payload}`;
    else texts.push(payload);
  }
  return texts;
}

/** Of the rows put aside: few, because the service finds each by trying halves. */
const REFUSED = packed(500);

/** Both sides have changed every row; the target refuses each row put aside by a constraint of its own. */
const CHANGES = {
  source: `update ${id(WIDE)} set ${every((payload) => `${id(payload)} = ${text(payload)}`)};
    ${PAYLOADS.map((p) => `update ${id(ROWS)} set value = ${text(p)}, doc = jsonb_build_object(${text(p)}, ${text(p)}) where key = ${text(p)}`).join(';')};
    insert into ${id(ASIDE)} values ${REFUSED.map((all) => `(${text(all)}, ${text(all)})`).join(', ')}`,
  target: `update ${id(WIDE)} set ${every((payload) => `${id(payload)} = ${text(`kept ${payload}`)}`)};
    update ${id(ROWS)} set value = 'kept ' || key, kind = ${text(at(0))}, doc = jsonb_build_object('kept', key);
    alter table ${id(ASIDE)} ${every((payload, i) => `add constraint ${id(payload)} check (key <> ${text(REFUSED[i] ?? payload)})`)}`,
};

async function databases(): Promise<TestPair> {
  const pair = await createPair();
  for (const { client } of [pair.source, pair.target]) {
    await client.query(SCHEMA);
    for (const table of [WIDE, ROWS, ASIDE]) await client.query(comments(table));
  }
  return pair;
}

/** A service whose databases, jobs, conflicts, mappings, environments, requests and schedules say nothing but payloads. */
export async function payloadWorld(service: E2eService) {
  const pair = await databases();
  using stores = await openStores(service.places().dynamodbUrl);
  const token = await tokenOf(service, { username: ACTOR, groups: ['admin'] });
  const send = async (method: string, path: string, body: unknown, headers: Record<string, string> = {}) => {
    const init = {
      method,
      token,
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    };
    const answer = await service.call(path, init);
    if (answer.status >= 400 && answer.body.code !== 'approval_required')
      throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
    return answer;
  };
  const sides = { source_connection: pair.source.url, target_connection: pair.target.url };
  const run = async () => {
    const { job_id } = (await send('POST', '/api/sync/full', { ...sides, config: CONFIG })).body;
    return service.waitForEnd(job_id);
  };
  await run();
  for (const side of ['source', 'target'] as const) await pair[side].client.query(CHANGES[side]);
  const ended = await run();
  const conflicts = await decided(service, send, ended.job_id);
  await administer(send, pair, sides);
  return { pair, jobId: ended.job_id, ...conflicts, storedJob: await storePayloads(stores) };
}

type Send = (method: string, path: string, body: unknown, headers?: Record<string, string>) => Promise<Answer>;

/** Some conflicts of the job are decided with notes; the others stay open. */
async function decided(service: E2eService, send: Send, jobId: string) {
  const list = `/api/sync/conflicts/${jobId}`;
  const wide = (await service.get(`${list}?table=${encodeURIComponent(`public.${WIDE}`)}`)).body.conflicts[0];
  const { conflicts } = (await service.get(`${list}?table=${encodeURIComponent(`public.${ROWS}`)}&limit=100`)).body;
  const notes = packed(2000);
  const noted = conflicts.slice(0, notes.length).map((c: { conflict_id: string }) => c.conflict_id) as string[];
  for (const [index, conflict] of noted.entries()) {
    const { expected } = (await service.get(`${list}/${conflict}`)).body;
    await send('POST', `${list}/${conflict}/resolve`, { side: 'target', expected, note: notes[index] });
  }
  return { wide: wide.conflict_id as string, noted, open: conflicts[50].conflict_id as string };
}

async function administer(send: Send, pair: TestPair, sides: object): Promise<void> {
  const mapping = {
    [at(1)]: { from: at(2), columns: Object.fromEntries(PAYLOADS.map((payload) => [payload, { constant: payload }])) },
  };
  const first = await send('PUT', '/api/sync/mappings/payloads', {
    mapping: { [at(1)]: { from: at(2), columns: { a: 'b' } } },
  });
  await send(
    'PUT',
    '/api/sync/mappings/payloads',
    { mapping, note: packed(2000)[0] },
    { 'if-match': first.headers.get('etag') ?? '' },
  );
  await send('PUT', '/api/sync/schedules/payloads', {
    ...sides,
    expression: 'rate(30 days)',
    config: CONFIG,
    paused: true,
  });
  const environments = packed(500).map((description, i) =>
    send('PUT', `/api/sync/environments/payloads-${i}`, { connection: pair.source.url, description }),
  );
  await Promise.all(environments);
  const names = { source_environment: 'payloads-0', target_environment: 'payloads-1' };
  const kept = packed(500).map((description, i) =>
    send('PUT', `/api/sync/pairs/payloads-${i}`, { ...names, description }),
  );
  await Promise.all(kept);
  await send('PUT', '/api/sync/environments/guarded', { connection: pair.target.url, writable: true, protected: true });
  for (const note of packed(2000)) {
    const config = { ...CONFIG, batch_size: note.length };
    const asked = await send('POST', '/api/sync/full', { ...sides, config });
    await send('POST', `/api/sync/approvals/${asked.body.facts.approval_id}/reject`, { note });
  }
}
