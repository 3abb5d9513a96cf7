import type { ProblemBody, ProblemItem } from '../../lib/model/answers.ts';

export interface PlacedErrors {
  /** What is wrong with each field that the form has, by its first two steps: `source_connection`, `config/batch_size`. */
  readonly byField: ReadonlyMap<string, readonly ProblemItem[]>;
  /** The problem with what no field shows. */
  readonly rest: ProblemBody | undefined;
}

/** What is wrong with a side: of one that is not given, what to do on a page, in place of a field of a request. */
export const saidOfSide = (
  errors: readonly ProblemItem[],
  side: 'source' | 'target',
  kind: 'environment' | 'connection',
): readonly ProblemItem[] =>
  errors.map(({ hint, ...error }) => {
    if (error.code !== 'required') return { ...error, ...(hint !== undefined && { hint }) };
    const message = kind === 'environment' ? `Choose a ${side}.` : `Type the connection URL of the ${side}.`;
    return { ...error, message };
  });

const step = (text: string) => text.replaceAll('~1', '/').replaceAll('~0', '~');

/** The steps of a JSON Pointer. */
export const stepsOf = (pointer: string | undefined): readonly (string | undefined)[] =>
  (pointer ?? '').split('/').slice(1).map(step);

/** What an answer says of values that a decision gave for columns, by column. */
export const refusedValues = ({ errors }: ProblemBody): Readonly<Record<string, string>> =>
  Object.fromEntries(
    errors.flatMap(({ field, message, hint }) => {
      const [fields, column, value] = stepsOf(field);
      if (fields !== 'fields' || column === undefined || value !== 'value') return [];
      return [[column, [message, hint].filter(Boolean).join('. ')]];
    }),
  );

/** Which field of the form a JSON Pointer into the request leads to. */
export function fieldOf(pointer: string | undefined): string | undefined {
  const [first, second] = stepsOf(pointer);
  if (first === undefined || first === '') return undefined;
  return first === 'config' && second !== undefined ? `config/${second}` : first;
}

/** Puts each error of an answer to the field it is about. `shown`: the fields of the form. */
export function placeErrors(problem: ProblemBody, shown: ReadonlySet<string>): PlacedErrors {
  const byField = new Map<string, ProblemItem[]>();
  const rest: ProblemItem[] = [];
  for (const item of problem.errors) {
    const field = fieldOf(item.field);
    if (field !== undefined && shown.has(field)) byField.set(field, [...(byField.get(field) ?? []), item]);
    else rest.push(item);
  }
  const all = rest.length === problem.errors.length;
  return { byField, rest: rest.length === 0 && !all ? undefined : { ...problem, errors: rest } };
}
