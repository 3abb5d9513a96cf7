import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, runNode, scratchFolder, spawnNode, until } from './support.ts';

const args = (folder: string) => ['local/start.ts', '--port', '0', '--data-dir', folder, '--exit'];

/** What a job says once it is more than created: only then is it certain that its run died with the service. */
const RUNNING = /^Job ([0-9a-f-]{36})$(?:.|\n)*?(?:job running|apply)/m;

/** Command lines of living processes that name the folder: the program itself, and its PostgreSQL server. */
function processesOf(folder: string): readonly string[] {
  const lines = execFileSync('ps', ['-A', '-o', 'stat=,args='], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => line.includes(folder) && !line.startsWith('Z'));
}

test('npm start is the program that these tests run', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

  expect(scripts).toMatchObject({ start: 'node local/start.ts', serve: 'node local/serve.ts' });
});

test('npm start -- --exit syncs the demo county, sums it up, ends 0 and leaves no process', async () => {
  using folder = scratchFolder();

  const first = await runNode(args(folder.path));
  const left = processesOf(folder.path);
  const second = await runNode(args(folder.path));

  expect(first).toMatchObject({ code: 0, stderr: expect.stringContaining('job completed') });
  for (const table of [
    'parcels',
    'owners',
    'ownership',
    'assessments',
    'sales',
    'permits',
    'appeals',
    'improvements',
  ]) {
    expect(first.stdout).toMatch(new RegExp(`^public\\.${table} +verified +[\\d,]+ +100 %`, 'm'));
  }
  expect(first.stdout).toMatch(/^[\d,]+ rows in [\d.]+ s: [1-9]\d* new, [1-9]\d* changed,/m);
  expect(left).toEqual([]);
  expect(second.code).toBe(0);
  expect(second.stdout).toMatch(/^[\d,]+ rows in [\d.]+ s: 0 new, 0 changed, 0 deleted,/m);
});

test('npm start that was killed in the middle goes on with its job at the next start', async () => {
  using folder = scratchFolder();
  const killed = spawnNode(args(folder.path));
  const [, job] = await until('the job to run', () => RUNNING.exec(killed.stderr()) ?? undefined, 60_000);
  killed.process.kill('SIGKILL');
  await killed.exited;

  const next = await runNode(args(folder.path));

  expect(next.stderr).toContain(`Job ${job} was interrupted and goes on.`);
  expect(next.code).toBe(0);
  expect(next.stdout).toContain(`Job ${job}  full sync  completed`);
  expect(processesOf(folder.path)).toEqual([]);
});

test('npm start says what is wrong with its arguments and starts nothing', async () => {
  using folder = scratchFolder();

  const half = await runNode([...args(folder.path), '--source', 'postgresql://u:p@127.0.0.1/db']);
  const unknown = await runNode([...args(folder.path), '--sauce', 'x']);

  expect(half).toMatchObject({ code: 2, stderr: expect.stringContaining('both --source and --target') });
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toMatch(/--sauce[\s\S]*--help/);
});
