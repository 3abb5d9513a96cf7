import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/**
 * Names of the files that a browser loads before the first page shows: the document, what it names, and what those files import
 * at once. What is imported when a page asks for it is not among them.
 */
export function firstLoad(dir: string): readonly string[] {
  const found = new Set(['index.html']);
  for (const name of found) {
    const text = readFileSync(join(dir, name), 'utf8');
    const named =
      name === 'index.html'
        ? text.matchAll(/<(?:script|link)\b[^>]*\b(?:src|href)="([^"]+)"/g)
        : name.endsWith('.js')
          ? text.matchAll(/\b(?:import|from)\s*["']\.\/([^"']+)["']/g)
          : [];
    for (const [, path] of named) if (path !== undefined) found.add(basename(path));
  }
  return [...found];
}
