import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { ENDED_STATES } from '../../../lib/model/job.ts';
import { makePairs } from './pairs.ts';

/** What the pictures show, once it has happened. */
export interface Scene {
  readonly jobs: {
    readonly troubled: string;
    readonly failed: string;
    readonly running: string;
    readonly project: string;
  };
  readonly conflictId: string;
  /** Over pairs. */
  readonly orderId: string;
  /** Lets the running job go on to its end. */
  release(): Promise<void>;
}

interface SceneOptions {
  readonly url: string;
  readonly token: string;
  readonly source: string;
  readonly target: string;
}

const MANUAL = {
  conflict_strategy: 'manual',
  conflict_rules: { '*': { keep_images: true } },
  max_delete_percent: 100,
  audit_level: 'detailed',
};
/** Tables of the running job: it decides nothing of what waits for people. */
const AT_WORK = ['tax_districts', 'assessments', 'improvements', 'permits', 'sales'].map((name) => `public.${name}`);

/** The same rows changed on both sides, some deleted on one; and sales that the target refuses. */
const IN_SOURCE = `
  update public.owners set name = name || ' Family Trust', kind = 'trust', email = 'trust@example.org' where owner_id in (1, 3, 5);
  update public.owners set mailing_address = '1 Court Street, Springfield' where owner_id between 7 and 18;
  update public.parcels set land_value = land_value + 12500, attributes = attributes || '{"flood_zone": "AE", "corner_lot": true}'
    where parcel_id in (2, 4, 6, 8);
  update public.sales set price = 5 where sale_id in (1, 2, 3, 4);
  delete from public.inspections where permit_id in (1, 2)`;
const IN_TARGET = `
  update public.owners set name = name || ' (deceased)', email = 'estate@example.org', phones = '{555-0100}' where owner_id in (1, 3, 5);
  update public.owners set mailing_address = 'PO Box 12' where owner_id between 7 and 18;
  update public.parcels set land_value = land_value + 900, attributes = attributes || '{"flood_zone": "X"}', zoning = 'C-1'
    where parcel_id in (2, 4, 6, 8);
  update public.inspections set inspector = 'R. Trainee' where permit_id in (1, 2);
  alter table public.sales add constraint price_is_plausible check (price > 1000) not valid`;

