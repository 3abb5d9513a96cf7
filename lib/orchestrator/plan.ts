import { detectionStrategy } from '../change-detector/registry.ts';
import { travel } from '../data-types/travel.ts';
import { hasUnusedValues } from '../data-types/unused.ts';
import type { Progress } from '../model/checkpoint.ts';
import { type JobConfig, writesBoth } from '../model/config.ts';
import { SyncError } from '../model/errors.ts';
import type { Pass } from '../model/job.ts';
import {
  type Column,
  type FingerprintForm,
  type PlannedColumn,
  type PlannedUnique,
  type Relation,
  relationText,
  type TablePlan,
  type UniqueIndex,
} from '../model/table.ts';
import { isKeyless, keyOf } from '../validator/schema.ts';
import { columnInScope, isView } from '../validator/scope.ts';
import { pairId, plannedConflicts } from './conflict-plan.ts';
import type { Preflight } from './preflight.ts';
import { scopesOf } from './project-scope.ts';
import { plannedFilter } from './row-filter.ts';

/** Bytes a row takes when nothing is known; only used to size chunks and samples. */
const UNKNOWN_ROW_BYTES = 200;

function rowEstimates(source: Relation, target: Relation) {
  const known = source.rowsEstimate > 0 ? source.rowsEstimate : source.bytes / UNKNOWN_ROW_BYTES;
  const rows = Math.max(1, Math.ceil(known));
  const inTarget = target.rowsEstimate > 0 ? target.rowsEstimate : target.bytes / UNKNOWN_ROW_BYTES;
  return {
    rowsEstimate: Math.max(rows, Math.ceil(inTarget)),
    // a view has no size of its own
    rowBytesEstimate:
      source.bytes > 0 || !isView(source) ? Math.max(1, Math.ceil(source.bytes / rows)) : UNKNOWN_ROW_BYTES,
  };
}

/** The columns that travel: those of both sides that are not generated, or identify rows, in the target's types. */
function mappedColumns(source: Relation, target: Relation, config: JobConfig): readonly PlannedColumn[] {
  const key = keyOf(source, config) ?? [];
  const travels = (c: Column) => !c.generated || key.includes(c.name);
  const from = new Map(source.columns.filter(travels).map((c) => [c.name, c]));
  return target.columns.flatMap((c): PlannedColumn[] => {
    const s = from.get(c.name);
    if (!s || !travels(c) || !columnInScope(source, s, config)) return [];
    const equality = config.equality[`${relationText(source)}.${c.name}`];
    const generated = c.generated && { generated: true as const };
    return [{ name: c.name, ...travel(s, c, key.includes(c.name)), ...generated, ...(equality && { equality }) }];
  });
}

