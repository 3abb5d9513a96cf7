import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseConnection } from '../../../lib/model/connection-string.ts';
import { mapping } from '../../../lib/model/mapping.ts';
import { mappingCheck, suggestion } from '../../../lib/model/suggestion.ts';
import type { Relation } from '../../../lib/model/table.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { postgresCatalogs } from '../../../lib/postgres/catalogs.ts';
import { createDatabase, createPair, type TestPair } from '../../support/databases.ts';
import type { ConverseAnswer } from '../../support/fake-bedrock.ts';
import { runJob } from '../../support/in-process.ts';
import { ON_ONE_MACHINE } from '../../support/rules.ts';
import { MODEL, type SuggestFunction, startSuggestFunction } from '../../support/suggest-function.ts';

const SOURCE = `
  create table owners (owner_id int primary key, first_name text not null, last_name text not null, email text, ssn text);
  create table parcels (
    parcel_number text primary key, owner_id int not null references owners, situs_address text, land_value numeric(14,2),
    zoning_cd varchar(10), notes text, updated_at timestamptz not null);
  insert into owners select n, 'First' || n, 'c4n4ry' || n, 'c4n4ry' || n || '@x.example', '999-00-' || lpad(n::text, 4, '0')
    from generate_series(1, 40) n;
  insert into parcels select 'P-' || n, n, n || ' Main St', n * 1000.5, 'R' || n % 4, 'v4lue ' || n, '2026-01-01'
    from generate_series(1, 40) n`;
const TARGET = `
  create schema cama;
  create table cama.tbl_owner (own_id bigint primary key, fname text not null, lname text not null, e_mail text, soc_sec_no text);
  create table cama.tbl_parcel (
    parcel_no text primary key, own_id bigint not null references cama.tbl_owner, situs_addr text, land_val numeric(14,2),
    zone_code varchar(10), last_updated timestamptz not null, blurb text, value_thousands numeric)`;

let fn: SuggestFunction;
let pair: TestPair;
beforeAll(async () => {
  fn = await startSuggestFunction();
  pair = await createPair();
  await pair.source.client.query(SOURCE);
  await pair.target.client.query(TARGET);
});
afterAll(async () => {
  await pair?.[Symbol.asyncDispose]();
  await fn?.[Symbol.asyncDispose]();
});

const columnsOf = (answer: { json: { mapping: Record<string, { columns: object }> } }, table: string) =>
  answer.json.mapping[table]?.columns;

test('the rules alone: a draft that runs, with what personal data would do unmasked', async () => {
  const answer = await fn.suggest(pair, { model: false, mask: false, name: 'plain' });

  expect(answer.status, answer.text).toBe(201);
  expect(suggestion.strict().safeParse(answer.json).error).toBeUndefined();
  expect(answer.json).toMatchObject({ name: 'plain', version: 1, state: 'draft', proposer: 'rules', model: null });
  expect(columnsOf(answer, 'cama.tbl_owner')).toEqual({
    own_id: 'owner_id',
    fname: 'first_name',
    lname: 'last_name',
    e_mail: 'email',
    soc_sec_no: 'ssn',
  });
  expect(fn.bedrock.calls).toEqual([]);
  expect(await fn.mappings.get('plain', 1)).toMatchObject({ origin: 'rules', author: 'ada' });
  expect((await fn.mappings.approvals('plain')).approvals).toEqual([]);

  const config = jobConfigSchema.parse({ mapping: mapping.parse(answer.json.mapping) });
  const { job } = await runJob(pair, config);
  expect(job.state).toBe('completed');
  const { rows } = await pair.target.client.query(
    `select count(*)::int as n from cama.tbl_parcel p join cama.tbl_owner o using (own_id) where o.lname like 'c4n4ry%'`,
  );
  expect(rows).toEqual([{ n: '40' }]);
  // preview: values of columns that tell who somebody is are not shown, the others are
  const owners = answer.json.preview.find((p: { table: string }) => p.table === 'cama.tbl_owner');
  expect(owners).toMatchObject({ columns: ['own_id'], hidden: ['fname', 'lname', 'e_mail', 'soc_sec_no'] });
  expect(owners.rows).toHaveLength(3);
  expect(answer.text).not.toContain('c4n4ry');
});

test('with masks: what would arrive is shown masked, and no value of a personal column', async () => {
  const answer = await fn.suggest(pair, { model: false, preview_rows: 2 });

  expect(columnsOf(answer, 'cama.tbl_owner')).toMatchObject({
    e_mail: { column: 'email', mask: { kind: 'fake', as: 'email' } },
    soc_sec_no: { column: 'ssn', mask: { kind: 'digits' } },
  });
  const owners = answer.json.preview.find((p: { table: string }) => p.table === 'cama.tbl_owner');
  expect(owners.columns).toContain('e_mail');
  expect(owners.rows).toHaveLength(2);
  expect(answer.text).not.toMatch(/c4n4ry|999-00-/);
});

