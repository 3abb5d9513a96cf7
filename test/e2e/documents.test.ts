import { spawn } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StatusView } from '../../lib/orchestrator/status.ts';
import { synthesize } from '../../local/synth.ts';
import { createCountyPair } from '../support/county.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { type Example, examplesOf } from '../support/pages/examples.ts';
import { pythonMissing } from '../support/python.ts';
import { type E2eService, type Finished, ROOT, scratchFolder, spawnNode, startService, until } from './support.ts';

const client = (name: string) => readFileSync(join(ROOT, 'examples/python', name), 'utf8');

/** Databases that are equal, with two rows: a first sync of them writes nothing. */
async function tinyPair(): Promise<TestPair> {
  const pair = await createPair();
  for (const { client } of [pair.source, pair.target])
    await client.query(
      `create table parcels (id int primary key, x text); insert into parcels values (1, 'a'), (7, 'g')`,
    );
  return pair;
}

/** A program that ran to its end, in a folder of its own. */
function run(program: string, args: readonly string[], cwd: string, env: Record<string, string> = {}) {
  const child = spawn(program, args, { cwd, env: { PATH: process.env.PATH ?? '', ...env } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (part: Buffer) => {
    stdout += part;
  });
  child.stderr.on('data', (part: Buffer) => {
    stderr += part;
  });
  return new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** 5000, the port that the original client names; 0 where another program of this machine has it. */
function portOfTheOriginal(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const probe = createServer();
  probe.once('error', () => resolve(0));
  probe.listen(5000, '127.0.0.1', () => probe.close(() => resolve(5000)));
  return promise;
}

/** Makes localhost mean ::1 first, as it does on many machines; the service listens on 127.0.0.1. */
const SIX_FIRST = `import socket
real = socket.getaddrinfo
def both(host, *rest, **more):
    if host != "localhost":
        return real(host, *rest, **more)
    six = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", rest[0], 0, 0))
    return [six] + real("127.0.0.1", *rest, **more)
socket.getaddrinfo = both
`;

/** Files that the documents take for granted, and the programs by their names. */
function prepareFolder(folder: string, service: E2eService, { source, target }: TestPair): void {
  const files = {
    'connections.txt': `${source.url}\n${target.url}\n`,
    'production.txt': `${source.url}\n`,
    'training.txt': `${target.url}\n`,
    '.terrafusion/token': service.token,
    'bin/tfsync': `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'cli/tfsync.ts')}' "$@"\n`,
    'bin/npm': `#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift\nexec tfsync "$@"\n`, // npm run tfsync --
  };
  for (const name of ['bin', '.terrafusion']) mkdirSync(join(folder, name));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o755 });
}

/**
 * An example with its placeholders filled in. A webhook goes to a port where nobody listens; a command that asks somebody at a terminal
 * has its answer.
 */
