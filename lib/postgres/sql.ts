import type { RelationName } from '../model/table.ts';

/** Quotes one identifier; the only place that does. */
export function ident(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function relation(r: RelationName): string {
  return `${ident(r.schema)}.${ident(r.name)}`;
}

/** A text constant, for the few places where a parameter cannot stand (casts of probe literals). */
export function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/**
 * Settings for statements that find a bounded number of rows by key: through the index, whatever the statistics say. On a
 * table that is being filled they are stale, and a hash join would read all of it for every chunk (1 million rows into an
 * empty table: 71 s with, see test/bench/results.md).
 */
export const BY_INDEX =
  'set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off';
