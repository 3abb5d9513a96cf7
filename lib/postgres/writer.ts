import { columnHandler } from '../data-types/registry.ts';
import { fp } from '../failpoint.ts';
import type { Change, RowImage } from '../model/change.ts';
import { keyId } from '../model/change.ts';
import type { Applied } from '../model/checkpoint.ts';
import { SyncError } from '../model/errors.ts';
import { type PlannedColumn, relationText, type TablePlan } from '../model/table.ts';
import { comparedColumns } from './buckets.ts';
import { columnSql, fromText, tableSql, writtenColumns } from './columns.ts';
import { rowFingerprint } from './fingerprint.ts';
import { keyArrays, keyList, keyMatch, keyTexts, sameSpelling } from './keys.ts';
import { parkUnique, type RowsAsExpected } from './parking.ts';
import { refuseCascades, rowsOfKeys } from './references.ts';
import type { Session, TextRow } from './session.ts';
import { requireAll } from './shortfall.ts';
import { ident, relation } from './sql.ts';
import { STAGED_ROWS } from './stage.ts';
import { textArray } from './text-array.ts';

/** Name that a row list gives to a mapped column: by position, because a user's column may have any name. */
export const position = (plan: TablePlan, column: string) => `c${plan.columns.findIndex((c) => c.name === column) + 1}`;

/**
 * SQL of typed rows (c1, c2, ..., n) and its parameters: one text array per column, from `$1` on, or the stage. The cast has
 * no length: it must not cut a value.
 */
export function rowList(
  plan: TablePlan,
  rows: readonly RowImage[],
): { readonly sql: string; readonly values: Buffer[] } {
  if (rows.some((r) => r.streamed)) return { sql: STAGED_ROWS, values: [] };
  const casts = plan.columns.map((c, i) => `${fromText(c.type, `u.c${i + 1}`)} as c${i + 1}`);
  const arrays = plan.columns.map((_, i) => `$${1 + i}::text[]`).join(', ');
  const names = plan.columns.map((_, i) => `c${i + 1}`).join(', ');
  return {
    sql: `select ${casts.join(', ')}, u.n from unnest(${arrays}) with ordinality u(${names}, n)`,
    values: plan.columns.map((_, i) => textArray(rows.map((r) => r.values[i] ?? null))),
  };
}

/** Throws `trigger_interfered` when what was written is not what was meant. */
function requireSame(
  plan: TablePlan,
  changes: readonly Exclude<Change, { kind: 'delete' }>[],
  written: readonly TextRow[],
): void {
  const byKey = new Map(changes.map((c) => [keyId(c.row.key), c]));
  const changed = written.filter(([h1, h2, ...key]) => {
    const meant = byKey.get(keyId(key as string[])); // key columns are not null
    return !meant?.partly && meant?.row.fingerprint !== `${h1}:${h2}`;
  });
  if (changed.length === 0) return;
  throw new SyncError(
    'trigger_interfered',
    `The target changed ${changed.length} rows of ${relationText(plan.target)} while they were written.`,
    {
      facts: { table: relationText(plan.target), rows: changed.length, interfered: 'changed' },
    },
  );
}

async function insert(
  session: Session,
  plan: TablePlan,
  changes: readonly (Change & { kind: 'insert' })[],
): Promise<number> {
  if (changes.length === 0) return 0;
  const rows = changes.map((c) => c.row);
  const [h1, h2] = rowFingerprint(plan.fingerprint, plan.columns, columnSql('target', 't'));
  const written = writtenColumns(plan);
  const columns = written.map((c) => ident(c.name)).join(', ');
  const key = keyTexts(plan, 'target').join(', ');
  const same = sameSpelling(plan, 'x', 's', (k) => position(plan, k));
  const list = written.map((c) => `s.${position(plan, c.name)}`).join(', ');
  const source = rowList(plan, rows);
  const back = await session.query(
    `with s as materialized (${source.sql})
     insert into ${relation(plan.target)} as t (${columns}) overriding system value
     select ${list} from s where not exists (select from ${tableSql(plan, 'target')} x where ${same}) order by s.n
     returning ${h1}, ${h2}, ${key}`,
    source.values,
  );
  await requireAll(session, plan, { kind: 'insert', keys: rows.map((r) => r.key) }, back.length);
  requireSame(plan, changes, back);
  return back.length;
}

/** The rows of updates as `s(c1, ..., n, h1, h2)`, and the condition that a target row is the one the update was decided on. */
function asExpected(plan: TablePlan, changes: readonly (Change & { kind: 'update' })[]): RowsAsExpected {
  const [h1, h2] = rowFingerprint(plan.fingerprint, plan.columns, columnSql('target', 't'));
  const source = rowList(
    plan,
    changes.map((c) => c.row),
  );
  const n = source.values.length;
  const same = keyMatch(plan, 't', 's', (k) => position(plan, k));
  return {
    // by subscript: a join of the two lists would be a nested loop under BY_INDEX, quadratic in the rows
    with: `with s as materialized (select r.*, ($${n + 1}::int8[])[r.n] as h1, ($${n + 2}::int8[])[r.n] as h2 from (${source.sql}) r)`,
    target: tableSql(plan, 'target'),
    where: `${same} and ${h1} = s.h1 and ${h2} = s.h2`,
    values: [
      ...source.values,
      changes.map((c) => c.expected.split(':')[0]),
      changes.map((c) => c.expected.split(':')[1]),
    ],
    position: (column) => position(plan, column),
  };
}

