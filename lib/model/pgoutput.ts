/**
 * The messages of PostgreSQL's logical decoding plugin `pgoutput`, protocol version 1, as
 * `pg_logical_slot_peek_binary_changes` gives them: one buffer a message. Pure.
 */

/** A value of a tuple: text, NULL, or `undefined` where it is not in the log (an unchanged value kept out of line). */
export type TupleValue = string | null | undefined;

export interface RelationMessage {
  readonly kind: 'relation';
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  /** `relreplident`: d, i, f or n. */
  readonly identity: string;
  readonly columns: readonly { readonly name: string; readonly inIdentity: boolean; readonly typeOid: number }[];
}

/** `old`: the values that identify the row before, or all of it; absent where they are those of `row`. */
export type ChangeMessage =
  | RelationMessage
  | { readonly kind: 'begin'; readonly finalLsn: bigint; readonly committedAt: Date; readonly xid: number }
  | { readonly kind: 'commit'; readonly endLsn: bigint; readonly committedAt: Date }
  | { readonly kind: 'insert'; readonly relation: number; readonly row: Tuple }
  | { readonly kind: 'update'; readonly relation: number; readonly old?: Tuple; readonly row: Tuple }
  | { readonly kind: 'delete'; readonly relation: number; readonly old: Tuple }
  | { readonly kind: 'truncate'; readonly relations: readonly number[] }
  | { readonly kind: 'other' };

/** Values in the order of the relation's columns. `cut`: those behind these did not fit into what was read. */
export interface Tuple {
  readonly values: readonly TupleValue[];
  readonly cut: boolean;
}

/** 2000-01-01 in milliseconds since 1970; instants of the protocol are microseconds from there. */
const POSTGRES_EPOCH_MS = 946_684_800_000n;

const instant = (micros: bigint) => new Date(Number(POSTGRES_EPOCH_MS + micros / 1000n));

class Reader {
  private at = 0;
  private readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  private take(n: number): number {
    const from = this.at;
    if (from + n > this.bytes.length) throw new RangeError('the message ends early');
    this.at += n;
    return from;
  }

  has(n: number): boolean {
    return this.at + n <= this.bytes.length;
  }

  byte(): string {
    return String.fromCharCode(this.bytes[this.take(1)] as number); // take has checked
  }

  int8(): number {
    return this.bytes.readUInt8(this.take(1));
  }

  int16(): number {
    return this.bytes.readUInt16BE(this.take(2));
  }

  int32(): number {
    return this.bytes.readUInt32BE(this.take(4));
  }

  int64(): bigint {
    return this.bytes.readBigUInt64BE(this.take(8));
  }

  text(length: number): string {
    const from = this.take(length);
    return this.bytes.toString('utf8', from, from + length);
  }

  name(): string {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0) throw new RangeError('the message ends early');
    const text = this.bytes.toString('utf8', this.at, end);
    this.at = end + 1;
    return text;
  }
}

/** `null`: not all of it is there. */
function value(read: Reader): { readonly value: TupleValue } | null {
  if (!read.has(1)) return null;
  const kind = read.byte();
  if (kind === 'n') return { value: null };
  if (kind === 'u') return { value: undefined };
  if (kind !== 't') throw new RangeError(`a value of the unknown kind ${kind}`);
  if (!read.has(4)) return null;
  const length = read.int32();
  return read.has(length) ? { value: read.text(length) } : null;
}

/** A tuple, as far as it is there. */
function tuple(read: Reader): Tuple {
  if (!read.has(2)) return { values: [], cut: true };
  const count = read.int16();
  const values: TupleValue[] = [];
  while (values.length < count) {
    const next = value(read);
    if (!next) return { values, cut: true };
    values.push(next.value);
  }
  return { values, cut: false };
}

function relation(read: Reader): RelationMessage {
  const id = read.int32();
  const schema = read.name() || 'pg_catalog';
  const name = read.name();
  const identity = read.byte();
  const columns = Array.from({ length: read.int16() }, () => {
    const inIdentity = read.int8() === 1;
    const column = { name: read.name(), inIdentity, typeOid: read.int32() };
    read.int32(); // type modifier
    return column;
  });
  return { kind: 'relation', id, schema, name, identity, columns };
}

function update(read: Reader): ChangeMessage {
  const of = read.int32();
  const first = read.has(1) ? read.byte() : 'N';
  const before = tuple(read);
  if (first === 'N') return { kind: 'update', relation: of, row: before };
  if (before.cut || !read.has(1)) return { kind: 'update', relation: of, old: before, row: { values: [], cut: true } };
  read.byte(); // N
  return { kind: 'update', relation: of, old: before, row: tuple(read) };
}

function truncate(read: Reader): ChangeMessage {
  const count = read.int32();
  read.int8(); // options: cascade, restart identity; every table concerned is listed
  return { kind: 'truncate', relations: Array.from({ length: count }, () => read.int32()) };
}

/**
 * One message. A row may be cut off behind any of its bytes; all other messages must be whole. Throws RangeError for what is
 * not protocol version 1.
 */
export function decodeMessage(bytes: Buffer): ChangeMessage {
  const read = new Reader(bytes);
  const kind = read.byte();
  switch (kind) {
    case 'B': {
      const finalLsn = read.int64();
      return { kind: 'begin', finalLsn, committedAt: instant(read.int64()), xid: read.int32() };
    }
    case 'C': {
      read.int8(); // flags, none yet
      read.int64(); // where the commit begins
      const endLsn = read.int64();
      return { kind: 'commit', endLsn, committedAt: instant(read.int64()) };
    }
    case 'R':
      return relation(read);
    case 'I': {
      const of = read.int32();
      if (read.has(1)) read.byte(); // N
      return { kind: 'insert', relation: of, row: tuple(read) };
    }
    case 'U':
      return update(read);
    case 'D': {
      const of = read.int32();
      if (read.has(1)) read.byte(); // K or O
      return { kind: 'delete', relation: of, old: tuple(read) };
    }
    case 'T':
      return truncate(read);
    case 'Y': // a type
    case 'O': // an origin
    case 'M': // a message
      return { kind: 'other' };
    default:
      throw new RangeError(`a message of the unknown kind ${kind}`);
  }
}
