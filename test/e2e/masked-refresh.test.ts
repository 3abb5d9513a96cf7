import { createPrivateKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeProtectedHeader, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { canariesIn, EDITS, FILL, keptIn, PEOPLE, REFRESH, REFUSING } from '../support/canaries.ts';
import { rowVersions } from '../support/compare.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';
import { createDatabaseAt, ownServer } from '../support/elsewhere.ts';
import { executionsOf } from './executions.ts';
import { type E2eService, runNode, startService } from './support.ts';

/** A server that logs whatever it is asked, with every parameter, and every error with all it knows. */
const TALKATIVE = {
  log_statement: 'all',
  log_error_verbosity: 'verbose',
  log_min_error_statement: 'debug5',
  log_min_messages: 'debug1',
  log_parameter_max_length_on_error: '-1',
};

let service: E2eService;
let source: TestDatabase;
let target: TestDatabase;
let server: Awaited<ReturnType<typeof ownServer>>;
let viewer: string;
const stack = new AsyncDisposableStack();
beforeAll(async () => {
  service = stack.use(await startService());
  source = stack.use(await createDatabase());
  server = stack.use(await ownServer(TALKATIVE));
  target = stack.use(await createDatabaseAt(server.server.url('postgres')));
  await source.client.query(`${PEOPLE};${FILL}`);
  await target.client.query(`${PEOPLE};${REFUSING}`);
  await target.client.query(`
    insert into person (id, remark, tax_no) values (3, 'by hand', '1');
    insert into person (id, code, tax_no) values (900, 'code 9', '2')`);
  viewer = await tokenOf('viewer');
});
afterAll(() => stack[Symbol.asyncDispose]());

/** A token of the service's own issuer, for one role. */
async function tokenOf(role: string): Promise<string> {
  const key = createPrivateKey(readFileSync(join(service.dataDir, 'issuer-key.pem'), 'utf8'));
  const kid = decodeProtectedHeader(service.token).kid ?? '';
  const claims = {
    sub: role,
    'cognito:groups': [role],
    iss: `${service.places().controlUrl}/issuer`,
    aud: 'terrafusion-local',
  };
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).setIssuedAt().setExpirationTime('10m').sign(key);
}

async function refresh(config: object = {}) {
  const body = { source_connection: source.url, target_connection: target.url, config: { ...REFRESH, ...config } };
  const answer = await service.post('/api/sync/full', body);
  expect(answer.text).toContain('job_id');
  return service.waitForEnd(answer.body.job_id);
}

/** Every command that shows something of a job, and what it printed. */
async function commands(jobId: string, conflict: string): Promise<string> {
  const at = ['cli/tfsync.ts', '--url', service.url, '--token-file', join(service.dataDir, 'token')];
  const all = [
    ['jobs'],
    ['status', jobId],
    ['conflicts', jobId],
    ['conflict', jobId, conflict],
    ['validate', jobId, 'public.person'],
    ['audit', jobId],
    ['audit', 'report', jobId],
    ['audit', 'verify', jobId],
  ];
  const ended = await Promise.all(all.map((args) => runNode([...at, ...args])));
  return ended.map((e) => e.stdout + e.stderr).join('\n');
}

/** All rows of all tables of a database, those of tf_sync among them. */
async function rowsOf({ client }: TestDatabase): Promise<string> {
  const { rows } = await client.query(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  const texts: string[] = [];
  for (const { name } of rows)
    texts.push(name, JSON.stringify((await client.query(`select t::text from ${name} t`)).rows));
  return texts.join('\n');
}

/** Every file below a folder. One that has gone meanwhile is empty: the emulated DynamoDB compacts its files when it likes. */
function filesIn(folder: string): readonly (readonly [string, string])[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => {
    try {
      return [name, readFileSync(join(parentPath, name), 'latin1')];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [name, '']; // readFile throws system errors only
      throw error;
    }
  });
}