/** Makes through the API what the pages are to show: jobs of every kind, conflicts, mappings, environments, schedules. */
export async function makeScene({ url, token, source, target }: SceneOptions): Promise<Scene> {
  // biome-ignore lint/suspicious/noExplicitAny: answers of many routes
  type Said = { readonly status: number; readonly tag: string; readonly body: any };
  const call = async (
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Said> => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      tag: answer.headers.get('etag') ?? '',
      body: text ? JSON.parse(text) : {},
    };
  };
  const must = async (...asked: Parameters<typeof call>) => {
    const answer = await call(...asked);
    if (answer.status >= 300) throw new Error(`${asked[0]} ${asked[1]}: ${JSON.stringify(answer.body)}`);
    return answer;
  };
  const both = { source_connection: source, target_connection: target };
  const start = async (config: object) =>
    String((await must('POST', '/api/sync/full', { ...both, config })).body.job_id);
  const until = async (jobId: string, isSo: (state: string) => boolean) => {
    const { body } = await must('GET', `/api/sync/status/${jobId}`);
    if (isSo(body.state)) return;
    await new Promise((wake) => setTimeout(wake, 200)); // a person's script: nobody waits for it
    await until(jobId, isSo);
  };
  const run = async (config: object) => {
    const jobId = await start(config);
    await until(jobId, (state) => (ENDED_STATES as readonly string[]).includes(state));
    return jobId;
  };
  const query = async (database: string, sql: string) => {
    const client = new pg.Client(database);
    await client.connect();
    await client.query(sql);
    await client.end();
  };

  const receiver = createServer((request, answer) => {
    request.resume().on('end', () => answer.writeHead(request.url === '/down' ? 503 : 204).end());
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const { port } = receiver.address() as AddressInfo; // it listens on a port
  const hook = (name: string, path: string, events: readonly string[]) =>
    must('PUT', `/api/sync/webhooks/${name}`, { url: `http://127.0.0.1:${port}/${path}`, events });
  await hook('operations', 'up', ['job.ended', 'job.paused', 'job.resumed', 'conflicts.new']);
  await hook('archive', 'down', ['job.ended']);

  await run({});
  await run(MANUAL); // what conflicts are told by: both sides as they agree
  await query(source, IN_SOURCE);
  await query(target, IN_TARGET);
  const troubled = await run(MANUAL);
  const failed = await run({ ...MANUAL, max_quarantined_rows: 0 });
  const { conflicts } = (await must('GET', `/api/sync/conflicts/${troubled}?table=public.parcels`)).body;

  const mapping = (name: object) => ({
    'land.property': { from: 'public.parcels', columns: { id: 'parcel_id', pin: 'pin', county: name } },
  });
  const first = await must('PUT', '/api/sync/mappings/parcels', { mapping: mapping({ constant: 'Sangamon' }) });
  await must('POST', '/api/sync/mappings/parcels/approve', { version: 1 }, { 'if-match': first.tag });
  const { tag } = await must('GET', '/api/sync/mappings/parcels');
  await must('PUT', '/api/sync/mappings/parcels', { mapping: mapping({ constant: 'Menard' }) }, { 'if-match': tag });

  const put = (name: string, connection: string, rest: object) =>
    must('PUT', `/api/sync/environments/${name}`, { connection, ...rest }, { 'if-none-match': '*' });
  await put('production', source, { description: 'The assessor’s own', colour: 'red' });
  await put('training', target, { description: 'For new staff', colour: 'green', writable: true });
  const sides = { source_environment: 'production', target_environment: 'training' };
  const nightly = { ...sides, expression: 'cron(0 2 * * ? *)', timezone: 'America/Chicago', mode: 'incremental' };
  await must('PUT', '/api/sync/schedules/nightly', nightly);
  const weekly = { ...sides, expression: 'rate(7 days)', mode: 'full', paused: true };
  await must('PUT', '/api/sync/schedules/weekly-in-full', weekly);

  const orderId = await makePairs({ must, sides });

  const root = { root: 'public.parcels', key: [2, 4, 6, 8], exclude: ['public.tax_districts'] };
  const started = await must('POST', '/api/sync/full', {
    ...sides,
    config: { conflict_strategy: 'manual', project: root },
  });
  const project = String(started.body.job_id);
  await until(project, (state) => (ENDED_STATES as readonly string[]).includes(state));

  const holder = new pg.Client(target);
  await holder.connect();
  await holder.query('begin; lock table public.sales in share mode');
  await query(source, 'update public.assessments set land_value = land_value + 1500 where parcel_id % 3 = 0');
  const running = await start({
    conflict_strategy: 'source_wins',
    tables: { include: AT_WORK },
    max_parallel_tables: 4,
  });
  await until(running, (state) => state === 'running');

  const { body: training, tag: seen } = await must('GET', '/api/sync/environments/training');
  const { description, colour } = training;
  const guarded = { description, colour, writable: true, protected: true };
  await must('PUT', '/api/sync/environments/training', guarded, { 'if-match': seen });
  const asked = await call('POST', '/api/sync/full', { ...sides, config: {} });
  if (asked.body.code !== 'approval_required') throw new Error(`no request: ${JSON.stringify(asked.body)}`);

  return {
    jobs: { troubled, failed, running, project },
    conflictId: conflicts[0].conflict_id,
    orderId,
    release: async () => {
      receiver.close();
      await holder.end();
      await until(running, (state) => (ENDED_STATES as readonly string[]).includes(state));
    },
  };
}