/** GENERATED ALWAYS AS IDENTITY cannot be set by UPDATE (428C9): a row that differs there is refused by name. */
async function refuseFixed(session: Session, plan: TablePlan, rows: RowsAsExpected): Promise<void> {
  for (const column of plan.fixed ?? []) {
    const [differ] = await session.query(
      `${rows.with} select count(*) from s join ${rows.target} t on ${rows.where} where t.${ident(column)} <> s.${rows.position(column)}`,
      rows.values,
    );
    if (differ?.[0] === '0') continue;
    const object = `${relationText(plan.target)}.${column}`;
    throw new SyncError(
      'row_rejected',
      `${differ?.[0]} rows differ in ${object}, which is generated always as identity and cannot be updated.`,
      { facts: { side: 'target', sqlstate: '428C9', object } },
    );
  }
}

/** Whether a key can be written in another form and still be the same key: citext, or any type compared by its text. */
const keyMayChange = (c: PlannedColumn) => c.equality !== undefined || columnHandler(c).folds === true;

/** `parked`: the rows were found as expected by `parkUnique`, and are locked since. */
async function update(
  session: Session,
  plan: TablePlan,
  changes: readonly (Change & { kind: 'update' })[],
  parked = false,
): Promise<number> {
  if (changes.length === 0) return 0;
  const rows = asExpected(plan, changes);
  const [h1, h2] = rowFingerprint(plan.fingerprint, plan.columns, columnSql('target', 't'));
  const sets = writtenColumns(plan)
    .filter((c) => (!plan.key.includes(c.name) || keyMayChange(c)) && !plan.fixed?.includes(c.name))
    .map((c) => `${ident(c.name)} = s.${position(plan, c.name)}`);
  const key = keyTexts(plan, 'target').join(', ');
  const same = keyMatch(plan, 't', 's', (k) => position(plan, k));
  await refuseFixed(session, plan, rows);
  const written = await session.query(
    `${rows.with} update ${rows.target} t set ${sets.join(', ')} from s
     where ${parked ? same : rows.where} returning ${h1}, ${h2}, ${key}`,
    rows.values,
  );
  const asked = changes.map((c) => ({ key: c.row.key, expected: c.expected }));
  await requireAll(session, plan, { kind: 'update', rows: asked }, written.length);
  requireSame(plan, changes, written);
  return written.length;
}

const clashes = (error: unknown) => error instanceof SyncError && error.facts.sqlstate === '23505';

/**
 * Updates that may exchange unique values among themselves. PostgreSQL checks a unique index row by row, so even one
 * statement that swaps two values is refused; then the rows are parked first.
 */
async function updateUnique(
  session: Session,
  plan: TablePlan,
  changes: readonly (Change & { kind: 'update' })[],
): Promise<number> {
  if (!plan.uniques?.length || changes.length < 2) return update(session, plan, changes);
  await session.run('savepoint before_update');
  try {
    return await update(session, plan, changes);
  } catch (error) {
    if (!clashes(error)) throw error;
    await session.run('rollback to savepoint before_update');
  }
  const { parked, others } = await parkUnique(session, plan, changes, asExpected(plan, changes));
  return (await update(session, plan, others)) + (await update(session, plan, parked, true));
}

async function remove(
  session: Session,
  plan: TablePlan,
  changes: readonly (Change & { kind: 'delete' })[],
): Promise<number> {
  if (changes.length === 0) return 0;
  const [h1, h2] = rowFingerprint(plan.fingerprint, comparedColumns(plan), columnSql('target', 't'));
  const n = plan.key.length;
  const keys = changes.map((c) => c.key);
  await refuseCascades(session, plan, rowsOfKeys(plan, keys));
  const written = await session.query(
    `with k as materialized (select k.*, ($${n + 1}::int8[])[k.n] as h1, ($${n + 2}::int8[])[k.n] as h2 from ${keyList(plan, 'target', 1)})
     delete from ${tableSql(plan, 'target')} t using k
     where ${keyMatch(plan, 't', 'k')} and ${h1} = k.h1 and ${h2} = k.h2 returning 1`,
    [
      ...keyArrays(
        plan,
        changes.map((c) => c.key),
      ),
      changes.map((c) => c.expected.split(':')[0]),
      changes.map((c) => c.expected.split(':')[1]),
    ],
  );
  await requireAll(session, plan, { kind: 'delete', rows: changes }, written.length);
  return written.length;
}

const of = <K extends Change['kind']>(changes: readonly Change[], kind: K) =>
  changes.filter((c): c is Change & { kind: K } => c.kind === kind);

/**
 * Applies changes by key, each only if the target row is still the one the decision was made on (compare and set).
 *
 * Separate UPDATE, INSERT and DELETE, because an upsert would fire insert triggers for updates. Inside the caller's
 * transaction. Throws `target_moving`, `trigger_interfered`, `row_rejected`; then the whole chunk rolls back.
 */
export async function applyChanges(
  session: Session,
  plan: TablePlan,
  changes: readonly Change[],
): Promise<Omit<Applied, 'quarantined'>> {
  const deleted = await remove(session, plan, of(changes, 'delete'));
  const updated = await updateUnique(session, plan, of(changes, 'update'));
  await fp('rows.half');
  const inserted = await insert(session, plan, of(changes, 'insert'));
  return { inserted, updated, deleted };
}
