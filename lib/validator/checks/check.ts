import type { JobConfig } from '../../model/config.ts';
import type { Side } from '../../model/connection.ts';
import { FINDINGS, type FindingCode, type SchemaFinding } from '../../model/schema-check.ts';
import { type Column, type Relation, relationText } from '../../model/table.ts';
import type { ShapeColumn, ShapePair } from '../../model/table-shape.ts';

/** A table of both sides, as the catalogs describe it. */
export interface Compared {
  readonly source: Relation;
  readonly target: Relation;
  readonly shapes: ShapePair;
  readonly config: JobConfig;
}

/** One way in which two tables can differ without a job being refused. Pure. */
export type SchemaCheck = (compared: Compared) => readonly SchemaFinding[];

/** A finding about something of the target's table; `name` is that of a column or constraint. */
export function finding(
  code: FindingCode,
  { target }: Pick<Compared, 'target'>,
  name: string | undefined,
  told: { readonly message: string; readonly remedy: string; readonly side?: Side; readonly ddl?: string },
): SchemaFinding {
  const table = relationText(target);
  return {
    code,
    severity: FINDINGS[code][0],
    side: told.side ?? 'target',
    object: name === undefined ? table : `${table}.${name}`,
    message: told.message,
    remedy: told.remedy,
    ...(told.ddl && { ddl: told.ddl }),
  };
}

/** A column that both sides have. */
export interface ColumnPair {
  readonly name: string;
  readonly source: Column;
  readonly target: Column;
  readonly shapes: Readonly<Record<Side, ShapeColumn>>;
}

/** Columns of both sides with the same name, in the target's order; those that a catalog read later no longer has are left out. */
export function columnPairs({ source, target, shapes }: Compared): readonly ColumnPair[] {
  return target.columns.flatMap((t): ColumnPair[] => {
    const s = source.columns.find((c) => c.name === t.name);
    const shape = (side: Side) => shapes[side].columns.find((c) => c.name === t.name);
    const [a, b] = [shape('source'), shape('target')];
    return s && a && b ? [{ name: t.name, source: s, target: t, shapes: { source: a, target: b } }] : [];
  });
}
