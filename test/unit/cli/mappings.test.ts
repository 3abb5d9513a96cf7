import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { MappingView } from '../../../lib/model/stored-mapping.ts';
import { sampleApproval, sampleMapping, sampleSuggestion } from '../../contract/samples.ts';
import { fakeService, ok, tfsync } from './fake-service.ts';

/** Whatever somebody named a thing, or typed into a row, or a model said. */
const NASTY = '\u001b[2J\u202epwned';
const steering = /[^\P{C}\n]/u;

const view = (over: Partial<MappingView> = {}): MappingView => ({
  ...sampleMapping(2),
  state: 'draft',
  latest: 2,
  approved: 1,
  approvals: [sampleApproval(1)],
  compared_with: 1,
  diff: [{ table: 'cama.parcel', column: 'pin', before: 'parcel_number', after: { expression: 'trim(pin)' } }],
  ...over,
});
const tagged = (body: MappingView, etag = '"2.2.1"') => ({ ...ok(body), headers: { etag } });

const proposed = {
  ...sampleSuggestion('county'),
  model: 'arn:aws:bedrock:us-east-1::foundation-model/m',
  tables: [
    {
      table: 'cama.parcel',
      from: 'public.parcels',
      confidence: 0.93,
      reasons: [],
      columns: [
        {
          column: 'pin',
          from: ['parcel_number'],
          source: 'parcel_number',
          confidence: 0.95,
          reasons: ['both are the key'],
          conversion: 'same',
        },
        {
          column: 'owner',
          from: ['owner_name'],
          source: { column: 'owner_name', mask: { kind: 'fake', as: 'full_name', domain: '' } },
          confidence: 0.6,
          reasons: [NASTY],
          conversion: 'same',
          personal: 'full_name',
        },
      ],
      unmatched_target: ['zip'],
      unmatched_source: ['notes'],
    },
  ],
  findings: [
    {
      code: 'low_confidence',
      severity: 'info',
      table: 'cama.parcel',
      column: 'owner',
      message: 'owner_name is only a guess for owner',
      remedy: 'Look.',
    },
  ],
  notes: [NASTY],
  preview: [
    {
      table: 'cama.parcel',
      columns: ['pin', 'owner'],
      rows: [
        ['P-1', NASTY],
        ['P-2', null],
      ],
      hidden: ['email'],
    },
  ],
};

const DATABASES = ['--source', 'postgresql://s', '--target', 'postgresql://t'];

test('shows a proposal: what each column is made of, how sure, why, and rows as they would arrive', async () => {
  await using service = await fakeService({ status: 201, body: proposed });

  const { code, stdout, stderr } = await tfsync([
    ...['mappings', 'suggest', 'county', ...DATABASES, '--table', 'cama.parcel', '--no-mask', '--samples'],
    ...['--url', service.url],
  ]);

  expect(code).toBe(0);
  expect(service.calls[0]).toMatchObject({
    method: 'POST',
    path: '/api/sync/mappings/suggest',
    body: { name: 'county', tables: ['cama.parcel'], mask: false, samples: true, model: true, preview_rows: 3 },
  });
  expect(stdout).toMatch(/county version 1, a draft, proposed by rules and arn:aws/);
  expect(stdout).toMatch(/pin +parcel_number +95 % +both are the key/);
  expect(stdout).toMatch(/owner +owner_name \(mask fake full_name\) +60 % +personal: full name/);
  expect(stdout).toMatch(/left as they are: zip/);
  expect(stdout).toMatch(/info +cama.parcel.owner: owner_name is only a guess/);
  expect(stdout).toMatch(/P-2 +NULL/);
  expect(stdout).toMatch(/not shown, because not masked: email/);
  expect(stdout).not.toMatch(steering);
  expect(stderr).toContain('tfsync mappings approve county 1');
});

test('approves with the etag of what was shown, and only when somebody says so', async () => {
  const approvedView = view({ state: 'approved', approved: 2 });
  await using service = await fakeService(tagged(view()), tagged(approvedView));

  const nobody = await tfsync(['mappings', 'approve', 'county', '2', '--url', service.url]);
  expect([nobody.code, service.calls.length]).toEqual([2, 1]);
  expect(nobody.stderr).toMatch(/cama\.parcel\.pin +parcel_number +trim\(pin\)|= trim\(pin\)/);

  await using again = await fakeService(tagged(view()), tagged(approvedView));
  const said = await tfsync(['mappings', 'approve', 'county', '2', '--yes', '--note', 'ok', '--url', again.url]);
  expect([said.code, said.stdout]).toEqual([0, 'county@2 approved\n']);
  expect(again.calls[1]).toMatchObject({
    method: 'POST',
    path: '/api/sync/mappings/county/approve',
    headers: { 'if-match': '"2.2.1"' },
    body: { version: 2, note: 'ok' },
  });
});

test('lists all pages, shows a version and what it changes', async () => {
  const summary = (name: string) => ({
    name,
    latest: 3,
    approved: name === 'a' ? 2 : null,
    updated_at: '2026-11-23T10:00:00.000Z',
  });
  await using lists = await fakeService(
    ok({ mappings: [summary('a')], next_token: 't' }),
    ok({ mappings: [summary('b')] }),
  );
  const listed = await tfsync(['mappings', 'list', '--url', lists.url]);
  expect(listed.stdout).toMatch(/^MAPPING +IN FORCE +NEWEST +CHANGED\na +2 +3 .*\nb +none +3 .*\n$/);

  await using shows = await fakeService(tagged(view({ author: NASTY })));
  const shown = await tfsync(['mappings', 'show', 'county', '--url', shows.url]);
  expect(shown.stdout).toMatch(
    /county version 2, draft; written by .*\nVersion 1 is in force\.\n {2}version 1 approved by grace/,
  );
  expect(shown.stdout).toMatch(/cama\.parcel\.pin +parcel_number +=? ?trim\(pin\)/);
  expect(shown.stdout).not.toMatch(steering);
  const mapping = await tfsync(['mappings', 'show', 'county', '2', '--mapping', '--url', shows.url]);
  expect(JSON.parse(mapping.stdout)).toEqual(sampleMapping(2).mapping);
  expect(shows.calls.map((c) => c.path)).toEqual(['/api/sync/mappings/county', '/api/sync/mappings/county/versions/2']);
});

test('stores a file, discards a draft, retires a name', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'tf-cli-')), 'm.json');
  writeFileSync(file, JSON.stringify(sampleMapping(2).mapping));
  await using service = await fakeService(
    { ...tagged(view({ compared_with: null, diff: [] })), status: 201 },
    { status: 204, body: '' },
    tagged(view()),
    tagged(view({ approved: null })),
  );
  const run = (...args: string[]) => tfsync(['mappings', ...args, '--url', service.url]);

  expect((await run('put', 'county', file)).stdout).toMatch(
    /cama\.parcel from public\.parcels\n.*\n +pin +parcel_number/,
  );
  expect((await run('discard', 'county', '2')).code).toBe(0);
  expect((await run('retire', 'county')).stdout).toBe('county: no version is in force\n');
  expect(service.calls.map((c) => `${c.method} ${c.path}`)).toEqual([
    'PUT /api/sync/mappings/county',
    'DELETE /api/sync/mappings/county/versions/2',
    'GET /api/sync/mappings/county',
    'POST /api/sync/mappings/county/retire',
  ]);
  writeFileSync(file, '[]');
  expect((await run('put', 'county', file)).code).toBe(2);
});
