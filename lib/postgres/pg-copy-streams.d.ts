declare module 'pg-copy-streams' {
  import type { Duplex, Readable, Writable } from 'node:stream';
  import type { Submittable } from 'pg';

  /** A `copy ... from stdin` that rows are written to. */
  export function from(sql: string): Writable & Submittable & { rowCount: number };
  /** A `copy ... to stdout` that rows are read from. */
  export function to(sql: string): Readable & Submittable & { rowCount: number };
  export function both(sql: string): Duplex & Submittable;
}
