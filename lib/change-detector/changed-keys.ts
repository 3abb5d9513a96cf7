import { keyId, type RowKey } from '../model/change.ts';
import type { DrainedKeys, StreamTable } from '../model/change-stream.ts';
import type { ChangeMessage, RelationMessage, Tuple } from '../model/pgoutput.ts';
import { relationText } from '../model/table.ts';

/** Where the key of a table is in the tuples of a relation. */
interface Place {
  readonly table: number;
  /** Positions of the key's columns; absent: the relation lacks one of them. */
  readonly positions?: readonly number[];
  /** The log tells the old key of a row that changes it, or goes. */
  readonly identifies: boolean;
}

/** The key in a tuple, or in `other` where the value did not change; undefined: it is not all there. */
function keyIn(positions: readonly number[], tuple: Tuple, other?: Tuple): RowKey | undefined {
  const key: string[] = [];
  for (const i of positions) {
    const value = tuple.values[i] ?? other?.values[i];
    if (value === undefined || value === null) return undefined;
    key.push(value);
  }
  return key;
}

/**
 * What a run of messages says of the tables of a stream: the keys of rows that were inserted, updated (the old and the new
 * one) or deleted, each once, and tables that cannot be told by keys: truncated ones, those of which a key is not in the log,
 * and those with more than `mostKeys` of them. Changes of other tables are passed over.
 */
export class ChangedKeys {
  /** Keys held now, of all tables. */
  size = 0;
  /** Transactions and changes of rows seen. */
  transactions = 0;
  changes = 0;
  committedAt: Date | undefined;
  private readonly tables: ReadonlyMap<string, readonly [number, StreamTable]>;
  private readonly mostKeys: number;
  private readonly places = new Map<number, Place>();
  private readonly held = new Map<number, Map<string, RowKey>>();
  private readonly counted = new Map<number, number>();
  private readonly dirty = new Set<number>();
  private readonly told = new Set<number>();

  constructor(tables: readonly StreamTable[], mostKeys: number) {
    this.tables = new Map(tables.map((t, i) => [relationText(t.source), [i, t]]));
    this.mostKeys = mostKeys;
  }

  take(message: ChangeMessage): void {
    if (message.kind === 'relation') this.place(message);
    else if (message.kind === 'insert') this.changed(message.relation, message.row);
    else if (message.kind === 'update') this.changed(message.relation, message.row, message.old, true);
    else if (message.kind === 'delete') this.changed(message.relation, undefined, message.old, true);
    else if (message.kind === 'truncate') {
      this.changes += 1;
      for (const id of message.relations) this.spoil(this.places.get(id)?.table);
    } else if (message.kind === 'commit') {
      this.transactions += 1;
      this.committedAt = message.committedAt;
    }
  }

  /** Hands over what is held and begins anew; a table is told to be dirty once. */
  flush(): DrainedKeys {
    const keys = [...this.held].map(([table, of]) => [table, [...of.values()]] as const);
    for (const [table, of] of keys) this.counted.set(table, (this.counted.get(table) ?? 0) + of.length);
    const dirty = [...this.dirty].filter((table) => !this.told.has(table));
    for (const table of dirty) this.told.add(table);
    this.held.clear();
    this.size = 0;
    return { keys, dirty };
  }

  private place(r: RelationMessage): void {
    const found = this.tables.get(relationText(r));
    if (!found) {
      this.places.delete(r.id);
      return;
    }
    const [table, { key }] = found;
    const positions = key.map((name) => r.columns.findIndex((c) => c.name === name));
    const there = positions.every((i) => i >= 0);
    const identifies = r.identity === 'f' || positions.every((i) => r.columns[i]?.inIdentity === true);
    this.places.set(r.id, { table, identifies, ...(there && { positions }) });
  }

  private changed(relation: number, row?: Tuple, old?: Tuple, needsOld = false): void {
    const place = this.places.get(relation);
    if (!place) return;
    this.changes += 1;
    const { table, positions, identifies } = place;
    if (this.dirty.has(table)) return;
    const known = positions && (identifies || !needsOld);
    for (const [tuple, other] of [[row, old] as const, [old] as const]) {
      if (!tuple) continue;
      const key = known && keyIn(positions, tuple, other);
      if (key) this.hold(table, key);
      else this.spoil(table);
    }
  }

  private hold(table: number, key: RowKey): void {
    const of = this.held.get(table) ?? new Map<string, RowKey>();
    this.held.set(table, of);
    const before = of.size;
    of.set(keyId(key), key);
    this.size += of.size - before;
    if ((this.counted.get(table) ?? 0) + of.size > this.mostKeys) this.spoil(table);
  }

  private spoil(table: number | undefined): void {
    if (table !== undefined) this.dirty.add(table);
  }
}
