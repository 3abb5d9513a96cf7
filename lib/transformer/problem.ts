import type { ExpressionProblem } from './sql-expression.ts';

const MEANINGS = {
  expression_syntax: 'The text is no expression: `at` says where reading it ended.',
  expression_unsupported: 'CEL has this, but it has no SQL: comprehensions, maps, bytes, unsigned integers.',
  expression_limit: 'Too long, too deep, or too many parts.',
  expression_size: 'Its value, or its SQL, can become too large: cut a text with `substring`, round a number.',
  expression_field: 'No column of the source table has this name.',
  expression_function: 'There is no such function.',
  expression_type: 'An operand or argument has another type than is needed.',
  expression_constant: 'This argument must be written out: it cannot come from a column.',
  pattern_syntax: 'The pattern is not well formed.',
  pattern_unsupported: 'The pattern needs more than linear time, or means different things to different engines.',
  pattern_limit: 'The pattern is too long, or repeats too much.',
  mask_type: 'This mask has no meaning for a column of this type.',
  mask_room: 'What the mask writes does not fit into the column.',
} as const;
export type ProblemCode = keyof typeof MEANINGS;

/** What can be wrong with an expression or a mask, with its meaning. */
export const PROBLEMS: Readonly<Record<ProblemCode, string>> = MEANINGS;

/** Ends the reading of an expression; `compileExpression` and `compileMask` catch it. */
export class Problem extends Error {
  readonly problem: ExpressionProblem;

  constructor(code: ProblemCode, message: string, at?: number, hint?: string) {
    super(message);
    this.problem = { code, message, ...(at !== undefined && { at }), ...(hint !== undefined && { hint }) };
  }
}

/** What `work` answers; a problem that does not know its place is at `at`. */
export function placed<T>(at: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Problem) || error.problem.at !== undefined) throw error;
    const { code, message, hint } = error.problem;
    throw new Problem(code as ProblemCode, message, at, hint);
  }
}

/** What `work` answers, or the problem that ended it. Other errors are ours, and pass through. */
export function caught<T>(work: () => T): { readonly ok: T } | { readonly problems: readonly ExpressionProblem[] } {
  try {
    return { ok: work() };
  } catch (error) {
    if (error instanceof Problem) return { problems: [error.problem] };
    throw error;
  }
}
