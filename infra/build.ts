import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { FUNCTIONS } from './functions.ts';
import { leftOut } from './left-out.ts';
import { buildWebFiles } from './web-files.ts';
import { writeIfChanged } from './write-if-changed.ts';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Where the bundles lie: `<name>/index.mjs`, its source map beside it. */
export const DIST = join(ROOT, 'dist/functions');

/** DESIGN section 10. The bundle alone: the source map is only read when an error is printed. */
export const BUNDLE_LIMIT_BYTES = 620 * 1000; // docs/adr/0022-bundle-limit.md

export interface Bundle {
  readonly name: string;
  readonly bytes: number;
}

export interface BuildOptions {
  /** Entry file by function name; absolute, or relative to the repository. */
  readonly entries?: Readonly<Record<string, string>>;
  readonly outDir?: string;
  readonly limitBytes?: number;
  /** For tests only: failpoints stay in, and obey this control folder (lib/failpoint.ts). */
  readonly failpoints?: string;
}

/**
 * Bundles every function into `<outDir>/<name>/index.mjs`, with `<outDir>/<name>.meta.json` to look into.
 *
 * The same sources give the same bytes, and a file whose bytes stay the same is left alone, so two builds at once do not
 * disturb each other and asset hashes change only with the code. Throws when a bundle is larger than `limitBytes`.
 */
export async function buildFunctions(options: BuildOptions = {}): Promise<readonly Bundle[]> {
  const outDir = options.outDir ?? DIST;
  const entries = Object.entries(options.entries ?? FUNCTIONS);
  const bundles = await Promise.all(entries.map(([name, entry]) => bundle(name, entry, outDir, options.failpoints)));

  const limitBytes = options.limitBytes ?? BUNDLE_LIMIT_BYTES;
  const tooLarge = bundles.filter((b) => b.bytes > limitBytes);
  if (tooLarge.length > 0) {
    const names = tooLarge.map((b) => `${b.name} (${b.bytes} bytes)`).join(', ');
    throw new Error(`Bundles are larger than ${limitBytes} bytes: ${names}. See what is inside: ${outDir}/*.meta.json`);
  }
  return bundles;
}

async function bundle(name: string, entry: string, outDir: string, failpoints?: string): Promise<Bundle> {
  const outfile = join(outDir, name, 'index.mjs');
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minify: true,
    sourcemap: 'linked',
    sourcesContent: false,
    // `module` first: the SDK's ESM builds shake better (748 -> 538 KB). Never add `conditions: ['import']`: pg-pool then
    // resolves to ESM inside require(), and pg dies with "Class extends value #<Object>".
    mainFields: ['module', 'main'],
    plugins: [leftOut(name)],
    alias: { '@aws-sdk/credential-provider-node': fileURLToPath(new URL('env-credentials.ts', import.meta.url)) },
    // pg is CommonJS and calls require() for node: modules, which an ES module does not have.
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
    define: { FAILPOINTS: JSON.stringify(failpoints ?? false) },
    legalComments: 'none',
    logLevel: 'silent', // failures are thrown
  });
  for (const file of result.outputFiles) await writeIfChanged(file.path, file.contents);
  await writeIfChanged(join(outDir, `${name}.meta.json`), Buffer.from(JSON.stringify(result.metafile)));
  return { name, bytes: bundleBytes(result.metafile, outfile) };
}

function bundleBytes(metafile: Metafile, outfile: string): number {
  const output = metafile.outputs[relative(ROOT, outfile)];
  if (!output) throw new Error(`esbuild's metafile does not list ${outfile}`);
  return output.bytes;
}

/**
 * Everything that is deployed: the functions, and the browser's files in the folder `pages` beside the bundle of `web`.
 * All of it is built whenever something of it is: some 0.5 s of it are the browser's.
 */
export async function buildAll(outDir: string = DIST) {
  const [bundles, webFiles] = await Promise.all([
    buildFunctions({ outDir }),
    buildWebFiles(join(ROOT, 'web'), join(outDir, 'web', 'pages')),
  ]);
  return { bundles, webFiles };
}

if (import.meta.main) {
  const kb = (bytes: number) => `${(bytes / 1000).toFixed(0)} KB`;
  const { bundles, webFiles } = await buildAll();
  for (const { name, bytes } of bundles) console.log(`${name.padEnd(22)} ${kb(bytes)}`);
  for (const { name, bytes, brotliBytes } of webFiles)
    console.log(`  web/${name.padEnd(16)} ${kb(bytes)}, ${kb(brotliBytes)} compressed`);
}
