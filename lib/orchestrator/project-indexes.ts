import type { Side } from '../model/connection.ts';
import type { ReferringColumns } from '../model/project.ts';
import type { ProjectPlanView } from '../model/project-plan.ts';
import { ident, relation } from '../model/quote.ts';
import { relationText } from '../model/table.ts';
import type { ProjectDatabase } from '../ports.ts';
import type { Edge, Graph } from './project-graph.ts';
import { nameOn, type Pairs } from './project-scope.ts';

/** The foreign keys that are descended by, each once. */
function descents({ nodes }: Graph): readonly Edge[] {
  const edges = [...nodes.values()].flatMap((node) => (node.descended ? node.entries.map(({ edge }) => edge) : []));
  return [...new Set(edges)];
}

/** Where the foreign key stands on a side; undefined where a mapping has its columns from elsewhere. */
function columnsOn(side: Side, edge: Edge, pairs: Pairs): ReferringColumns | undefined {
  const pair = pairs.get(edge.child);
  if (!pair) return undefined;
  const columns = edge.columns.flatMap((column) => nameOn(side, pair.source, column) ?? []);
  if (columns.length < edge.columns.length) return undefined;
  const { schema, name } = side === 'source' ? (pair.source.mapped?.from ?? pair.source) : pair.target;
  return { relation: { schema, name }, columns };
}

/** Foreign keys whose children are found by reading their whole table, on each side, with the index that would help. */
export async function missingIndexes(
  graph: Graph,
  pairs: Pairs,
  ends: Readonly<Record<Side, ProjectDatabase>>,
): Promise<ProjectPlanView['missing_indexes']> {
  const edges = descents(graph);
  const found = await Promise.all(
    (['source', 'target'] as const).map(async (side) => {
      const asked = edges.flatMap((edge) => {
        const columns = columnsOn(side, edge, pairs);
        return columns ? [{ ...columns, constraint: edge.name }] : [];
      });
      const lacking = await ends[side].unindexed(asked);
      return lacking.flatMap(({ at, rows }) => {
        const one = asked[at];
        if (!one) return [];
        const columns = one.columns.map(ident).join(', ');
        return [
          {
            ...{ side, table: relationText(one.relation), constraint: one.constraint, columns: [...one.columns], rows },
            remedy: `CREATE INDEX ON ${relation(one.relation)} (${columns})`,
          },
        ];
      });
    }),
  );
  return found.flat();
}
