import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES = ['lib', 'functions', 'web', 'infra', 'package.json', 'package-lock.json', 'cdk.json', 'tsconfig.json'];

export interface SecondVersion extends Disposable {
  /** The cloud assembly. */
  readonly assembly: string;
  readonly version: string;
  /** The version of `tf_sync` that it migrates to. */
  readonly schema: number;
}

/**
 * The next version of the service: this repository's sources with another number and one more migration, built and synthesized
 * like any other. Some 5 s.
 */
export async function secondVersion(sql: string): Promise<SecondVersion> {
  const folder = mkdtempSync(join(tmpdir(), 'tfsync-second-'));
  for (const source of SOURCES) cpSync(join(ROOT, source), join(folder, source), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const change = (path: string, how: (text: string) => string) => {
    const before = readFileSync(join(folder, path), 'utf8');
    const after = how(before);
    if (after === before)
      throw new Error(`${path} is as it was: what the second version changes is not there any more`);
    writeFileSync(join(folder, path), after);
  };
  const version = '99.0.0';
  const schema = 900; // of the same thousand: it only adds
  change('package.json', (text) => text.replace(/"version": "[^"]+"/, `"version": "${version}"`));
  const line = `  { version: ${schema}, what: 'what the second version adds', sql: ${JSON.stringify(sql)} },\n];\n`;
  change('lib/postgres/migrations.ts', (text) => text.replace(/\];\n$/, line));
  const assembly = join(folder, 'assembly');
  const child = spawn(process.execPath, ['infra/app.ts'], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', CDK_OUTDIR: assembly },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part: Buffer) => {
      output += part;
    });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`The second version cannot be built:\n${output}`);
  return { assembly, version, schema, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}