test('a mapping at hand is checked as a start would and shown, with no value of a person and nothing stored', async () => {
  const before = (await fn.mappings.names()).length;
  const checked = (columns: object, table = 'cama.tbl_owner', from = 'public.owners') =>
    fn.suggest(pair, { name: undefined, mapping: { [table]: { from, columns, unnamed: 'omit' } }, preview_rows: 1 });
  const good = { own_id: 'owner_id', lname: { column: 'last_name', mask: { kind: 'hash' } } };

  const wrong = await checked({ ...good, fname: 'no_such_column', nowhere: 'email' });
  const lost = await checked({ ...good, own_id: 'missing' }, 'cama.nothing');
  const ssn = { side: 'source', table: 'public.owners', match: 'owner_id', take: 'ssn' };
  const open = await checked({
    own_id: 'owner_id',
    fname: { expression: 'upper(row.last_name)' },
    e_mail: { mask: { kind: 'keep' }, column: 'email' },
    soc_sec_no: { column: 'owner_id', lookup: ssn },
  });
  const parcel = { parcel_no: 'parcel_number', own_id: 'owner_id', last_updated: 'updated_at', zone_code: 'notes' };
  const cut = await checked(parcel, 'cama.tbl_parcel', 'public.parcels');
  const both = await fn.suggest(pair, { mapping: {} });

  expect(wrong.status, wrong.text).toBe(200);
  expect(mappingCheck.strict().safeParse(wrong.json).error).toBeUndefined();
  expect(wrong.json.findings.filter((f: { severity: string }) => f.severity === 'error')).toMatchObject([
    {
      code: 'column_not_found',
      table: 'cama.tbl_owner',
      column: 'fname',
      message: expect.stringContaining('no column no_such_column'),
    },
    { code: 'column_not_found', table: 'cama.tbl_owner', column: 'nowhere' },
  ]);
  expect(wrong.json.preview).toMatchObject([
    { columns: ['own_id', 'lname'], rows: [['1', expect.stringMatching(/^[0-9a-f]{64}$/)]] },
  ]); // what can be made
  expect(lost.json).toMatchObject({ findings: [{ code: 'table_not_found', table: 'cama.nothing' }], preview: [] });
  expect(open.json.preview).toMatchObject([{ columns: ['own_id'], hidden: ['fname', 'e_mail', 'soc_sec_no'] }]);
  expect(open.text + wrong.text).not.toMatch(/c4n4ry|999-00-/);
  expect(cut.json.findings.map((f: { severity: string; code: string }) => [f.severity, f.code])).toEqual([
    ['warning', 'type_lossy'], // a start that allows it goes on
    ['info', 'note'],
  ]);
  expect([both.status, both.json.errors]).toMatchObject([400, [{ field: '/name' }]]);
  expect(await fn.mappings.names()).toHaveLength(before);
});

test('a model adds what the rules lack; what it says is checked, and nothing of a row is in the question', async () => {
  fn.bedrock.answer(() =>
    JSON.stringify({
      tables: [
        {
          table: 'cama.tbl_parcel',
          from: 'public.parcels',
          reason: 'the same',
          columns: [
            {
              column: 'blurb',
              source: 'notes',
              expression: null,
              personal: null,
              confidence: 0.99,
              reason: 'a\u0007 note',
            },
            {
              column: 'value_thousands',
              source: null,
              expression: 'land_value / 1000.0',
              personal: null,
              confidence: 0.4,
              reason: 'per 1000',
            },
            { column: 'parcel_no', source: 'notes', expression: null, personal: null, confidence: 1, reason: 'no' },
            { column: 'land_val', source: 'nowhere', expression: null, personal: null, confidence: 1, reason: 'no' },
          ],
        },
      ],
    }),
  );

  const answer = await fn.suggest(pair, { samples: true });

  expect(answer.status, answer.text).toBe(201);
  expect(answer.json).toMatchObject({ proposer: 'model', model: MODEL });
  expect(columnsOf(answer, 'cama.tbl_parcel')).toMatchObject({
    parcel_no: 'parcel_number',
    blurb: 'notes',
    value_thousands: { expression: 'land_value / 1000.0' },
  });
  const parcels = answer.json.tables.find((t: { table: string }) => t.table === 'cama.tbl_parcel');
  expect(parcels.columns.find((c: { column: string }) => c.column === 'blurb')).toMatchObject({
    confidence: 0.65,
    reasons: ['model: a note'],
  });
  expect(answer.json.findings).toContainEqual(expect.objectContaining({ code: 'low_confidence', column: 'blurb' }));
  expect(answer.json.notes.join()).toMatch(/2 columns that the rules are surer of/);
  const question = fn.bedrock.calls.at(-1)?.text ?? '';
  expect(question).toContain('zoning_cd');
  expect(question).not.toMatch(/c4n4ry|999-00-|v4lue|Main St/);
  expect(question).not.toMatch(/postgresql:|password/);
  const draft = await fn.mappings.get('county', answer.json.version);
  expect(draft).toMatchObject({ origin: 'model', mapping: answer.json.mapping });
});