function script({ text }: Example, service: E2eService, { source, target }: TestPair, jobId: string): string {
  return text
    .replaceAll('JOB_ID', jobId)
    .replaceAll('http://127.0.0.1:5000', service.url)
    .replaceAll('https://hooks.example.org', 'http://127.0.0.1:9')
    .replaceAll(/tfsync mappings approve .*/g, (line) => line.replace(/ *#.*|$/, ' --yes'))
    .replaceAll(/(source\S* "?)(postgresql:\/\/\.\.\.|URL)/g, (_, before) => `${before}${source.url}`)
    .replaceAll(/(target\S* "?)(postgresql:\/\/\.\.\.|URL)/g, (_, before) => `${before}${target.url}`);
}

/** Before anything waits for a service: a first build takes two minutes where the machine has much else to do. */
beforeAll(async () => {
  await synthesize();
}, 600_000);

describe.skipIf(pythonMissing)(`clients in Python ${pythonMissing ?? ''}`, () => {
  test('the calls of the original documentation run as they are against npm start -- --no-auth', async () => {
    await using pair = await tinyPair();
    using folder = scratchFolder();
    mkdirSync(join(folder.path, 'six'));
    writeFileSync(join(folder.path, 'six', 'sitecustomize.py'), SIX_FIRST);
    const port = await portOfTheOriginal();
    const dataDir = join(folder.path, 'data');
    const env = { TFSYNC_SOURCE: pair.source.url, TFSYNC_TARGET: pair.target.url };
    const args = ['local/start.ts', '--no-auth', '--port', String(port), '--data-dir', dataDir];
    const service = spawnNode(args, env);
    try {
      const url = await until('npm start to stay up', () => {
        if (service.process.exitCode !== null) throw new Error(service.output());
        return /The service stays up at (http:\S+)/.exec(service.stderr())?.[1];
      });
      await pair.source.client.query(`insert into parcels values (2, 'b')`);
      const text = client('full_sync.py')
        .replace('postgresql://user:password@source_host:5432/source_db', pair.source.url)
        .replace('postgresql://user:password@target_host:5432/target_db', pair.target.url);
      const own = port === 5000 ? text : text.replaceAll('localhost:5000', new URL(url).host);
      writeFileSync(join(folder.path, 'client.py'), own);

      const ran = await run('python3', ['client.py'], folder.path, { PYTHONPATH: join(folder.path, 'six') });

      expect(ran).toMatchObject({ code: 0, stderr: '' });
      const jobId = /'job_id': '([0-9a-f-]{36})'/.exec(ran.stdout)?.[1];
      await until('the row to be there', async () => {
        const { rows } = await pair.target.client.query('select x from parcels where id = 2');
        return rows.length === 1;
      });
      const ended = await until('the job to end', async () => {
        const status = (await (await fetch(`${url}/api/sync/status/${jobId}`)).json()) as StatusView;
        return 'ended_at' in status ? status : undefined;
      });
      expect(ended).toMatchObject({ state: 'completed', counts: { inserted: 1 } });
    } finally {
      service.process.kill('SIGTERM');
      await service.exited;
    }
    service.searchLife(dataDir, { ran: true });
  });
});

describe('one service', () => {
  let service: E2eService;
  beforeAll(async () => {
    service = await startService();
  });
  afterAll(() => service[Symbol.asyncDispose]());

  describe('what the documents show of tfsync and curl runs as it is written', () => {
    const shown = ['README.md', ...globSync('docs/*.md', { cwd: ROOT })]
      .sort()
      .flatMap((page) => examplesOf(page, readFileSync(join(ROOT, page), 'utf8')))
      .filter((e) => e.language === 'sh' && e.mark === undefined);
    const folder = scratchFolder();
    let pair: TestPair;
    let jobId: string;
    beforeAll(async () => {
      pair = await tinyPair();
      jobId = await service.startFull(pair);
      await service.waitForEnd(jobId);
      prepareFolder(folder.path, service, pair);
    });
    afterAll(async () => {
      folder[Symbol.dispose]();
      await pair[Symbol.asyncDispose]();
    });

    test('there are some', () => {
      expect(shown.length).toBeGreaterThan(6);
    });

    test.each(shown.map((e) => [`${e.page}:${e.line}`, e] as const))('%s', async (_where, example) => {
      const ran = await run('bash', ['-ec', script(example, service, pair, jobId)], folder.path, {
        PATH: `${join(folder.path, 'bin')}:${process.env.PATH}`,
        HOME: folder.path,
        TFSYNC_URL: service.url,
        TFSYNC_TOKEN: service.token,
      });

      expect(ran, ran.stderr).toMatchObject({ code: 0 });
      expect(ran.stdout).not.toMatch(/"status": ?[45]\d\d/); // of curl, which ends 0 all the same
      await until('its jobs to end', async () => {
        const { jobs } = (await service.get('/api/sync/jobs?limit=20')).body as {
          jobs: readonly { ended_at?: string }[];
        };
        return jobs.every((job) => job.ended_at !== undefined);
      });
    });
  });

  describe.skipIf(pythonMissing)(`clients in Python ${pythonMissing ?? ''}`, () => {
    test('with one header more the original calls run where a token is asked for', async () => {
      await using pair = await tinyPair();
      await pair.source.client.query(`insert into parcels values (2, 'b')`);
      using folder = scratchFolder();
      const printed = client('full_sync.py')
        .replace('postgresql://user:password@source_host:5432/source_db', pair.source.url)
        .replace('postgresql://user:password@target_host:5432/target_db', pair.target.url)
        .replaceAll('localhost:5000', new URL(service.url).host);
      const header = `headers={"Authorization": "Bearer ${service.token}"}`;
      const withHeader = printed
        .replace('/api/sync/full",\n', `/api/sync/full",\n    ${header},\n`)
        .replace('{job_id}")', `{job_id}", ${header})`);
      writeFileSync(join(folder.path, 'bare.py'), printed);
      writeFileSync(join(folder.path, 'client.py'), withHeader);

      const bare = await run('python3', ['bare.py'], folder.path);
      const ran = await run('python3', ['client.py'], folder.path);

      expect(withHeader.split('Authorization')).toHaveLength(3);
      expect(bare.stderr).toContain("KeyError: 'job_id'");
      expect(ran).toMatchObject({ code: 0, stderr: '' });
      const jobId = /'job_id': '([0-9a-f-]{36})'/.exec(ran.stdout)?.[1] ?? '';
      expect(await service.waitForEnd(jobId)).toMatchObject({ state: 'completed', counts: { inserted: 1 } });
    });

    test('follow_to_the_end.py follows a job to its end, and reads a refusal', async () => {
      await using pair = await createCountyPair();
      const program = join(ROOT, 'examples/python/follow_to_the_end.py');
      const env = { TFSYNC_URL: service.url, TFSYNC_TOKEN: service.token, TFSYNC_SOURCE: pair.source.url };

      const ran = await run('python3', [program], ROOT, { ...env, TFSYNC_TARGET: pair.target.url });
      const refused = await run('python3', [program], ROOT, { ...env, TFSYNC_TARGET: pair.source.url });

      expect(ran).toMatchObject({ code: 0, stderr: '' });
      expect(ran.stdout).toMatch(/^completed \d+ of about \d+ rows\n\d+ new, \d+ changed, 0 deleted\n$/m);
      expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/^same_database /) });
    });
  });
});
