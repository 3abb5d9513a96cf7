import type { ExpressionFunction } from './function.ts';
import { geometryFunctions } from './geometry.ts';
import { jsonFunctions } from './json.ts';
import { numberFunctions } from './number.ts';
import { textFunctions } from './text.ts';
import { timeFunctions } from './time.ts';
import { valueFunctions } from './value.ts';

/** Every function of the language that gives NULL for NULL. One line for each file; docs and the contract go by this list. */
export const expressionFunctions: readonly ExpressionFunction[] = [
  ...textFunctions,
  ...numberFunctions,
  ...timeFunctions,
  ...valueFunctions,
  ...jsonFunctions,
  ...geometryFunctions,
];
