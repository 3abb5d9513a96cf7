import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';

/** Branches, accounts and their history, as pgbench has them. Every version of a row has a number of its own in the source. */
export const BANK = `create table branch (id int primary key, n bigint not null, balance bigint not null default 0);
  create table account (id int primary key, branch int not null references branch, n bigint not null, balance bigint not null default 0, filler text);
  create table history (id bigint primary key, account int not null, delta int not null, n bigint not null)`;

/** In the source alone: numbers of versions, and what is there at the beginning. */
export const bankRows = (accounts: number): string => `create sequence version; create sequence entry;
  insert into branch select i, nextval('version') from generate_series(1, 10) i;
  insert into account select i, 1 + i % 10, nextval('version'), 0, repeat('f', 80) from generate_series(1, ${accounts}) i`;

/** In the target alone, in a schema that takes no part: every version that was written there. One that is written twice shows. */
export const WRITES_SEEN = `create schema seen;
  create table seen.writes (id bigint generated always as identity primary key, what text not null, key bigint not null, n bigint not null);
  create function seen.note() returns trigger language plpgsql as
    'begin insert into seen.writes (what, key, n) values (tg_table_name, new.id, new.n); return null; end';
  create trigger note after insert or update on branch for each row execute function seen.note();
  create trigger note after insert or update on account for each row execute function seen.note();
  create trigger note after insert or update on history for each row execute function seen.note()`;

/** Versions that were written more than once. */
export const WRITTEN_TWICE = 'select what, key, n from seen.writes group by 1, 2, 3 having count(*) > 1 limit 10';

/** Numbers in [0, 1) that a seed decides (mulberry32). */
export function seeded(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** One transaction: mostly pgbench's own, else an account that comes, goes, or gets another key. */
function transaction(next: () => number, accounts: number): string {
  const id = 1 + Math.floor(next() * accounts);
  const delta = Math.floor(next() * 1000) - 500;
  const kind = next();
  if (kind < 0.7)
    return `update account set balance = balance + ${delta}, n = nextval('version') where id = ${id};
      update branch set balance = balance + ${delta}, n = nextval('version') where id = ${1 + (id % 10)};
      insert into history values (nextval('entry'), ${id}, ${delta}, nextval('version'))`;
  if (kind < 0.8)
    return `insert into account values (${accounts + id}, ${1 + (id % 10)}, nextval('version'), 0, 'new') on conflict (id) do update set n = nextval('version')`;
  if (kind < 0.9) return `delete from account where id = ${accounts + id}`;
  return `update account set id = ${2 * accounts + id}, n = nextval('version') where id = ${id} and not exists (select from account a where a.id = ${2 * accounts + id})`;
}

/** Writers that go on until they are stopped; `stop` answers how many transactions they have committed. */
export interface Writers extends AsyncDisposable {
  stop(): Promise<number>;
}

/**
 * Starts so many connections that write to a bank, each `everyMs` a transaction at most. One that fails (a deadlock, a
 * serialization) is rolled back as a whole and not tried again.
 */
export function startWriters(
  connect: () => Promise<pg.Client>,
  how: { readonly connections: number; readonly accounts: number; readonly everyMs: number; readonly seed: number },
): Writers {
  let on = true;
  let committed = 0;
  const one = async (seed: number) => {
    const next = seeded(seed);
    const client = await connect();
    while (on) {
      await client.query(`begin; ${transaction(next, how.accounts)}; commit`).then(
        () => void committed++,
        () => client.query('rollback'),
      );
      await pause(how.everyMs * 2 * next());
    }
    await client.end();
  };
  const all = Array.from({ length: how.connections }, (_, i) => one(how.seed * 1000 + i));
  const stop = async () => {
    on = false;
    await Promise.all(all);
    return committed;
  };
  return { stop, [Symbol.asyncDispose]: async () => void (await stop()) };
}
