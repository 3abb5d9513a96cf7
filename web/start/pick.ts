import type { PairTables, TableOfPair } from '../../lib/model/pair-tables.ts';
import type { StartForm } from './request.ts';

/** The service takes no longer lists. */
const MOST_NAMES = 1000;

/** Tables that a job would take by itself: ordinary ones of both sides. */
export const takes = ({ source, target }: TableOfPair): boolean =>
  [source, target].every((side) => side !== undefined && (side.kind === 'table' || side.kind === 'partitioned'));

/** Why a table cannot be picked; undefined: it can. */
export function cannotPick({ source, target }: TableOfPair): string | undefined {
  if (!source) return 'not in the source';
  if (!target) return 'not in the target';
  if (target.kind !== 'table' && target.kind !== 'partitioned')
    return `the target has a ${target.kind.replace('_', ' ')} of this name`;
  return undefined;
}

/** Tables whose name, or a part of it, is as typed. */
export const matching = ({ tables }: Pick<PairTables, 'tables'>, text: string): readonly TableOfPair[] =>
  tables.filter(({ name }) => name.toLowerCase().includes(text.trim().toLowerCase()));

/** What of the config says that these tables take part: nothing for all that would by themselves, else the shorter list. */
export function choiceOf({ tables }: Pick<PairTables, 'tables'>, picked: ReadonlySet<string>): StartForm['tables'] {
  const usual = tables.filter(takes).map(({ name }) => name);
  const left = usual.filter((name) => !picked.has(name));
  const extra = [...picked].filter((name) => !usual.includes(name));
  if (extra.length === 0 && left.length === 0) return undefined;
  if (extra.length === 0 && left.length < picked.size && left.length <= MOST_NAMES) return { exclude: left };
  return { include: [...picked].sort() };
}

/** Rows and bytes of the source that the picked tables have; rows of tables without statistics are not known. */
export function sizeOf({ tables }: Pick<PairTables, 'tables'>, picked: ReadonlySet<string>) {
  const chosen = tables.filter(({ name }) => picked.has(name)).flatMap(({ source }) => source ?? []);
  return {
    tables: chosen.length,
    rows: chosen.reduce((sum, t) => sum + (t.rows_estimate ?? 0), 0),
    unknown: chosen.filter((t) => t.rows_estimate === undefined).length,
    bytes: chosen.reduce((sum, t) => sum + t.bytes, 0),
  };
}

/** `512 bytes`, `3.4 kB`, `120 MB`. */
export function size(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let at = 0;
  let value = bytes;
  for (; value >= 1000 && at < units.length - 1; at++) value /= 1000;
  return `${at === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}
