import { beforeEach, describe, expect, it } from 'vitest';
import { mappingView } from '../../../lib/model/stored-mapping.ts';
import { approvedMappings } from '../../../lib/orchestrator/approved-mappings.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { withStoredMapping } from '../../../lib/orchestrator/stored-start.ts';
import type { AuditLog } from '../../../lib/ports.ts';
import { memoryAuditLog } from '../../contract/memory.ts';
import { errorsOf, type TestApi, testApi } from './client.ts';

const PATH = '/api/sync/mappings/county';
const mapping = { 'cama.parcel': { from: 'public.parcels', columns: { pin: 'parcel_number' }, unnamed: 'omit' } };

let api: TestApi;
let audit: AuditLog;
beforeEach(() => {
  audit = memoryAuditLog();
  api = testApi({ audit });
});

const put = (headers: Record<string, string> = {}, body: object = { mapping }) =>
  api.call({ method: 'PUT', path: PATH, headers, body });
const get = (path = PATH) => api.call({ path });
const approve = (version: number, ifMatch?: string, username = 'grace') =>
  api.call({
    path: `${PATH}/approve`,
    body: { version, note: 'looked at each column' },
    groups: '[resolver]',
    claims: { username },
    ...(ifMatch && { headers: { 'if-match': ifMatch } }),
  });
const retire = (ifMatch: string) =>
  api.call({ method: 'POST', path: `${PATH}/retire`, headers: { 'if-match': ifMatch }, groups: '[resolver]' });
const etag = async (path?: string) => String((await get(path)).headers.etag);
const started = (stored_mapping: string, over: object = {}) =>
  withStoredMapping(jobConfigSchema.parse({ stored_mapping, ...over }), () => approvedMappings(api.mappings));

