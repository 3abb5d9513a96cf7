import type { Compiled, ExpressionEnv } from './sql-expression.ts';

/**
 * SQL of an expression in CEL (docs/expressions.md), checked against the columns it may name. Never throws, whatever the
 * text; what is wrong with it comes back with its place.
 */
export function compileExpression(_text: string, _env: ExpressionEnv): Compiled {
  return { problems: [{ code: 'expression_syntax', message: 'No expression is understood yet.' }] };
}
