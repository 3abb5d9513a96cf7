import { beforeEach, describe, expect, it } from 'vitest';
import type { Mapping } from '../../../lib/model/mapping.ts';
import { approveMapping, retireMapping } from '../../../lib/orchestrator/approve-mapping.ts';
import { approvedMappings } from '../../../lib/orchestrator/approved-mappings.ts';
import {
  describeMapping,
  discardDraft,
  listMappings,
  mappingDiff,
  storeDraft,
} from '../../../lib/orchestrator/mappings.ts';
import type { AuditLog, MappingStore } from '../../../lib/ports.ts';
import { memoryAuditLog, memoryMappingStore } from '../../contract/memory.ts';

const table = (columns: Mapping[string]['columns']): Mapping => ({
  'cama.parcel': { from: 'public.parcels', columns, unnamed: 'omit' },
});
const NAME = 'county';

let mappings: MappingStore;
let audit: AuditLog;
const clock = () => new Date('2026-11-23T10:00:00.000Z');
const draft = (columns: Mapping[string]['columns'] = { pin: 'parcel_number' }, expectedVersion?: number) =>
  storeDraft(
    {
      name: NAME,
      mapping: table(columns),
      checks: [],
      origin: 'rules',
      author: 'ada',
      ...(expectedVersion !== undefined && { expectedVersion }),
    },
    { mappings, clock },
  );
const approve = (version: number, over: { replaces?: number; actor?: string } = {}) =>
  approveMapping({ name: NAME, version, actor: 'grace', ...over }, { mappings, clock, audit });
const approved = (version?: number) => approvedMappings(mappings).approved(NAME, version);
const trail = async () => (await audit.blocks(`mapping#${NAME}`, 0)).blocks.flatMap((b) => b.records ?? []);

beforeEach(() => {
  mappings = memoryMappingStore();
  audit = memoryAuditLog();
});