describe('a stored mapping over the API', () => {
  it('is put as a draft, looked at, approved by a person, and then used by its name', async () => {
    const stored = await put({}, { mapping, note: 'for training' });
    expect(stored).toMatchObject({
      status: 201,
      headers: { location: `${PATH}/versions/1`, etag: '"1.1.0"' },
      json: { version: 1, state: 'draft', origin: 'person', author: 'ada', note: 'for training', mapping },
    });
    expect(mappingView.strict().safeParse(stored.json).success).toBe(true);
    await expect(started('county')).rejects.toMatchObject({
      code: 'mapping_not_approved',
      problems: [{ field: '/config/stored_mapping' }],
    });

    const approved = await approve(1, await etag());

    expect(approved).toMatchObject({
      status: 200,
      headers: { etag: '"1.1.1"' },
      json: { state: 'approved', approvals: [{ version: 1, by: 'grace', note: 'looked at each column' }] },
    });
    expect(await started('county')).toMatchObject({ mapping, stored_mapping: 'county@1' });
    expect(await started('county@1')).toMatchObject({ mapping, stored_mapping: 'county@1' });
    expect((await api.call({ path: '/api/sync/mappings' })).json).toEqual({
      mappings: [{ name: 'county', latest: 1, approved: 1, updated_at: expect.any(String) }],
    });
  });

  it('is not used in another version than the approved one, nor beside a mapping', async () => {
    await put();
    await approve(1, '"1.1.0"');
    await put();
    for (const [reference, code] of [
      ['county@2', 'mapping_not_approved'],
      ['county@3', 'mapping_not_found'],
      ['other', 'mapping_not_approved'],
    ] as const)
      await expect(started(reference)).rejects.toMatchObject({ code });
    await expect(started('county', { mapping })).rejects.toMatchObject({ code: 'tables_contradiction' });

    await approve(2, await etag(), 'lin');
    await expect(started('county@1')).rejects.toMatchObject({ code: 'mapping_not_approved', facts: { approved: 2 } });
    expect((await retire(await etag())).json).toMatchObject({ approved: null, state: 'superseded' });
    await expect(started('county')).rejects.toMatchObject({ code: 'mapping_not_approved' });
  });

  it('is changed only by those who have seen what is there', async () => {
    expect((await put({ 'if-none-match': '*' })).status).toBe(201);
    expect(await put({ 'if-none-match': '*' })).toMatchObject({ status: 412, json: { code: 'mapping_changed' } });
    expect((await put({ 'if-match': '"1.1.0"' })).status).toBe(201);
    expect((await put({ 'if-match': '"1.1.0"' })).status).toBe(412);
    for (const headers of [{ 'if-match': '*' }, { 'if-match': '"x"' }, { 'if-none-match': '"1.1.0"' }])
      expect((await put(headers)).status).toBe(412);

    expect(errorsOf(await approve(2))).toEqual(['required']);
    expect((await approve(2, '"1.2.0"')).status).toBe(412); // looked at another version
    expect((await approve(2, '"2.2.1"')).status).toBe(412); // saw another one in force
    expect((await approve(2, '"2.2.0"')).status).toBe(200);
    expect((await approve(1, '"1.2.0"')).status).toBe(412); // 2 is in force by now
    expect((await retire('"2.2.0"')).status).toBe(412);
    expect((await get()).json).toMatchObject({ version: 2, approved: 2 });
  });

  it('shows what a newer draft changes against the approved version', async () => {
    await put();
    await approve(1, '"1.1.0"');
    await put({}, { mapping: { 'cama.parcel': { ...mapping['cama.parcel'], columns: { pin: 'geo_id' } } } });

    expect((await get()).json).toMatchObject({
      version: 2,
      state: 'draft',
      compared_with: 1,
      diff: [{ table: 'cama.parcel', column: 'pin', before: 'parcel_number', after: 'geo_id' }],
    });
    expect((await get(`${PATH}/versions/1`)).json).toMatchObject({ version: 1, state: 'approved', diff: [] });
  });

  it('loses its drafts when they are discarded, and no other version', async () => {
    await put();
    await approve(1, '"1.1.0"');
    await put();
    const discard = (version: number, headers = {}) =>
      api.call({ method: 'DELETE', path: `${PATH}/versions/${version}`, headers });

    expect(await discard(1)).toMatchObject({ status: 409, json: { code: 'mapping_approved' } });
    expect((await discard(2, { 'if-match': '"1.2.1"' })).status).toBe(412);
    expect(await discard(2, { 'if-match': '"2.2.1"' })).toMatchObject({ status: 204, text: '' });
    expect((await discard(2)).status).toBe(404);
    expect((await get(`${PATH}/versions/2`)).json).toMatchObject({ code: 'mapping_not_found' });
    expect((await get()).json).toMatchObject({ version: 1, latest: 2 });
  });

  it('has its approvals in the trail of its name, with who thought of it and who approved', async () => {
    await put();
    await approve(1, '"1.1.0"', 'lin');
    const { blocks } = await audit.blocks('mapping#county', 0);
    expect(blocks.flatMap((b) => b.records ?? []).at(-1)).toMatchObject({
      type: 'mapping.approved',
      actor: 'lin',
      data: { origin: 'person', author: 'ada' },
    });
  });

  it('comes in pages by name', async () => {
    for (const name of ['b', 'a', 'c'])
      await api.call({ method: 'PUT', path: `/api/sync/mappings/${name}`, body: { mapping } });
    const names = (json: { mappings: { name: string }[] }) => json.mappings.map((m) => m.name);

    const first = await api.call({ path: '/api/sync/mappings', query: 'limit=2' });
    const rest = await api.call({ path: '/api/sync/mappings', query: `limit=2&next_token=${first.json.next_token}` });

    expect([names(first.json), names(rest.json), rest.json.next_token]).toEqual([['a', 'b'], ['c'], undefined]);
    const forged = await api.call({ path: '/api/sync/mappings', query: 'next_token=abc' });
    expect(forged.json).toMatchObject({ code: 'cursor_invalid' });
  });

  it.each([
    [{ mapping: { t: {} } }, 'required /mapping/t/from'],
    [{ mapping: { t: { from: 'a', colums: {} } } }, 'unknown_field /mapping/t/colums'],
    [{ mapping: [] }, 'invalid_request /mapping'],
    [{ mapping, state: 'approved' }, 'unknown_field /state'],
    [{ mapping, author: 'eve' }, 'unknown_field /author'],
    [{}, 'required /mapping'],
  ])('is refused when it is none: %j', async (body, error) => {
    const answer = await put({}, body);

    expect(answer.status).toBe(400);
    expect(errorsOf(answer)).toContain(error);
    expect(await api.mappings.latest('county')).toBe(0);
  });

  it.each(['suggest', 'suggest-expression', 'Suggest', 'a b', '-x', 'x'.repeat(64), '__proto__'])(
    'has no name like %s',
    async (name) => {
      const answer = await api.call({
        method: 'PUT',
        path: `/api/sync/mappings/${encodeURIComponent(name)}`,
        body: { mapping },
      });
      expect([answer.status, answer.json.code]).toEqual([400, 'id_format']);
    },
  );
});
