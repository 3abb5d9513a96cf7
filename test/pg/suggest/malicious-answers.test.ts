import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPair, type TestPair } from '../../support/databases.ts';
import { expectHarmless } from '../../support/harmless-draft.ts';
import { HOSTILE_ANSWERS } from '../../support/hostile-answers.ts';
import { type SuggestFunction, startSuggestFunction } from '../../support/suggest-function.ts';

const SOURCE = `
  create table owners (owner_id int primary key, first_name text, last_name text not null, email text, ssn text);
  create table parcels (parcel_number text primary key, owner_id int not null references owners, situs_address text,
    land_value numeric(14,2), notes text);
  insert into owners select n, 'c4n4ry', 'c4n4ry', 'c4n4ry', 'c4n4ry' from generate_series(1, 5) n;
  insert into parcels select n::text, n, 'c4n4ry', n, 'c4n4ry' from generate_series(1, 5) n`;
const TARGET = `
  create schema cama;
  create table cama.tbl_owner (own_id bigint primary key, fname text, lname text not null, e_mail text, soc_sec_no text,
    nickname text);
  create table cama.tbl_parcel (parcel_no text primary key, own_id bigint not null references cama.tbl_owner,
    situs_addr text, land_val numeric(14,2), blurb text, value_thousands numeric)`;

let fn: SuggestFunction;
beforeAll(async () => {
  fn = await startSuggestFunction();
});
afterAll(() => fn?.[Symbol.asyncDispose]());

/** All that the databases hold, so that a change shows. */
async function contents(pair: TestPair): Promise<string> {
  const of = async ({ client }: TestPair['source']) =>
    JSON.stringify(
      (
        await client.query(
          `select c.oid::text, c.relname, c.relkind::text, c.relacl::text, pg_catalog.pg_relation_size(c.oid)::text as size
           from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
           where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_toast' order by 1`,
        )
      ).rows,
    );
  return `${await of(pair.source)} ${await of(pair.target)}`;
}

/** Reading both catalogs twice, once with a model that answers at once, on a machine that others load. */
const MOST_MS = 10_000;
const MOST_BYTES = 400_000;

describe('a model that answers with', () => {
  let pair: TestPair;
  let untouched: string;
  beforeAll(async () => {
    pair = await createPair();
    await pair.source.client.query(SOURCE);
    await pair.target.client.query(TARGET);
    untouched = await contents(pair);
  });
  afterAll(() => pair?.[Symbol.asyncDispose]());

  const answers = Object.entries(HOSTILE_ANSWERS);
  test('is tried in at least 60 ways', () => expect(answers.length).toBeGreaterThanOrEqual(60));

  test.each(answers)('%s does nothing that nobody approved', async (_what, how) => {
    fn.bedrock.answer(() => how);
    const before = performance.now();

    const answer = await fn.suggest(pair);

    expect(performance.now() - before).toBeLessThan(MOST_MS);
    expect(answer.status, answer.text).toBe(201);
    expect(answer.text.length).toBeLessThan(MOST_BYTES);
    await expectHarmless(fn, { answer, pair, name: 'county' });
    expect(await contents(pair)).toBe(untouched);
    expect(fn.bedrock.calls.at(-1)?.text).not.toMatch(/c4n4ry|postgresql:|password/);
    // what the rules mask stays masked, and nothing personal goes another way
    const owners = answer.json.mapping['cama.tbl_owner'].columns;
    for (const name of ['fname', 'lname', 'e_mail', 'soc_sec_no']) expect(owners[name]).toHaveProperty('mask');
    if (owners.nickname) expect(owners.nickname).toHaveProperty('mask');
    expect(answer.json.mapping['cama.tbl_parcel'].columns).toMatchObject({
      parcel_no: 'parcel_number',
      own_id: 'owner_id',
    });
    // no control character, no text of the model that is longer than a line
    for (const reason of answer.json.tables.flatMap((t: { columns: { reasons: string[] }[] }) =>
      t.columns.flatMap((c) => c.reasons),
    )) {
      expect(reason).not.toMatch(/\p{C}/u);
      expect(reason.length).toBeLessThanOrEqual(200);
    }
    expect(answer.json.notes.join()).not.toMatch(/evil|pwned|drop table|ignore all/);
  });
});
