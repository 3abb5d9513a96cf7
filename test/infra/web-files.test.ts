import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { readWebFiles } from '../../functions/web/files.ts';
import { ROOT } from '../../infra/build.ts';
import { buildWebFiles, type WebFileSize } from '../../infra/web-files.ts';
import { firstLoad } from '../support/first-load.ts';

/** DESIGN, issue 8: what a browser loads before the dashboard shows. */
const FIRST_LOAD_LIMIT_BYTES = 150_000;

describe('the files of the web UI', () => {
  const outDir = mkdtempSync(join(tmpdir(), 'tf-web-'));
  const contents = (dir: string) =>
    Object.fromEntries(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name)).toString('base64')]));
  let sizes: readonly WebFileSize[];
  beforeAll(async () => {
    writeFileSync(join(outDir, 'index-old.js'), 'of an earlier build');
    sizes = await buildWebFiles(join(ROOT, 'web'), outDir);
  }, 60_000);

  it('are the document and files with a hash in their names, each compressed beside it, and nothing older', () => {
    const names = readdirSync(outDir);

    expect(names).toContain('index.html');
    expect(names).not.toContain('index-old.js');
    for (const name of names.filter((n) => !n.endsWith('.br'))) {
      if (name !== 'index.html') expect(name).toMatch(/^[\w-]+-[\w-]{8}\.(js|css|svg)$/);
      expect(brotliDecompressSync(readFileSync(join(outDir, `${name}.br`)))).toEqual(readFileSync(join(outDir, name)));
    }
  });

  it('stay at 150 KB compressed for the first load, what other pages load later not counted', () => {
    const names = firstLoad(outDir);
    const bytes = names.map((name) => statSync(join(outDir, `${name}.br`)).size);
    const lazy = sizes.map(({ name }) => name).filter((name) => !names.includes(name));

    expect(names).toEqual(expect.arrayContaining(['index.html', expect.stringMatching(/^index-.*\.js$/)]));
    expect(names).toEqual(expect.arrayContaining([expect.stringMatching(/\.css$/)]));
    expect(lazy).toEqual(expect.arrayContaining([expect.stringMatching(/^conflicts-.*\.js$/)]));
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(FIRST_LOAD_LIMIT_BYTES);
  });

  it('hold no script in the document, and no address of another site', () => {
    const html = readFileSync(join(outDir, 'index.html'), 'utf8');

    expect(html).toMatch(
      /<script type="module" crossorigin src="\/sync\/terra_fusion\/assets\/index-[\w-]+\.js"><\/script>/,
    );
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).not.toMatch(/https?:\/\/| style=| on\w+=|<style/);
    for (const name of readdirSync(outDir).filter((n) => n.endsWith('.css'))) {
      expect(readFileSync(join(outDir, name), 'utf8')).not.toMatch(/@import|url\(["']?https?:/);
    }
  });

  it('come out byte for byte the same the second time', async () => {
    const again = mkdtempSync(join(tmpdir(), 'tf-web-'));
    await buildWebFiles(join(ROOT, 'web'), again);

    expect(contents(again)).toEqual(contents(outDir));
  }, 60_000);

  it('are read by the function that serves them, each with its type', () => {
    const files = readWebFiles(pathToFileURL(`${outDir}/`));

    expect([...files.keys()].sort()).toEqual(sizes.map(({ name }) => name).sort());
    expect(files.get('index.html')?.type).toBe('text/html; charset=utf-8');
  });
});
