import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';

/** A built file, as it is and compressed. */
export interface WebFile {
  readonly type: string;
  readonly plain: Buffer;
  /** Brotli; made when the function was built, because HTTP APIs do not compress. */
  readonly brotli: Buffer;
}

/** What the UI is made of: by name, `index.html` and the files it loads. */
export type WebFiles = ReadonlyMap<string, WebFile>;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Reads all files of a folder that `infra/web-files.ts` has written. Throws on a kind of file that has no type here. */
export function readWebFiles(folder: URL): WebFiles {
  const names = readdirSync(folder).filter((name) => !name.endsWith('.br'));
  return new Map(
    names.map((name) => {
      const type = TYPES[extname(name)];
      if (type === undefined) throw new Error(`${name} has no content type`);
      const read = (file: string) => readFileSync(new URL(file, folder));
      return [name, { type, plain: read(name), brotli: read(`${name}.br`) }];
    }),
  );
}
