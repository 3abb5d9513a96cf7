import type { Fingerprint, RowKey } from '../model/change.ts';
import { SyncError } from '../model/errors.ts';
import { relationText, type TablePlan } from '../model/table.ts';
import { comparedColumns } from './buckets.ts';
import { columnSql, tableSql } from './columns.ts';
import { rowFingerprint } from './fingerprint.ts';
import { keyArrays, keyList, keyMatch } from './reader.ts';
import type { Session } from './session.ts';
import { relation } from './sql.ts';

/** Whether the target has triggers or rules that could drop a row as it is written. */
async function mayDropRows(session: Session, plan: TablePlan): Promise<boolean> {
  const [row] = await session.query(
    `select exists (select from pg_trigger g where not g.tgisinternal and g.tgenabled <> 'D'
              and (g.tgrelid = $1::regclass or g.tgrelid in (select relid from pg_partition_tree($1::regclass))))
         or exists (select from pg_rewrite r where r.ev_class = $1::regclass and r.ev_type in ('2', '3', '4'))`,
    [relation(plan.target)],
  );
  return row?.[0] === 't';
}

/** How many of the keys are not in the target. */
async function missing(session: Session, plan: TablePlan, keys: readonly RowKey[]): Promise<number> {
  const [row] = await session.query(
    `select count(*) from ${keyList(plan, 'target', 1)} where not exists (select from ${tableSql(plan, 'target')} t where ${keyMatch(plan, 't', 'k')})`,
    keyArrays(plan, keys),
  );
  return Number(row?.[0]);
}

/** How many target rows still are what they were before they should have been written. */
async function untouched(
  session: Session,
  plan: TablePlan,
  rows: readonly { readonly key: RowKey; readonly expected: Fingerprint }[],
  compared = plan.columns,
): Promise<number> {
  const [h1, h2] = rowFingerprint(plan.fingerprint, compared, columnSql('target', 't'));
  const n = plan.key.length;
  const [row] = await session.query(
    `select count(*) from ${keyList(plan, 'target', 1)} join ${tableSql(plan, 'target')} t on ${keyMatch(plan, 't', 'k')}
     where ${h1} = ($${n + 1}::int8[])[k.n] and ${h2} = ($${n + 2}::int8[])[k.n]`,
    [
      ...keyArrays(
        plan,
        rows.map((r) => r.key),
      ),
      rows.map((r) => r.expected.split(':')[0]),
      rows.map((r) => r.expected.split(':')[1]),
    ],
  );
  return Number(row?.[0]);
}

/** What a statement was asked to do. */
export type Asked =
  | { readonly kind: 'insert'; readonly keys: readonly RowKey[] }
  | {
      readonly kind: 'update' | 'delete';
      readonly rows: readonly { readonly key: RowKey; readonly expected: Fingerprint }[];
    };

/**
 * Throws when a statement wrote fewer rows than asked for: `trigger_interfered` when a row still is as before and the
 * table has triggers, which then dropped it; else `target_moving`: the row was not as expected, worth another look.
 */
export async function requireAll(session: Session, plan: TablePlan, asked: Asked, written: number): Promise<void> {
  const wanted = asked.kind === 'insert' ? asked.keys.length : asked.rows.length;
  if (written === wanted) return;
  const name = relationText(plan.target);
  if (await mayDropRows(session, plan)) {
    const dropped =
      asked.kind === 'insert'
        ? await missing(session, plan, asked.keys)
        : await untouched(session, plan, asked.rows, asked.kind === 'delete' ? comparedColumns(plan) : plan.columns);
    if (dropped > 0) {
      throw new SyncError(
        'trigger_interfered',
        `A trigger of the target dropped ${dropped} rows of ${name} while they were written (${asked.kind}).`,
        { facts: { table: name, rows: dropped, interfered: 'dropped' } },
      );
    }
  }
  throw new SyncError(
    'target_moving',
    `${wanted - written} rows of ${name} were not as expected when they were written.`,
    { facts: { table: name, rows: wanted - written } },
  );
}
