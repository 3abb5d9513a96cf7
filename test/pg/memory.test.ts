import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { JobConfig } from '../../lib/model/config.ts';
import { compareDatabases, summary } from '../support/compare.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { few } from '../support/level.ts';
import type { Measured } from '../support/measured-job.ts';

/** What a worker may use on Lambda, and the heap that Lambda's Node then has (see local/lambda/function-process.ts). */
const LIMIT_MB = 256;
const HEAP = ['--max-semi-space-size=12', '--max-old-space-size=231'];
const SCRIPT = fileURLToPath(new URL('../support/measured-job.ts', import.meta.url));

/** Runs a job in a process of its own; fails when the heap of a worker does not do. */
async function measured(pair: TestPair, config: Partial<JobConfig> = {}): Promise<Measured> {
  const asked = JSON.stringify({ source: pair.source.url, target: pair.target.url, config });
  const { stdout } = await promisify(execFile)(process.execPath, [...HEAP, SCRIPT, asked], { maxBuffer: 2 ** 20 });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Measured;
}

async function both(pair: TestPair, sql: string): Promise<void> {
  await pair.source.client.query(sql);
  await pair.target.client.query(sql);
}

const LARGE = `create table big (id int primary key, kind text, t text, b bytea, j jsonb);
  alter table big alter t set storage external, alter b set storage external, alter j set storage external`;

/** Three rows of `mb` MiB of text, with every character that needs an escape somewhere, among 3,000 small ones. */
const largeRows = (mb: number) => `
  insert into big select n, 'small', 'x', '\\x00', '{"a": 1}' from generate_series(1, 2000) n;
  insert into big values
    (2001, 'text', repeat(E'"\\\\\t☃\\n{,}', ${mb} * 1024 * 1024 / 10), null, null),
    (2002, 'bytea', null, decode(repeat('00ff5c22', ${mb} * 1024 * 1024 / 8), 'hex'), null),
    (2003, 'jsonb', null, null, jsonb_build_array(repeat(E'"\\\\☃', ${mb} * 1024 * 1024 / 7), 1.0));
  insert into big select n, 'small', 'x', '\\x00', '{"a": 1}' from generate_series(3001, 4000) n`;

/** A row of 30 MiB is written, read and compared several times: some seconds each. */
const TIMEOUT_MS = 120_000;

describe('a worker of 256 MB', () => {
  test.each(few(['hash', 'content'], 1))(
    'carries rows of 30 MiB among small ones, by %s',
    async (detection_strategy) => {
      await using pair = await createPair();
      await both(pair, LARGE);
      await pair.source.client.query(largeRows(29));
      await pair.target.client.query(`insert into big values (1, 'old'), (2001, 'old'), (2002, 'old'), (7, 'old')`);

      const first = await measured(pair, { detection_strategy });
      const second = await measured(pair, { detection_strategy });

      expect(first).toMatchObject({ state: 'completed', counts: { inserted: 2999, updated: 4, quarantined: 0 } });
      expect(second).toMatchObject({ state: 'completed', counts: { inserted: 0, updated: 0, unchanged: 3003 } });
      expect(Math.max(first.peakMb, second.peakMb)).toBeLessThan(LIMIT_MB);
      expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
    },
    TIMEOUT_MS,
  );

  test(
    'carries them where the target is empty',
    async () => {
      await using pair = await createPair();
      await both(pair, LARGE);
      await pair.source.client.query(largeRows(40));

      const { state, peakMb } = await measured(pair);

      expect(state).toBe('completed');
      expect(peakMb).toBeLessThan(LIMIT_MB);
      expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
    },
    TIMEOUT_MS,
  );

  test(
    'puts a row above 32 MiB aside without reading it, and carries the others',
    async () => {
      await using pair = await createPair();
      await both(pair, LARGE);
      await pair.source.client.query(`
      insert into big select n, 'small' from generate_series(1, 50) n;
      insert into big values (51, 'too large', repeat('x', 33 * 1024 * 1024)), (52, 'small', null)`);
      await pair.target.client.query(`insert into big values (2, 'old'), (51, 'old')`);

      const { state, counts, peakMb } = await measured(pair);
      const { rows } = await pair.target.client.query('select key::text, code, sqlstate from tf_sync.quarantine');

      expect({ state, counts }).toMatchObject({
        state: 'completed_with_issues',
        counts: { inserted: 50, updated: 1, quarantined: 1, read: 52 },
      });
      expect(rows).toEqual([{ key: '{51}', code: 'row_too_large', sqlstate: null }]);
      expect(peakMb).toBeLessThan(LIMIT_MB);
    },
    TIMEOUT_MS,
  );

  test(
    'holds rows together that wait for each other, as long as they fit',
    async () => {
      await using pair = await createPair();
      await both(
        pair,
        `create table tree (id int primary key, parent int references tree, t text);
       alter table tree alter t set storage external; insert into tree values (0, null, 'root')`,
      );
      // each row refers to the next one; the last of eight refers to the root
      await pair.source.client.query(`
      insert into tree select n, case when n % 4 = 0 then 0 else n + 1 end, repeat('"\\☃', 3900 * 1024 / 5)
      from generate_series(1, 16) n`);

      const { state, counts, peakMb } = await measured(pair);

      expect({ state, counts }).toMatchObject({ state: 'completed', counts: { inserted: 16, quarantined: 0 } });
      expect(peakMb).toBeLessThan(LIMIT_MB);
      expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
    },
    TIMEOUT_MS,
  );

  test(
    'carries 1,600 columns, two parts of a fingerprint each',
    async () => {
      await using pair = await createPair();
      // 1,600 eight-byte values would not fit into a page; NULLs take none
      const columns = Array.from({ length: 1_599 }, (_, i) => `c${i} bigint`);
      await both(pair, `create table wide (id int primary key, ${columns.join(', ')})`);
      const some = 'select n, n, n * 2, n * 3 from generate_series(1, 60) n';
      await pair.source.client.query(`insert into wide (id, c0, c700, c1598) ${some}`);
      await pair.target.client.query(`insert into wide (id, c0, c700, c1598) ${some} where n < 30`);
      await pair.target.client.query(`update wide set c0 = c1598, c1598 = c0 where id < 20`);

      const { state, counts, peakMb } = await measured(pair);

      expect({ state, counts }).toMatchObject({
        state: 'completed',
        counts: { inserted: 31, updated: 19, unchanged: 10 },
      });
      expect(peakMb).toBeLessThan(LIMIT_MB);
      expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
    },
    TIMEOUT_MS,
  );

  test(
    'writes 200 columns of 1,000 rows in one chunk',
    async () => {
      await using pair = await createPair();
      const columns = Array.from({ length: 199 }, (_, i) => `c${i} text`);
      await both(pair, `create table wide (id int primary key, ${columns.join(', ')}); insert into wide values (0)`);
      const values = columns.map((_, i) => `'r' || n || 'c${i}'`);
      await pair.source.client.query(`insert into wide select n, ${values.join(', ')} from generate_series(1, 1000) n`);

      const { state, counts, peakMb } = await measured(pair);

      expect({ state, counts }).toMatchObject({ state: 'completed', counts: { inserted: 1000, unchanged: 1 } });
      expect(peakMb).toBeLessThan(LIMIT_MB);
      expect(summary(await compareDatabases(pair.source.client, pair.target.client))).toEqual({});
    },
    TIMEOUT_MS,
  );
});
