import { expect } from 'vitest';
import { mapping } from '../../lib/model/mapping.ts';
import { approvedMappings } from '../../lib/orchestrator/approved-mappings.ts';
import type { TestPair } from './databases.ts';
import type { Answered, SuggestFunction } from './suggest-function.ts';

/** Every name of a table, and of its columns, that one side has. */
async function namesOf({ client }: TestPair['source']): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const { rows } = await client.query(
    `select table_schema || '.' || table_name as t, column_name as c from information_schema.columns
     where table_schema not in ('pg_catalog', 'information_schema')`,
  );
  const found = new Map<string, Set<string>>();
  for (const { t, c } of rows) found.set(t, (found.get(t) ?? new Set()).add(c));
  return found;
}

/** No approval, no name outside the catalogs, in the answer and in what is stored. */
export async function expectHarmless(
  fn: SuggestFunction,
  {
    answer,
    pair,
    name,
  }: { readonly answer: Answered; readonly pair: Pick<TestPair, 'source' | 'target'>; readonly name: string },
): Promise<void> {
  const [source, target] = [await namesOf(pair.source), await namesOf(pair.target)];
  const version = await fn.mappings.get(name, answer.json.version);
  expect(version?.mapping).toEqual(answer.json.mapping);
  const parsed = mapping.parse(answer.json.mapping);
  for (const [table, { from, columns }] of Object.entries(parsed)) {
    expect([...target.keys()]).toContain(table);
    expect([...source.keys()]).toContain(from);
    for (const [column, made] of Object.entries(columns)) {
      expect([...(target.get(table) ?? [])]).toContain(column);
      const own = typeof made === 'string' ? made : 'column' in made ? made.column : undefined;
      if (own !== undefined) expect([...(source.get(from) ?? [])]).toContain(own);
      expect(Object.keys(typeof made === 'string' ? {} : made)).not.toContain('constant');
      expect(Object.keys(typeof made === 'string' ? {} : made)).not.toContain('lookup');
    }
  }
  expect(answer.json.state).toBe('draft');
  expect(await fn.mappings.approvals(name)).toEqual({ rev: 0, approvals: [] });
  await expect(approvedMappings(fn.mappings).approved(name)).rejects.toMatchObject({ code: 'mapping_not_approved' });
  await expect(approvedMappings(fn.mappings).approved(name, answer.json.version)).rejects.toMatchObject({
    code: 'mapping_not_approved',
  });
}
