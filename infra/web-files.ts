import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { build, type Plugin, type Rolldown } from 'vite';
import { FILES_FOLDER, WEB_BASE } from '../functions/web/pages.ts';
import { webFacts } from './web-facts.ts';
import { writeIfChanged } from './write-if-changed.ts';

export interface WebFileSize {
  readonly name: string;
  readonly bytes: number;
  /** As a browser gets it. */
  readonly brotliBytes: number;
}

/** The module `virtual:facts`. */
const facts: Plugin = {
  name: 'facts',
  resolveId: (id) => (id === 'virtual:facts' ? '\0facts' : undefined),
  load: (id) => (id === '\0facts' ? `export default ${JSON.stringify(webFacts())}` : undefined),
};

/**
 * Builds the browser's files from the folder `web` into `outDir`: `index.html` and what it loads, each also as `.br`.
 *
 * The same sources give the same bytes. Files of earlier builds are removed, so that the folder's hash, which goes into
 * the template, depends on the sources alone.
 */
export async function buildWebFiles(webDir: string, outDir: string): Promise<readonly WebFileSize[]> {
  const built = (await build({
    root: webDir,
    configFile: false,
    envDir: false,
    base: `${WEB_BASE}/`,
    logLevel: 'warn',
    plugins: [facts],
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      write: false,
      assetsDir: FILES_FOLDER,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
  })) as Rolldown.RolldownOutput; // one input and no watching give one output

  const sizes = await Promise.all(
    built.output.map(async (file) => {
      const contents = Buffer.from(file.type === 'chunk' ? file.code : file.source);
      const compressed = brotliCompressSync(contents, {
        params: { [constants.BROTLI_PARAM_SIZE_HINT]: contents.length },
      });
      const name = file.fileName.replace(`${FILES_FOLDER}/`, '');
      await writeIfChanged(join(outDir, name), contents);
      await writeIfChanged(join(outDir, `${name}.br`), compressed);
      return { name, bytes: contents.length, brotliBytes: compressed.length };
    }),
  );
  const kept = new Set(sizes.flatMap(({ name }) => [name, `${name}.br`]));
  const left = (await readdir(outDir)).filter((name) => !kept.has(name) && !name.endsWith('.tmp'));
  for (const name of left) await rm(join(outDir, name), { force: true });
  return sizes.sort((a, b) => a.name.localeCompare(b.name));
}
