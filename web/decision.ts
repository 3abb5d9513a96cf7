import type { ConflictDetail, ConflictField } from '../lib/model/conflict-answers.ts';

export type Side = 'source' | 'target';

/** What somebody has chosen for a column. */
export type Choice = { readonly side: Side } | { readonly value: string | null };
export type Choices = Readonly<Record<string, Choice>>;

export type Decision = { readonly side: Side } | { readonly fields: Choices };

/** Columns that need a choice. */
export const disputed = ({ fields }: ConflictDetail): readonly ConflictField[] => fields.filter((f) => f.differs);

/** A choice by columns needs both rows. */
export const isByField = ({ sides }: ConflictDetail): boolean => sides.source === 'row' && sides.target === 'row';

/** The same side for each column. */
export const allOf = (detail: ConflictDetail, side: Side): Choices =>
  Object.fromEntries(disputed(detail).map(({ column }) => [column, { side }]));

/** What the suggestion names, for each column. */
export function suggested(detail: ConflictDetail): Choices | undefined {
  const { decision } = detail.suggestion;
  if (!decision) return undefined;
  return 'side' in decision ? allOf(detail, decision.side) : decision.fields;
}

/** Columns that nobody has chosen for yet. */
export const missing = (detail: ConflictDetail, choices: Choices): readonly string[] =>
  disputed(detail).flatMap(({ column }) => (choices[column] ? [] : [column]));

/** What is sent: a side where it is the same for all, else each column that differs. Undefined while one is missing. */
export function decisionOf(detail: ConflictDetail, choices: Choices): Decision | undefined {
  if (missing(detail, choices).length > 0) return undefined;
  const named = disputed(detail).map(({ column }) => [column, choices[column]] as const);
  const [first] = named;
  const side = first?.[1] && 'side' in first[1] ? first[1].side : undefined;
  if (side !== undefined && named.every(([, choice]) => choice && 'side' in choice && choice.side === side))
    return { side };
  return { fields: Object.fromEntries(named) as Choices }; // none is missing
}

/** The value that a column ends with; undefined: nobody has chosen, or it is not shown. */
export function resultOf(field: ConflictField, choice: Choice | undefined): string | null | undefined {
  if (!field.differs) return field.target;
  if (!choice) return undefined;
  return 'side' in choice ? field[choice.side] : choice.value;
}

/** What each column of the target holds once the decision is applied; undefined: there is no row. */
export function writtenBy(
  { fields }: ConflictDetail,
  decision: Decision,
): Readonly<Record<string, string | null | undefined>> {
  const valueIn = (field: ConflictField) =>
    'side' in decision ? field[decision.side] : resultOf(field, decision.fields[field.column]);
  return Object.fromEntries(fields.map((field) => [field.column, valueIn(field)]));
}

/** Choices that still fit after the rows have moved: those of columns that differ as before. */
export function kept(before: ConflictDetail, now: ConflictDetail, choices: Choices): Choices {
  const old = new Map(before.fields.map((f) => [f.column, f]));
  return Object.fromEntries(
    disputed(now).flatMap((field) => {
      const [was, choice] = [old.get(field.column), choices[field.column]];
      const same = was?.source === field.source && was?.target === field.target;
      return choice && same ? [[field.column, choice]] : [];
    }),
  );
}

/** What a decision for a side does to the target, which is the one that it writes to. */
export function effectOf({ sides }: Pick<ConflictDetail, 'sides'>, side: Side): string {
  if (side === 'target')
    return sides.target === 'none'
      ? 'The target goes on without the row. Nothing is written.'
      : 'The target keeps its row as it is. Nothing is written.';
  if (sides.source === 'none') return 'The row is deleted from the target.';
  return sides.target === 'none' ? 'The row is inserted into the target.' : 'The row of the target is updated.';
}
