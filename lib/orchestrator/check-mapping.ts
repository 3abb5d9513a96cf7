import type { Mapping } from '../model/mapping.ts';
import type { ProposalFinding } from '../model/proposal.ts';
import type { MappingCheck } from '../model/suggestion.ts';
import { type Relation, relationText } from '../model/table.ts';
import type { ConnectionPair } from '../ports.ts';
import { viewOf } from '../transformer/propose/column-score.ts';
import { personalKind } from '../transformer/propose/personal.ts';
import { type BothLooks, lookAtBoth } from './look-at-both.ts';
import { type FoundEnds, findingOf, type MappingProblems, mappingProblems } from './mapping-problems.ts';
import { type PreviewedTable, previewOf } from './preview-mapping.ts';
import { SUGGEST_TIMEOUT_MS, type SuggestPorts } from './suggest-mapping.ts';

export interface CheckMappingRequest {
  readonly mapping: Mapping;
  readonly pair: ConnectionPair;
  readonly previewRows: number;
}

/**
 * Compares a mapping with two databases as a start would, and shows some rows as they would arrive. Writes nothing to either, and
 * stores nothing. Throws what connecting throws.
 */
export async function checkMapping(
  { mapping, pair, previewRows }: CheckMappingRequest,
  ports: Pick<SuggestPorts, 'catalogs' | 'freshKey' | 'patience'>,
): Promise<MappingCheck> {
  const as = { name: 'check', statementTimeoutMs: SUGGEST_TIMEOUT_MS, maskKey: ports.freshKey() };
  return lookAtBoth(pair, as, ports, async (looks) => {
    const ends = await foundEnds(looks);
    const found = await mappingProblems(mapping, ends, looks);
    const shown = found.tables.flatMap((table) => shownOf(table, ends.target.tables));
    const preview = await previewOf(shown, found.tables, ends.source.tables, looks.source, previewRows);
    return { findings: [...findingsOf(found, Object.keys(mapping))], preview: [...preview] };
  });
}

async function foundEnds({ source, target }: BothLooks): Promise<FoundEnds> {
  const [s, t, sources, targets] = await Promise.all([
    source.facts(),
    target.facts(),
    source.introspect(),
    target.introspect(),
  ]);
  return { source: { facts: s, tables: sources }, target: { facts: t, tables: targets } };
}

/** What ends any job, then what ends those alone that do not allow values to be rounded, then what is to be known. */
function findingsOf({ problems, strict, tables }: MappingProblems, names: readonly string[]): ProposalFinding[] {
  const always = new Set(problems.map((p) => JSON.stringify(p)));
  const lossy = strict.filter((p) => !always.has(JSON.stringify(p)));
  const notes = tables.flatMap((table) =>
    (table.mapped?.select.notes ?? []).map((message): ProposalFinding => {
      const remedy = 'Nothing has to be done where it is meant so.';
      return { code: 'note', severity: 'info', table: relationText(table), message, remedy };
    }),
  );
  return [...problems.map((p) => findingOf(p, names)), ...lossy.map((p) => findingOf(p, names, 'warning')), ...notes];
}

/** The columns that could be made, with those of the source that each is made of, and whether its name tells of a person. */
function shownOf(table: Relation, targets: readonly Relation[]): PreviewedTable[] {
  const { mapped } = table;
  const target = targets.find((t) => relationText(t) === relationText(table));
  if (!mapped || !target) return [];
  const view = viewOf(target);
  const columns = table.columns
    .filter(({ name }) => Object.hasOwn(mapped.sql, name))
    .map(({ name }) => {
      const own = view.columns.find(({ column }) => column.name === name);
      const personal = own && personalKind(own, view);
      return { column: name, from: [], ...(personal && { personal }) };
    });
  return [{ table: relationText(table), from: relationText(mapped.from), columns }];
}