describe('a stored mapping', () => {
  it('is a draft that no job may use until somebody has approved it', async () => {
    await draft();
    await expect(approved()).rejects.toMatchObject({ code: 'mapping_not_approved' });
    await expect(approved(1)).rejects.toMatchObject({ code: 'mapping_not_approved' });
    expect((await describeMapping(NAME, undefined, { mappings })).state).toBe('draft');

    const view = await approve(1);

    expect(view).toMatchObject({ state: 'approved', version: 1, approvals: [{ version: 1, by: 'grace' }] });
    expect(await approved()).toEqual({ name: NAME, version: 1, mapping: table({ pin: 'parcel_number' }) });
    expect(await listMappings({}, { mappings })).toMatchObject({ mappings: [{ name: NAME, latest: 1, approved: 1 }] });
  });

  it('goes on being used in its approved version while there are newer drafts', async () => {
    await draft();
    await approve(1);
    await draft({ pin: 'geo_id', zip: 'situs_zip' });

    expect((await approved()).version).toBe(1);
    await expect(approved(2)).rejects.toMatchObject({ code: 'mapping_not_approved', facts: { approved: 1 } });
    expect(await describeMapping(NAME, 2, { mappings })).toMatchObject({
      state: 'draft',
      compared_with: 1,
      diff: [
        { table: 'cama.parcel', column: 'pin', before: 'parcel_number', after: 'geo_id' },
        { table: 'cama.parcel', column: 'zip', before: null, after: 'situs_zip' },
      ],
    });
    await approve(2, { replaces: 1 });
    expect((await describeMapping(NAME, 1, { mappings })).state).toBe('superseded');
    await expect(approved(1)).rejects.toMatchObject({ code: 'mapping_not_approved' });
    expect((await approve(1)).state).toBe('approved'); // back again
  });

  it('is refused to those who have not seen what is there now', async () => {
    await draft(undefined, 0);
    await expect(draft(undefined, 0)).rejects.toMatchObject({ code: 'mapping_changed', facts: { latest: 1 } });
    await draft(undefined, 1);
    await approve(1, { replaces: 0 });
    await expect(approve(2, { replaces: 0 })).rejects.toMatchObject({ code: 'mapping_changed' });
    await expect(approve(3)).rejects.toMatchObject({ code: 'mapping_not_found' });
    expect((await approved()).version).toBe(1);
  });

  it('tells each approval once, who and what, however often it is asked for', async () => {
    await draft();
    await approve(1);
    await approve(1, { actor: 'eve' });
    await draft();
    await approve(2);

    const of = { name: NAME, hash: expect.any(String), origin: 'rules', author: 'ada' };
    expect((await trail()).map(({ type, actor, data }) => ({ type, actor, data }))).toEqual([
      { type: 'mapping.approved', actor: 'grace', data: { ...of, version: 1 } },
      { type: 'mapping.approved', actor: 'grace', data: { ...of, version: 2, replaces: 1 } },
    ]);
    expect((await describeMapping(NAME, 1, { mappings })).approvals).toMatchObject([{ by: 'grace' }, { by: 'grace' }]);
  });

  it('tells an approval that died before it was told when somebody approves again', async () => {
    await draft();
    const dies: AuditLog = { ...audit, add: () => Promise.reject(new Error('gone')) };
    await expect(
      approveMapping({ name: NAME, version: 1, actor: 'grace' }, { mappings, clock, audit: dies }),
    ).rejects.toThrow('gone');
    expect(await trail()).toEqual([]);

    await approve(1);

    expect(await trail()).toHaveLength(1);
  });

  it('is used by no job once somebody has retired it, until a version is approved again', async () => {
    await draft();
    await approve(1);
    const retire = (replaces?: number) =>
      retireMapping(
        { name: NAME, actor: 'grace', ...(replaces !== undefined && { replaces }) },
        { mappings, clock, audit },
      );
    await expect(retire(2)).rejects.toMatchObject({ code: 'mapping_changed' });

    expect((await retire(1)).state).toBe('superseded');
    await retire(); // the same again is told once
    await expect(approved()).rejects.toMatchObject({ code: 'mapping_not_approved' });
    await expect(approved(1)).rejects.toMatchObject({ code: 'mapping_not_approved' });
    expect(await listMappings({}, { mappings })).toMatchObject({ mappings: [{ approved: null }] });
    expect((await trail()).map(({ type, data }) => [type, data.replaces])).toEqual([
      ['mapping.approved', undefined],
      ['mapping.retired', 1],
    ]);
    await approve(1, { replaces: 0 });
    expect((await approved()).version).toBe(1);
  });

  it('is shown in the newest version that is left', async () => {
    await draft();
    await draft();
    await discardDraft({ name: NAME, version: 2, actor: 'ada' }, { mappings, clock });

    expect(await describeMapping(NAME, undefined, { mappings })).toMatchObject({ version: 1, latest: 2 });
    await discardDraft({ name: NAME, version: 1, actor: 'ada' }, { mappings, clock });
    await expect(describeMapping(NAME, undefined, { mappings })).rejects.toMatchObject({ code: 'mapping_not_found' });
  });

  it('can be discarded while it is a draft, and its number is not used again', async () => {
    await draft();
    await approve(1);
    await draft();
    await discardDraft({ name: NAME, version: 2, actor: 'ada' }, { mappings, clock });

    await expect(approve(2)).rejects.toMatchObject({ code: 'mapping_not_found' });
    expect((await draft()).version).toBe(3);
    await expect(discardDraft({ name: NAME, version: 1, actor: 'ada' }, { mappings, clock })).rejects.toMatchObject({
      code: 'mapping_approved',
    });
  });

  it('is not used when somebody has changed it behind the approval', async () => {
    await draft();
    await approve(1);
    const stored = await mappings.get(NAME, 1);
    const tampered = { ...mappings, get: async () => stored && { ...stored, mapping: table({ pin: 'ssn' }) } };

    await expect(approvedMappings(tampered).approved(NAME)).rejects.toMatchObject({ code: 'mapping_tampered' });
  });

  it('is refused when it is too large to be stored', async () => {
    const columns = Object.fromEntries(
      Array.from({ length: 1600 }, (_, i) => [`c${i}`, { expression: 'x'.repeat(300) }]),
    );
    await expect(draft(columns)).rejects.toMatchObject({ code: 'mapping_too_large' });
  });
});

describe('mappingDiff', () => {
  it('names tables and columns that came, went or changed', () => {
    const before = {
      ...table({ a: 'x', b: 'y' }),
      'cama.gone': { from: 'public.gone', columns: {}, unnamed: 'omit' as const },
    };
    const after: Mapping = {
      'cama.parcel': { from: 'public.lots', columns: { a: 'x', b: { constant: 1 } }, unnamed: 'omit' },
    };

    expect(mappingDiff(before, after)).toEqual([
      { table: 'cama.gone', before: { from: 'public.gone', unnamed: 'omit' }, after: null },
      {
        table: 'cama.parcel',
        before: { from: 'public.parcels', unnamed: 'omit' },
        after: { from: 'public.lots', unnamed: 'omit' },
      },
      { table: 'cama.parcel', column: 'b', before: 'y', after: { constant: 1 } },
    ]);
    expect(mappingDiff(after, after)).toEqual([]);
  });
});
