import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Metafile } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { BUNDLE_LIMIT_BYTES, buildFunctions } from '../../infra/build.ts';
import { FUNCTIONS } from '../../infra/functions.ts';
import { SAYS_NO_MEANING } from '../../infra/left-out.ts';
import { few } from '../support/level.ts';

const scratch = () => mkdtempSync(join(tmpdir(), 'tf-build-'));
const NAMES = [
  ...(readFileSync('lib/failpoint.ts', 'utf8')
    .split('export type FailpointHandler')[0]
    ?.matchAll(/'([a-z]+\.[a-z]+)'/g) ?? []),
].map((m) => m[1] ?? '');
const textIn = (dir: string, names: readonly string[]) =>
  names.map((name) => readFileSync(join(dir, name, 'index.mjs'), 'utf8')).join('');

describe('bundles', () => {
  const outDir = scratch();

  it('stay below 600 KB each, with the source map beside them and not counted', async () => {
    const bundles = await buildFunctions({ outDir });

    expect(bundles.map((b) => b.name).sort()).toEqual(Object.keys(FUNCTIONS).sort());
    expect(BUNDLE_LIMIT_BYTES).toBe(620_000);
    for (const { name, bytes } of bundles) {
      expect(statSync(join(outDir, name, 'index.mjs')).size, name).toBe(bytes);
      expect(bytes, name).toBeLessThanOrEqual(BUNDLE_LIMIT_BYTES);
      expect(existsSync(join(outDir, name, 'index.mjs.map')), name).toBe(true);
    }
  }, 180_000);

  it('come out byte for byte the same the second time', async () => {
    const again = scratch();
    const names = few(Object.keys(FUNCTIONS), 3) as readonly (keyof typeof FUNCTIONS)[];
    await buildFunctions({ outDir: again, entries: Object.fromEntries(names.map((name) => [name, FUNCTIONS[name]])) });

    for (const name of names) {
      const bytes = (dir: string) => readFileSync(join(dir, name, 'index.mjs'));
      expect(bytes(again).equals(bytes(outDir)), name).toBe(true);
    }
  }, 180_000);

  it('load as ES modules and export their handlers', async () => {
    const files = Object.keys(FUNCTIONS).map((name) => pathToFileURL(join(outDir, name, 'index.mjs')).href);
    const script = `const all = await Promise.all(${JSON.stringify(files)}.map((file) => import(file)));
      console.log(JSON.stringify(all.map((m) => typeof m.handler)))`;

    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);

    expect(JSON.parse(stdout)).toEqual(files.map(() => 'function'));
  });

  it('keep what errors mean where somebody says it', () => {
    for (const name of SAYS_NO_MEANING) {
      const { outputs } = JSON.parse(readFileSync(join(outDir, `${name}.meta.json`), 'utf8')) as Metafile;
      const inside = Object.values(outputs).flatMap((o) => Object.entries(o.inputs));
      const ours = inside.filter(([path, i]) => /^(lib|functions)\//.test(path) && i.bytesInOutput > 0);
      const said = ours.flatMap(
        ([path]) => readFileSync(path, 'utf8').match(/ERRORS[\w.[\]]*\.meaning|\bmeaning\b.*= ERRORS/g) ?? [],
      );
      expect(said, name).toEqual(['ERRORS.internal.meaning']);
    }
  });

  it('leave out the credential chain that Lambda never uses', () => {
    for (const name of Object.keys(FUNCTIONS)) {
      const inputs = Object.keys(JSON.parse(readFileSync(join(outDir, `${name}.meta.json`), 'utf8')).inputs);
      expect(inputs.filter((path) => /credential-provider-(node|sso|ini|process)\//.test(path))).toEqual([]);
    }
  });

  it('leave out event streams, libpq, ~/.pgpass and JSON schemas, but for the route that needs these', () => {
    for (const name of Object.keys(FUNCTIONS)) {
      const { outputs } = JSON.parse(readFileSync(join(outDir, `${name}.meta.json`), 'utf8')) as Metafile;
      const inside = Object.values(outputs).flatMap((o) =>
        Object.entries(o.inputs).filter(([, i]) => i.bytesInOutput > 0),
      );
      const paths = inside.map(([path]) => path).filter((path) => !path.startsWith('left-out:'));
      expect(paths.filter((path) => /event-streams\/|pg\/lib\/native|node_modules\/pgpass/.test(path))).toEqual([]);
      expect(
        paths.some((path) => path.endsWith('to-json-schema.js')),
        name,
      ).toBe(name === 'openapi');
    }
  });

  it('hold none of the 30 failpoints', () => {
    const text = textIn(outDir, Object.keys(FUNCTIONS));

    expect(NAMES).toHaveLength(30);
    expect([...NAMES, 'failpoint', 'FAILPOINTS'].filter((name) => text.includes(name))).toEqual([]);
  });
});

describe('failpoints', () => {
  const worker = {
    entries: {
      'sync-segment': FUNCTIONS['sync-segment'],
      'prepare-job': FUNCTIONS['prepare-job'],
      'follow-changes': FUNCTIONS['follow-changes'],
      'settle-job': FUNCTIONS['settle-job'],
      'plan-table': FUNCTIONS['plan-table'],
      'resolve-conflicts': FUNCTIONS['resolve-conflicts'],
    },
  };

  it('are all in a test build, with the control folder they obey', async () => {
    const outDir = scratch();
    await buildFunctions({ ...worker, outDir, failpoints: '/tmp/orders' });

    const text = textIn(outDir, Object.keys(worker.entries));

    expect(NAMES.filter((name) => !text.includes(name))).toEqual([]);
    expect(text).toContain('/tmp/orders');
  }, 180_000);
});

describe('a bundle over the limit', () => {
  it('fails the build, by name', async () => {
    const dir = scratch();
    const entry = join(dir, 'large.ts');
    writeFileSync(entry, `export const handler = () => ${JSON.stringify('x'.repeat(2000))};`);

    const building = buildFunctions({ entries: { large: entry }, outDir: join(dir, 'out'), limitBytes: 1000 });

    await expect(building).rejects.toThrow(/larger than 1000 bytes: large \(/);
  });
});