/** The tolerances of a table's own columns. */
function tolerancesOf(source: Relation, config: JobConfig): Readonly<Record<string, number>> {
  const prefix = `${relationText(source)}.`;
  const own = Object.entries(config.tolerances).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** Scalars of built-in types and enums read the same in binary everywhere; arrays of user types hold OIDs in it. */
function binaryAlike({ type }: PlannedColumn): boolean {
  return type.base.schema === 'pg_catalog' || type.base.kind === 'e';
}

/** Whether the source's server writes a column just as the target has declared it, where it has to cast at all. */
function castsTo(column: PlannedColumn, target: Relation): boolean {
  if (!column.source) return true;
  const declared = target.columns.find((c) => c.name === column.name)?.declared;
  return column.type.schema === 'pg_catalog' && column.source.castTo === declared;
}

/** Whether rows may be piped through: the source must write them in the target's types, and each must be meant to arrive. */
function copyOf(columns: readonly PlannedColumn[], target: Relation, config: JobConfig): Pick<TablePlan, 'copy'> {
  const triggers = config.triggers === 'fire' && target.triggers > 0; // what they do is read back row by row
  const told = config.audit_level === 'detailed'; // row by row
  if (config.dry_run || triggers || told || !columns.every((c) => castsTo(c, target))) return {};
  return { copy: columns.every(binaryAlike) ? 'binary' : 'text' };
}

/** Whether anything but the job's own statements may change rows of the target while the job writes. */
function hasSideEffects(found: Preflight, config: JobConfig): boolean {
  const triggers = config.triggers === 'fire' && found.tables.some((t) => t.target.triggers > 0);
  const cascades =
    config.delete_mode === 'mirror' &&
    config.triggers === 'fire' &&
    found.tables.some((t) => t.target.foreignKeys.some((f) => f.deleteAction));
  const follows =
    config.triggers === 'fire' && found.tables.some((t) => t.target.foreignKeys.some((f) => f.updateAction));
  return triggers || cascades || follows || (writesBoth(config) && sourceHasSideEffects(found, config));
}

/** The same of the source, in a job that writes to it. */
const sourceHasSideEffects = (found: Preflight, { triggers }: JobConfig): boolean =>
  triggers === 'fire' &&
  found.tables.some(
    ({ source: s }) => s.triggers > 0 || s.foreignKeys.some((f) => f.updateAction === true || f.deleteAction),
  );

/** What writing to the source must know of its table. */
function backOf(source: Relation, config: JobConfig): Pick<TablePlan, 'back'> {
  if (!writesBoth(config)) return {};
  const { uniques, fixed } = heldBack(source, source, [], config);
  return { back: { selfReferencing: refersToItself(source), ...(uniques && { uniques }), ...(fixed && { fixed }) } };
}

const refersToItself = (table: Relation) =>
  table.foreignKeys.some((f) => relationText(f.references) === relationText(table));

/** Where the rows of a unique index can be parked: a column that may be NULL, else one whose type has unused values. */
function parkingOf(unique: UniqueIndex, target: Relation, free: ReadonlySet<string>): PlannedUnique {
  const columns = target.columns.filter((c) => unique.columns.includes(c.name) && free.has(c.name));
  const nullable = unique.nullsDistinct ? columns.find((c) => !c.notNull) : undefined;
  const park = nullable ?? columns.find((c) => hasUnusedValues(c.type.base.name));
  const { name, watched } = unique;
  const base = { name, columns: unique.columns, watched };
  return park ? { ...base, park: { column: park.name, nullable: park === nullable, declared: park.declared } } : base;
}

/** What keeps rows from being written one by one in any order: unique values they exchange, references to later rows. */
function heldBack(source: Relation, target: Relation, nullFirst: readonly string[], config: JobConfig) {
  const key = keyOf(source, config) ?? [];
  const mapped = mappedColumns(source, target, config).map((c) => c.name);
  const fixed = target.columns.filter((c) => c.identity === 'a' && mapped.includes(c.name) && !key.includes(c.name));
  const free = new Set(mapped.filter((c) => !key.includes(c) && !fixed.some((f) => f.name === c)));
  const uniques = (target.uniqueIndexes ?? []).filter((u) => u.watched.some((c) => free.has(c)));
  const late = nullFirst.filter((c) => free.has(c));
  return {
    ...(uniques.length > 0 &&
      !isKeyless(source, config) && { uniques: uniques.map((u) => parkingOf(u, target, free)) }),
    ...(fixed.length > 0 && { fixed: fixed.map((c) => c.name) }),
    ...(late.length > 0 && { nullFirst: late }),
  };
}

/** What reading and writing must know of the relations themselves. */
function readingOf(source: Relation, target: Relation): Pick<TablePlan, 'only' | 'unversioned'> {
  const only = [...(source.inherited ? ['source' as const] : []), ...(target.inherited ? ['target' as const] : [])];
  return { ...(only.length > 0 && { only }), ...(['v', 'f'].includes(source.kind) && { unversioned: true as const }) };
}

/** How a source table is selected, where a mapping or rules have a say. */
function selectOf({ mapped, ruled }: Relation): Pick<TablePlan, 'select'> {
  const select = ruled?.select ?? mapped?.select;
  return select ? { select } : {};
}

/** Which rows of a table take part in a job over a project. */
function scopeIn(scopes: ReturnType<typeof scopesOf> | undefined, source: Relation): Pick<TablePlan, 'scope'> {
  const scope = scopes?.get(relationText(source));
  return scope ? { scope } : {};
}

/** Plans of all tables, in the order they are applied. */
export function tablePlans(
  found: Preflight,
  config: JobConfig,
  facts: { readonly fingerprint: FingerprintForm; readonly snapshot: string },
): readonly TablePlan[] {
  const sideEffects = hasSideEffects(found, config);
  const scopes = found.project && scopesOf(found.project);
  return found.tables.map(({ level, source, target, nullFirst }, table) => ({
    version: 1,
    table,
    level,
    source: source.mapped?.from ?? { schema: source.schema, name: source.name },
    target: { schema: target.schema, name: target.name },
    ...selectOf(source),
    columns: mappedColumns(source, target, config),
    key: keyOf(source, config) ?? [],
    ...(isKeyless(source, config) && { keyless: true as const }), // preflight refuses the others
    ...readingOf(source, target),
    ...(!found.project && copyOf(mappedColumns(source, target, config), target, config)), // rows of other projects may be in the way
    ...plannedConflicts(
      pairId(found.source, found.target),
      { source, target },
      mappedColumns(source, target, config),
      config,
    ),
    compares: detectionStrategy(config.detection_strategy).compares,
    tolerances: tolerancesOf(source, config),
    filters: (config.filters[relationText(source)] ?? []).map(plannedFilter),
    ...scopeIn(scopes, source),
    fingerprint: isKeyless(source, config) ? 'portable' : facts.fingerprint, // whole rows are told apart by SHA-256
    selfReferencing: refersToItself(target),
    ...heldBack(source, target, nullFirst, config),
    ...backOf(source, config),
    sideEffects,
    verifyAll: config.verify === 'all',
    sourceSnapshot: facts.snapshot,
    ...rowEstimates(source, target),
  }));
}

/** The passes a job makes over its tables. */
export function passesOf(config: JobConfig): readonly Pass[] {
  const deletes = config.delete_mode === 'keep' ? [] : (['delete'] as const);
  if (config.dry_run) return ['apply', ...deletes]; // nothing is written that would have to be looked at again
  const verify = config.verify === 'none' ? [] : (['verify'] as const);
  return ['apply', ...deletes, 'revisit', ...verify];
}

/** Table numbers level by level, parents before children. */
export function levelsOf(plans: readonly TablePlan[]): readonly (readonly number[])[] {
  const levels: number[][] = [];
  for (const p of plans) {
    const level = levels[p.level] ?? [];
    level.push(p.table);
    levels[p.level] = level;
  }
  return levels.filter((level) => level.length > 0);
}

const wroteAnything = (progress: readonly Progress[]) => progress.some((p) => p.wrote);

/**
 * Segments of a table that a pass still has to look at.
 *
 * Delete: those where target-only rows were seen that are to go. Revisit: those with rows put aside or written in part. Verify: those written into or holding such target-only rows; all of them when
 * triggers or cascades may have changed others. What was compared equal and not touched since needs no second look.
 */
export function segmentsToDo(plan: TablePlan, pass: Pass, progress: readonly Progress[]): readonly number[] {
  const own = progress.filter((p) => p.table === plan.table);
  return openSegments(plan, pass, own, wroteAnything(progress));
}

function openSegments(plan: TablePlan, pass: Pass, own: readonly Progress[], wrote: boolean): readonly number[] {
  const open = own.filter((p) => p.pass === pass && !p.finished).map((p) => p.segment);
  if (pass === 'apply') return open;
  if (pass === 'revisit') {
    const waiting = own.filter((p) => (p.counts.quarantined ?? 0) > 0 || (p.pass === 'apply' && p.unexplained > 0));
    return open.filter((s) => waiting.some((p) => p.segment === s));
  }
  const noted = new Set(own.filter((p) => p.hasExtra || (pass === 'verify' && p.wrote)).map((p) => p.segment));
  const all = pass === 'verify' && (plan.verifyAll || (plan.sideEffects && wrote));
  return open.filter((s) => all || noted.has(s));
}

/** Tables that a pass has something to do in. */
export function tablesToDo(
  plans: readonly TablePlan[],
  pass: Pass,
  progress: readonly Progress[],
): ReadonlySet<number> {
  const own = Map.groupBy(progress, (p) => p.table);
  const wrote = wroteAnything(progress);
  const open = plans.filter((plan) => openSegments(plan, pass, own.get(plan.table) ?? [], wrote).length > 0);
  return new Set(open.map((p) => p.table));
}

/** All tables of a job level by level in the order of a pass: children before parents where rows are deleted. */
export function passOrder(plans: readonly TablePlan[], pass: Pass): readonly (readonly number[])[] {
  const levels = levelsOf(plans);
  if (pass === 'verify') return levels.length > 0 ? [levels.flat()] : [];
  return pass === 'delete' ? levels.toReversed() : levels;
}

/** A run may always delete this many rows; below it a percentage says little. */
const FREE_DELETES = 100;

/**
 * Stops a run before it deletes anything when it would delete more of a table than the config allows: a source that was
 * restored empty, or a wrong database. `confirmed`: so many deletes somebody has accepted. Throws `confirm_required`.
 */
export function guardDeletes(
  plans: readonly TablePlan[],
  progress: readonly Progress[],
  config: JobConfig,
  confirmed = 0,
): void {
  const beyond = plans.flatMap((plan) => {
    const applied = progress.filter((p) => p.table === plan.table && p.pass === 'apply');
    const sum = (key: 'kept' | 'unchanged' | 'updated' | 'skipped') =>
      applied.reduce((n, p) => n + (p.counts[key] ?? 0), 0);
    const deletes = applied.reduce((n, p) => n + p.toDelete, 0);
    const looked = sum('kept') + sum('unchanged') + sum('updated') + sum('skipped');
    // where only rows that the log names were looked at, the table has the others too
    const before = plan.changes?.keys === undefined ? looked : Math.max(looked, plan.rowsEstimate);
    const percent = before === 0 ? 0 : (100 * deletes) / before;
    if (deletes <= FREE_DELETES || percent <= config.max_delete_percent) return [];
    return [{ deletes, text: `${relationText(plan.target)}: ${deletes} of ${before} rows (${percent.toFixed(1)} %)` }];
  });
  const deletes = beyond.reduce((n, b) => n + b.deletes, 0);
  if (deletes <= confirmed) return;
  throw new SyncError(
    'confirm_required',
    `Nothing was deleted: more than max_delete_percent (${config.max_delete_percent}) would be, ${deletes} rows in all. ${beyond.map((b) => b.text).join('; ')}.`,
    { facts: { deletes } },
  );
}
