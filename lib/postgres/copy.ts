import { pipeline } from 'node:stream/promises';
import { from, to } from 'pg-copy-streams';
import type { BucketRun } from '../model/change.ts';
import { SyncError } from '../model/errors.ts';
import type { Segment, TablePlan } from '../model/table.ts';
import { boundsCondition, bucketExpression, runBounds, segmentCondition } from './buckets.ts';
import { columnSql, rowSql, tableSql, writtenColumns } from './columns.ts';
import type { Session } from './session.ts';
import { ident, literal, relation } from './sql.ts';

/** COPY takes no parameters, so values stand in the statement, quoted by the one function that quotes. */
const inPlace = (value: string | readonly string[]) =>
  typeof value === 'string' ? literal(value) : `array[${value.map(literal).join(', ')}]::text[]`;

/** Rows of a run of buckets on the source whose values can all be computed, as a query without parameters. */
function selectRun(plan: TablePlan, segment: Segment, [first, last]: BucketRun): string {
  const s = segment.buckets;
  const columns = writtenColumns(plan).map(columnSql('source', 't').value).join(', ');
  const inSegment = segmentCondition(plan, segment, 'source', 't', inPlace).sql;
  const { mark } = rowSql(plan, 'source', 't');
  const sql = mark === undefined ? inSegment : `${inSegment} and ${mark} is null`;
  const bounds = runBounds(s, [[first, last]]);
  const from = `select ${columns} from ${tableSql(plan, 'source')} t`;
  if (!bounds)
    return `${from} where ${sql} and ${bucketExpression(plan, s, 'source', 't')} between ${first} and ${last}`;
  const [lo, hi] = [bounds.los, bounds.his].map((at) => `${inPlace(at[0] ?? '')}::int8`);
  return `${from} join (select ${lo} lo, ${hi} hi) r on ${boundsCondition(plan, 't')} where ${sql}`;
}

/** Pipes the output of one COPY of the source into one of the target; answers how many rows. Errors of either side end both. */
export async function pipeCopy(source: Session, target: Session, out: string, into: string): Promise<number> {
  const read = source.stream(to(out));
  const write = target.stream(from(into));
  const failed: { error?: unknown; side?: 'source' | 'target' } = {};
  read.once('error', (error) => Object.assign(failed, failed.side ? {} : { error, side: 'source' }));
  write.once('error', (error) => Object.assign(failed, failed.side ? {} : { error, side: 'target' }));
  try {
    await pipeline(read, write);
  } catch (error) {
    throw failed.side === 'source' ? source.translate(failed.error) : target.translate(failed.error ?? error);
  }
  if (write.rowCount === null || write.rowCount === undefined)
    throw new SyncError('internal', 'COPY gave no row count.');
  return write.rowCount;
}

/**
 * Pipes the rows of a run straight from the source's COPY into the target's, without looking at one; answers how many.
 *
 * Inside the caller's target transaction. Memory is that of two socket buffers.
 */
export function copyRun(
  source: Session,
  target: Session,
  plan: TablePlan,
  segment: Segment,
  run: BucketRun,
): Promise<number> {
  const format = `(format ${plan.copy})`;
  const columns = writtenColumns(plan)
    .map((c) => ident(c.name))
    .join(', ');
  return pipeCopy(
    source,
    target,
    `copy (${selectRun(plan, segment, run)}) to stdout ${format}`,
    `copy ${relation(plan.target)} (${columns}) from stdin ${format}`,
  );
}
