import type { Change, RowImage } from '../model/change.ts';
import { keyId } from '../model/change.ts';
import type { Applied } from '../model/checkpoint.ts';
import { SyncError } from '../model/errors.ts';
import { relationText, type TablePlan } from '../model/table.ts';
import { comparedColumns } from './buckets.ts';
import { columnSql, typeSql } from './columns.ts';
import { rowFingerprint } from './fingerprint.ts';
import { keyArrays, keyList, keyMatch } from './reader.ts';
import type { Session, TextRow } from './session.ts';
import { ident, relation } from './sql.ts';

/** Name that a row list gives to a mapped column: by position, because a user's column may have any name. */
const position = (plan: TablePlan, column: string) => `c${plan.columns.findIndex((c) => c.name === column) + 1}`;

/** SQL of typed rows (c1, c2, ..., n) from one text array per column, from `$n` on. The cast has no length: it must not cut a value. */
function rowList(plan: TablePlan, n: number): string {
  const casts = plan.columns.map((c, i) => `u.c${i + 1}::${typeSql(c.type)} as c${i + 1}`);
  const arrays = plan.columns.map((_, i) => `$${n + i}::text[]`).join(', ');
  const names = plan.columns.map((_, i) => `c${i + 1}`).join(', ');
  return `select ${casts.join(', ')}, u.n from unnest(${arrays}) with ordinality u(${names}, n)`;
}

const columnArrays = (plan: TablePlan, rows: readonly RowImage[]) =>
  plan.columns.map((_, i) => rows.map((r) => r.values[i] ?? null));

/** Throws `trigger_interfered` when what was written is not what was meant. */
function requireSame(plan: TablePlan, meant: readonly RowImage[], written: readonly TextRow[]): void {
  const byKey = new Map(meant.map((r) => [keyId(r.key), r.fingerprint]));
  const changed = written.filter(([h1, h2, ...key]) => byKey.get(keyId(key as string[])) !== `${h1}:${h2}`); // key columns are not null
  if (changed.length === 0) return;
  throw new SyncError(
    'trigger_interfered',
    `The target changed ${changed.length} rows of ${relationText(plan.target)} while they were written.`,
    {
      facts: { table: relationText(plan.target), rows: changed.length },
    },
  );
}

/**
 * Fewer rows written than asked for: the row was not as expected any more (`target_moving`, worth another look), or a
 * trigger dropped it. Which of the two is told by trying again.
 */
function requireAll(plan: TablePlan, wanted: number, written: number): void {
  if (written === wanted) return;
  throw new SyncError(
    'target_moving',
    `${wanted - written} rows of ${relationText(plan.target)} were not as expected when they were written.`,
    {
      facts: { table: relationText(plan.target), rows: wanted - written },
    },
  );
}

async function insert(session: Session, plan: TablePlan, rows: readonly RowImage[]): Promise<number> {
  if (rows.length === 0) return 0;
  const [h1, h2] = rowFingerprint(plan.fingerprint, plan.columns, columnSql('target', 't'));
  const columns = plan.columns.map((c) => ident(c.name)).join(', ');
  const key = plan.key.map((k) => `t.${ident(k)}`).join(', ');
  const same = plan.key.map((k) => `x.${ident(k)} = s.${position(plan, k)}`).join(' and ');
  const list = plan.columns.map((_, i) => `s.c${i + 1}`).join(', ');
  const written = await session.query(
    `with s as materialized (${rowList(plan, 1)})
     insert into ${relation(plan.target)} as t (${columns}) overriding system value
     select ${list} from s where not exists (select from ${relation(plan.target)} x where ${same}) order by s.n
     returning ${h1}, ${h2}, ${key}`,
    columnArrays(plan, rows),
  );
  requireAll(plan, rows.length, written.length);
  requireSame(plan, rows, written);
  return written.length;
}

async function update(
  session: Session,
  plan: TablePlan,
  changes: readonly (Change & { kind: 'update' })[],
): Promise<number> {
  if (changes.length === 0) return 0;
  const [h1, h2] = rowFingerprint(plan.fingerprint, plan.columns, columnSql('target', 't'));
  const n = plan.columns.length;
  const sets = plan.columns
    .filter((c) => !plan.key.includes(c.name))
    .map((c) => `${ident(c.name)} = s.${position(plan, c.name)}`);
  const same = plan.key.map((k) => `t.${ident(k)} = s.${position(plan, k)}`).join(' and ');
  const key = plan.key.map((k) => `t.${ident(k)}`).join(', ');
  const rows = changes.map((c) => c.row);
  const written = await session.query(
    `with s as materialized (select r.*, e.h1, e.h2 from (${rowList(plan, 1)}) r
       join unnest($${n + 1}::int8[], $${n + 2}::int8[]) with ordinality e(h1, h2, n) using (n))
     update ${relation(plan.target)} t set ${sets.join(', ')} from s
     where ${same} and ${h1} = s.h1 and ${h2} = s.h2
     returning ${h1}, ${h2}, ${key}`,
    [
      ...columnArrays(plan, rows),
      changes.map((c) => c.expected.split(':')[0]),
      changes.map((c) => c.expected.split(':')[1]),
    ],
  );
  requireAll(plan, changes.length, written.length);
  requireSame(plan, rows, written);
  return written.length;
}

async function remove(
  session: Session,
  plan: TablePlan,
  changes: readonly (Change & { kind: 'delete' })[],
): Promise<number> {
  if (changes.length === 0) return 0;
  const [h1, h2] = rowFingerprint(plan.fingerprint, comparedColumns(plan), columnSql('target', 't'));
  const n = plan.key.length;
  const written = await session.query(
    `with k as materialized (select k.*, e.h1, e.h2 from ${keyList(plan, 'target', 1)}
       join unnest($${n + 1}::int8[], $${n + 2}::int8[]) with ordinality e(h1, h2, n) using (n))
     delete from ${relation(plan.target)} t using k
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
  requireAll(plan, changes.length, written.length);
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
  const updated = await update(session, plan, of(changes, 'update'));
  const inserted = await insert(
    session,
    plan,
    of(changes, 'insert').map((c) => c.row),
  );
  return { inserted, updated, deleted };
}
