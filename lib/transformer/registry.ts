import type { ColumnSource } from '../model/mapping.ts';
import type { Column } from '../model/table.ts';
import type { StepContext, StepName, StepResult, TransformStep, WantedConstant, WantedLookup } from './step.ts';
import { column } from './steps/column.ts';
import { constant } from './steps/constant.ts';
import { expression } from './steps/expression.ts';
import { geometry } from './steps/geometry.ts';
import { jsonObject, jsonPath } from './steps/json.ts';
import { byDefault, omit } from './steps/left.ts';
import { lookup } from './steps/lookup.ts';
import { mask } from './steps/mask.ts';
import { values } from './steps/values.ts';

/** Every way to make a column; the name is the field of the column source that tells it from the others. */
export const transformSteps: { readonly [K in StepName]: TransformStep<K> } = {
  column,
  omit,
  default: byDefault,
  constant,
  expression,
  values,
  lookup,
  json_path: jsonPath,
  json_object: jsonObject,
  geometry,
  mask,
};

/** The step of a column source: its own field, which others that name a column do not have. */
export function stepOf(source: ColumnSource): { readonly name: StepName; readonly step: TransformStep<StepName> } {
  const own = (key: string): key is StepName => key !== 'column' && Object.hasOwn(transformSteps, key);
  const name = typeof source === 'string' ? 'column' : (Object.keys(source).find(own) ?? 'column');
  return { name, step: transformSteps[name] as unknown as TransformStep<StepName> }; // the schema has tied name to shape
}

type AnySource = Parameters<TransformStep<StepName>['make']>[0];

export const makeColumn = (source: ColumnSource, context: StepContext): StepResult =>
  stepOf(source).step.make(source as AnySource, context); // its own step reads it

export const constantsOf = (source: ColumnSource, target: Column): readonly WantedConstant[] =>
  stepOf(source).step.constants?.(source as AnySource, target) ?? [];

export const lookupsOf = (source: ColumnSource): readonly WantedLookup[] =>
  stepOf(source).step.lookups?.(source as AnySource) ?? [];