test.each([
  [
    'gives no answer',
    (): ConverseAnswer => ({ body: '{}', status: 500, type: 'InternalServerException' }),
    /gave no answer/,
  ],
  ['answers nonsense', (): ConverseAnswer => 'Sure! Here is your mapping:', /something else than was asked for/],
] as const)('a model that %s leaves the proposal of the rules', async (_name, how, note) => {
  fn.bedrock.answer(how);

  const answer = await fn.suggest(pair);

  expect(answer.status).toBe(201);
  expect(answer.json).toMatchObject({ proposer: 'rules', model: null });
  expect(answer.json.notes.join()).toMatch(note);
});

test('tables can be chosen, and what is wrong with the request is told at once', async () => {
  const some = await fn.suggest(pair, { tables: ['cama.tbl_owner'], model: false });
  expect(Object.keys(some.json.mapping)).toEqual(['cama.tbl_owner']);

  const before = await fn.mappings.latest('county');
  for (const [over, status, code] of [
    [{ tables: ['cama.nothing'] }, 422, 'table_not_found'],
    [{ source_connection: 'mysql://x' }, 400, 'connection_scheme'],
    [{ name: 'Suggest' }, 400, 'invalid_request'],
    [{ sample: true }, 400, 'unknown_field'],
    [
      {
        source_connection: pair.target.url,
        tables: ['cama.tbl_owner'],
        target_connection: 'postgresql://u:p@127.0.0.1:1/d',
      },
      422,
      'connection_unreachable',
    ],
  ] as const) {
    const answer = await fn.suggest(pair, over);
    expect([answer.status, answer.json.code]).toEqual([status, code]);
  }
  expect(await fn.mappings.latest('county')).toBe(before);
});

test('who only looks may not write, not even through a view, in neither database', async () => {
  await using one = await createDatabase();
  await one.client.query(`
    create table seen (n int);
    create function leave() returns int language sql volatile as 'insert into public.seen values (1) returning 1';
    create view v as select public.leave() as n`);
  const connection = parseConnection(one.url, '');
  if (!connection.ok) throw new Error('the test database has a URL');
  const catalogs = postgresCatalogs({ rules: ON_ONE_MACHINE, version: '1' });

  for (const side of ['source', 'target'] as const) {
    const looking = await catalogs.open(side, connection.connection, { name: 'suggest', statementTimeoutMs: 5_000 });
    const view = (await looking.introspect()).find((r) => r.name === 'v');
    await expect(looking.look(view as Relation, ['n'], 1)).rejects.toMatchObject({ facts: { sqlstate: '25006' } });
    await looking.close();
  }
  expect((await one.client.query('select from seen')).rowCount).toBe(0);
});

describe('an expression for a sentence', () => {
  const ask = (sentence: string, over: object = {}) =>
    fn.call({
      path: '/api/sync/mappings/suggest-expression',
      groups: '[operator]',
      body: { source_connection: pair.source.url, table: 'public.owners', sentence, ...over },
    });
  const says = (expression: string | null) =>
    fn.bedrock.answer(() => JSON.stringify({ expression, reason: 'so\u001b[2J' }));

  test('is made by rules where it is simple, and no model is asked', async () => {
    const before = fn.bedrock.calls.length;
    const answer = await ask('first name and last name joined by a space');

    expect(answer).toMatchObject({
      status: 200,
      json: {
        expression: 'trim(row.first_name + " " + row.last_name)',
        type: 'text',
        columns: ['first_name', 'last_name'],
        proposer: 'rules',
      },
    });
    expect(fn.bedrock.calls.length).toBe(before);
  });

  test('is asked of the model where it is not, and checked against the table', async () => {
    says('last_name.splitPart("-", 0)');
    const answer = await ask('what stands before the hyphen in the last name');

    expect(answer.json).toMatchObject({ proposer: 'model', columns: ['last_name'], reason: 'model: so [2J' });
    const question = fn.bedrock.calls.at(-1)?.text ?? '';
    expect(question).toContain('what stands before the hyphen');
    expect(question).not.toMatch(/c4n4ry|postgresql:/);
  });

  test.each([
    ['null', null, 422, 'sentence_not_understood'],
    ['a column of another table', 'parcel_number', 503, 'suggestion_failed'],
    ['SQL', '(select ssn from owners limit 1)', 503, 'suggestion_failed'],
    ['code', 'constructor.constructor("return process")()', 503, 'suggestion_failed'],
    ['too much', `"${'x'.repeat(600)}"`, 503, 'suggestion_failed'],
  ])('is refused where the model answers with %s', async (_name, expression, status, code) => {
    says(expression);
    const answer = await ask('something that no rule knows');

    expect([answer.status, answer.json.code]).toEqual([status, code]);
    expect(answer.text).not.toMatch(/constructor|select ssn/);
  });

  test('is honestly refused without a model', async () => {
    const answer = await ask('something that no rule knows', { model: false });
    expect(answer).toMatchObject({ status: 422, json: { code: 'sentence_not_understood' } });
    const gone = await ask('trim city', { table: 'public.nothing' });
    expect(gone.json.errors[0]).toMatchObject({ code: 'table_not_found', field: '/table' });
  });
});
