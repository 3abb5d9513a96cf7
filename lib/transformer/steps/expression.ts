import { compileExpression } from '../compile-expression.ts';
import { fitted } from '../fit.ts';
import type { ExpressionProblem } from '../sql-expression.ts';
import type { StepProblem, TransformStep } from '../step.ts';

/** What the compiler says of a text, with its place. */
export const told =
  (code: StepProblem['code'], what: string) =>
  ({ message, at, hint, code: reason }: ExpressionProblem): StepProblem => ({
    code,
    message: `${what}${at === undefined ? '' : `, character ${at + 1}`}: ${message} (${reason})`,
    ...(hint !== undefined && { hint }),
  });

export const expression: TransformStep<'expression'> = {
  summary: 'An expression in CEL over the columns of the source row (docs/expressions.md).',
  make(source, { env, target }) {
    const compiled = compileExpression(source.expression, env);
    if ('problems' in compiled)
      return { problems: compiled.problems.map(told('expression_invalid', 'The expression')) };
    return fitted(compiled.ok, target);
  },
};
