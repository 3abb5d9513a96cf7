import type { Problem } from '../model/errors.ts';
import { type Mapping, mappingField } from '../model/mapping.ts';
import { near } from '../model/near.ts';
import { type Relation, relationText } from '../model/table.ts';
import { type MappingContext, mappedRelation } from './mapped-relation.ts';
import { constantsOf, lookupsOf } from './registry.ts';
import type { WantedConstant, WantedLookup } from './step.ts';

const find = (relations: readonly Relation[], name: string) => relations.find((r) => relationText(r) === name);

/** What has to be read of both sides before a mapping can be compiled. */
export function wantedBy(
  mapping: Mapping,
  target: readonly Relation[],
): { readonly constants: readonly WantedConstant[]; readonly lookups: readonly WantedLookup[] } {
  const columns = Object.entries(mapping).flatMap(([table, { columns }]) => {
    const relation = find(target, table);
    return Object.entries(columns).flatMap(([name, source]) => {
      const column = relation?.columns.find((c) => c.name === name);
      return column ? [{ column, source }] : [];
    });
  });
  return {
    constants: columns.flatMap(({ column, source }) => constantsOf(source, column)),
    lookups: columns.flatMap(({ source }) => lookupsOf(source)),
  };
}

/**
 * The tables of the source as the mapping makes them look, and what is wrong with it. A table that it takes rows or
 * codes from takes part under its own name too where the target has its namesake, and the mapping says nothing else of that. Pure.
 */
export function mappedSources(
  sources: readonly Relation[],
  targets: readonly Relation[],
  {
    mapping,
    keyColumns,
  }: { readonly mapping: Mapping; readonly keyColumns: Readonly<Record<string, readonly string[]>> },
  context: Omit<MappingContext, 'keyColumns'>,
): { readonly tables: readonly Relation[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const mapped: Relation[] = [];
  const looked = Object.values(mapping).flatMap((t) => Object.values(t.columns).flatMap(lookupsOf));
  const taken = new Set(looked.flatMap((l) => (l.side === 'source' ? [l.table] : [])));
  for (const [table, how] of Object.entries(mapping)) {
    const target = find(targets, table);
    const source = find(sources, how.from);
    const missing = (side: 'source' | 'target', object: string) => {
      const like = near(object, (side === 'source' ? sources : targets).map(relationText));
      problems.push({
        code: 'table_not_found',
        side,
        object,
        field: `${mappingField(table)}${side === 'source' ? '/from' : ''}`,
        message: `The mapping names ${object}, and the ${side} has no such table.`,
        ...(like && { hint: `Did you mean ${like}?` }),
      });
    };
    if (!target) missing('target', table);
    if (!source) missing('source', how.from);
    taken.add(how.from);
    if (!target || !source) continue;
    const key = keyColumns[table];
    const made = mappedRelation(source, how, target, { ...context, ...(key && { keyColumns: key }) });
    problems.push(...made.problems);
    mapped.push(made.relation);
  }
  const own = sources.filter((s) => {
    const name = relationText(s);
    return !Object.hasOwn(mapping, name) && (!taken.has(name) || find(targets, name) !== undefined);
  });
  const tables = [...own, ...mapped].sort((a, b) => (relationText(a) < relationText(b) ? -1 : 1));
  return { tables, problems };
}
