import type { RowKey } from '../model/change.ts';
import type { Segment, TablePlan } from '../model/table.ts';
import { bucketExpression, keyColumns, segmentCondition, unfiltered } from './buckets.ts';
import { columnSql } from './columns.ts';
import { keyHash } from './fingerprint.ts';
import { keyArrays, keyList } from './reader.ts';
import { ident } from './sql.ts';

/** Keys that a statement gets as parameters, with the bucket and the hash each is filed under. */
export interface KeyRows {
  /** SQL of rows `(b, h, n)`: bucket, hash, position from 1; keys outside the segment's bounds are left out. */
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** SQL for the 64 bits a key is filed under, of target row `alias`. */
export function filedHash(plan: TablePlan, alias: string): string {
  return keyHash(plan.fingerprint, keyColumns(plan), columnSql('target', alias));
}

/** `$n` is the number of the first parameter. */
export function keyRows(plan: TablePlan, segment: Segment, keys: readonly RowKey[], n: number): KeyRows {
  // under their own names, so that the expressions that read the table read these keys
  const named = plan.key.map((name, i) => `k.k${i + 1} as ${ident(name)}`).join(', ');
  const within = segmentCondition(unfiltered(plan), segment, 'target', 't', n + plan.key.length);
  return {
    sql: `(select ${bucketExpression(plan, segment.buckets, 'target', 't')} as b, ${filedHash(plan, 't')} as h, k.n
      from ${keyList(plan, 'target', n)} cross join lateral (select ${named}) t where ${within.sql})`,
    values: [...keyArrays(plan, keys), ...within.values],
  };
}
