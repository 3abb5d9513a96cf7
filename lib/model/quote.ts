import type { RelationName } from './table.ts';

/** Quotes one identifier; the only place that does. */
export function ident(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function relation(r: RelationName): string {
  return `${ident(r.schema)}.${ident(r.name)}`;
}

/** A text constant, where a parameter cannot stand: COPY, and expressions that become part of a relation. */
export function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}