/** Everything that a job's pages, files and commands show, looked at once. */
async function lookAt(jobId: string): Promise<string> {
  const base = `/api/sync/conflicts/${jobId}`;
  const { conflicts } = (await service.get(base)).body;
  const texts: string[] = [];
  for (const { conflict_id } of conflicts) {
    const [asViewer, asResolver] = [
      await service.call(`${base}/${conflict_id}`, { token: viewer }),
      await service.get(`${base}/${conflict_id}`),
    ];
    expect([asViewer.status, asResolver.status]).toEqual([200, 200]);
    expect([keptIn(asViewer.text), keptIn(asResolver.text)]).toEqual([false, true]);
  }
  const files = ['', '/report', '/export', '/verify', '/report?format=csv', '/report?format=html'];
  for (const path of files) {
    const answer = await fetch(`${service.url}/api/sync/audit/${jobId}${path}`, {
      headers: { authorization: `Bearer ${service.token}` },
    });
    expect([path, answer.status]).toEqual([path, 200]);
    texts.push(await answer.text());
  }
  return [...texts, await commands(jobId, conflicts[0].conflict_id)].join('\n');
}

const ISSUES = [
  ['10', 'value_not_computable', 'kind'],
  ['11', 'value_not_masked', 'tax_no'],
  ['7', 'check_failed', 'person_id_check'],
  ['8', 'check_failed', 'person_remark_check'],
  ['9', 'unique_clash', 'person_code_key'],
];

const quarantined = async (jobId: string) => {
  const { rows } = await target.client.query(
    'select distinct key[1], code, object from tf_sync.quarantine where job_id = $1 order by 1',
    [jobId],
  );
  return rows.map((r) => Object.values(r));
};

test('a masked refresh leaves no production value of a tagged column anywhere, whatever fails and whoever looks', async () => {
  const dry = await refresh({ dry_run: true });
  const first = await refresh();
  const versions = await rowVersions(target.client);
  const second = await refresh();
  const unchanged = await rowVersions(target.client);
  await source.client.query(EDITS.source);
  await target.client.query(EDITS.target);
  const third = await refresh();
  const seen = await lookAt(third.job_id);
  const base = `/api/sync/conflicts/${third.job_id}`;
  const { conflicts } = (await service.get(base)).body;
  const one = (await service.get(`${base}/${conflicts[0].conflict_id}`)).body;
  const decided = await service.post(`${base}/${one.conflict_id}/resolve`, { side: 'source', expected: one.expected });
  await target.client.query('checkpoint');

  expect(dry.counts.inserted).toBeGreaterThan(30);
  expect(first.failure).toBeUndefined();
  expect(first).toMatchObject({ state: 'completed_with_issues', counts: { quarantined: 5, conflicts: 1 } });
  expect(await quarantined(first.job_id)).toEqual(ISSUES);
  expect(second.counts).toMatchObject({ inserted: 0, updated: 0, deleted: 0, quarantined: 5 });
  expect(unchanged).toEqual(versions);
  expect(third.counts).toMatchObject({ conflicts: 3 });
  expect(decided.status).toBe(200);

  const kept = Object.fromEntries(filesIn(service.dataDir))['secrets.json'];
  expect(third.masks).toEqual(first.masks);
  expect(kept).toContain(`/mask/${third.masks?.pair}"`);

  const rows = await rowsOf(target);
  const places: readonly (readonly [string, string])[] = [
    ['rows of the target', rows],
    ['items', JSON.stringify(await service.items())],
    ['answers', service.answers.join('\n')],
    ['shown', seen],
    ['output', service.output()],
    [
      'executions',
      JSON.stringify(await Promise.all([dry, first, second, third].map((job) => executionsOf(service, job.job_id)))),
    ],
    ...filesIn(server.folder),
    ...(server.server.home === server.folder ? [] : filesIn(server.server.home)),
    ...filesIn(service.dataDir),
  ];
  const found = places.flatMap(([name, content]) => canariesIn(content).map((c) => `${name}: ${c}`));
  const holding = (is: (content: string) => boolean) =>
    places.flatMap(([name, content]) => (is(content) ? [name] : []));
  expect(found).toEqual([]);
  // the search sees what is there: each kind of canary in the source, the job in every place, and what is kept on purpose
  expect(canariesIn(await rowsOf(source)).length).toBeGreaterThan(40);
  expect(holding((content) => content.includes(third.job_id))).toEqual(expect.arrayContaining(PLACES));
  expect(holding(keptIn)).toEqual(expect.arrayContaining(['rows of the target', 'postgres.log']));
  expect(holding(keptIn).filter((name) => /Function|fauxqs|items|executions|output/.test(name))).toEqual([]);
}, 120_000);

/** Where the job itself is to be found. */
const PLACES = ['rows of the target', 'items', 'answers', 'shown', 'executions', 'postgres.log', 'fauxqs.db-wal'];
