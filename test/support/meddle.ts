import type { Segment } from '../../lib/model/table.ts';
import type { Database, Databases, RowReader, TargetDatabase } from '../../lib/ports.ts';
import { postgresDatabases } from '../../lib/postgres/databases.ts';
import { ON_ONE_MACHINE } from './rules.ts';

/** Ways to interfere with the real databases of a job. */
export interface Meddling {
  /** Around the n-th commit of a chunk, from 1. */
  readonly onCommit?: (n: number, commit: () => Promise<void>) => Promise<void>;
  /** After each page of a window that was read from the source. */
  readonly onPage?: (rows: number) => Promise<void>;
  /** Bounds of the first key column that cut every table into more segments. */
  readonly cuts?: readonly string[];
}

/** Other key columns are text in the tables that are cut; the empty text comes first. */
function cutAt(segment: Segment, cuts: readonly string[], width: number): readonly Segment[] {
  const bound = (cut: string) => [cut, ...Array<string>(width - 1).fill('')];
  return [...cuts, undefined].map((to, i): Segment => {
    const from = cuts[i - 1];
    return { ...segment, ...(from !== undefined && { from: bound(from) }), ...(to !== undefined && { to: bound(to) }) };
  });
}

function pagesWatched(reader: RowReader, onPage: NonNullable<Meddling['onPage']>): RowReader {
  return {
    ...reader,
    async page(...args) {
      const rows = await reader.page(...args);
      await onPage(rows.length);
      return rows;
    },
  };
}

/** The real databases, with somebody in between. */
export function meddled({ onCommit, onPage, cuts }: Meddling): Databases {
  const real = postgresDatabases({ rules: ON_ONE_MACHINE, version: 'test' });
  let n = 0;
  return {
    async source(connection, as) {
      const source: Database = await real.source(connection, as);
      const { reader } = source;
      if (onPage) source.reader = (plan, segment) => pagesWatched(reader(plan, segment), onPage);
      return source;
    },
    async target(connection, as) {
      const target: TargetDatabase = await real.target(connection, as);
      const { commit } = target;
      if (onCommit) target.commit = (chunk) => onCommit(++n, () => commit(chunk));
      return target;
    },
    async planSegments(source, target, plan) {
      const segments = await real.planSegments(source, target, plan);
      return cuts ? segments.flatMap((s) => cutAt(s, cuts, plan.key.length)) : segments;
    },
  };
}
