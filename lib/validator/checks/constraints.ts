import type { ShapePart } from '../../model/table-shape.ts';
import { sqlTable } from '../sql-name.ts';
import { type Compared, finding, type SchemaCheck } from './check.ts';

/** Parts of a kind that one side has and the other does not, by what they say and not by their name. */
function only({ shapes }: Compared, side: 'source' | 'target', kind: ShapePart['kind']): readonly ShapePart[] {
  const other = shapes[side === 'source' ? 'target' : 'source'].parts.map((p) => `${p.kind} ${p.definition}`);
  return shapes[side].parts.filter((p) => p.kind === kind && !other.includes(`${p.kind} ${p.definition}`));
}

/** Constraints of one kind that only one side has: rows may be refused for those of the target. */
const constraint =
  (
    kind: 'check' | 'foreign_key',
    codes: readonly ['check_in_target', 'check_in_source'] | readonly ['reference_in_target', 'reference_in_source'],
  ): SchemaCheck =>
  (compared) => [
    ...only(compared, 'target', kind).map((p) =>
      finding(codes[0], compared, p.name, {
        side: 'source',
        message: `Only the target has ${p.definition}; rows of the source that break it are put aside.`,
        remedy: 'Give the source the same constraint, or drop it in the target.',
        ddl: `ALTER TABLE ${sqlTable(compared.source)} ADD ${p.definition};`,
      }),
    ),
    ...only(compared, 'source', kind).map((p) =>
      finding(codes[1], compared, p.name, {
        message: `Only the source has ${p.definition}.`,
        remedy: 'Nothing for this job. Other writers of the target are not held to it.',
        ddl: `ALTER TABLE ${sqlTable(compared.target)} ADD ${p.definition};`,
      }),
    ),
  ];

export const checks = constraint('check', ['check_in_target', 'check_in_source']);
export const references = constraint('foreign_key', ['reference_in_target', 'reference_in_source']);

const columnsOf = (columns: readonly string[]) => [...columns].sort().join(', ');

/** Unique indexes over columns; an index over expressions, or of some rows, is taken by the columns it reads. */
export const uniques: SchemaCheck = (compared) => {
  const sets = (side: 'source' | 'target') => (compared[side].uniqueIndexes ?? []).map((u) => columnsOf(u.watched));
  const [source, target] = [sets('source'), sets('target')];
  const extra = (compared.target.uniqueIndexes ?? []).filter((u) => !source.includes(columnsOf(u.watched)));
  const lacking = (compared.source.uniqueIndexes ?? []).filter((u) => !target.includes(columnsOf(u.watched)));
  return [
    ...extra.map((u) =>
      finding('unique_in_target', compared, u.name, {
        side: 'source',
        message: `Only the target keeps (${u.watched.join(', ')}) unique; a second row with the same values is put aside.`,
        remedy: 'Keep the values unique in the source too, or drop the index in the target.',
      }),
    ),
    ...lacking.map((u) =>
      finding('unique_in_source', compared, u.name, {
        message: `Only the source keeps (${u.watched.join(', ')}) unique.`,
        remedy: 'Nothing for this job. Other writers of the target are not held to it.',
      }),
    ),
  ];
};

export const triggers: SchemaCheck = (compared) => {
  if (compared.config.triggers === 'suppress') return [];
  const firing = compared.shapes.target.parts.filter(
    (p) => p.kind === 'trigger' && !p.definition.endsWith(' (disabled)'),
  );
  return firing.map((p) =>
    finding('trigger_in_target', compared, p.name, {
      message: 'It fires for each row that the job writes; what it changes is read back and told.',
      remedy: 'Set triggers: "suppress" if it must not fire, or disable it.',
    }),
  );
};
