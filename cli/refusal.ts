import type { ProblemBody } from '../lib/model/answers.ts';
import { statementsIn } from '../lib/model/statement.ts';
import { harmless } from './format.ts';
import { commandHint } from './hints.ts';

type Item = ProblemBody['errors'][number];

/** What owners run, side by side, each block ready to be pasted. */
export function statementLines(bySide: readonly (readonly [side: string, statements: readonly string[]])[]): string[] {
  return bySide.flatMap(([side, statements]) =>
    statements.length > 0 ? ['', `-- in the ${side}, by an owner of it:`, ...statements.map(harmless)] : [],
  );
}

const placeOf = ({ field, object }: Item): string =>
  [field, object].flatMap((part) => (part === undefined ? [] : [`${harmless(part)}: `])).join('');

/** One thing that is wrong, with what to do; what a statement does is said by the statement, once for all. */
function itemLines(item: Item, statements: ReadonlySet<string>): string[] {
  const { code, message, hint } = item;
  return [
    `  ${placeOf(item)}${harmless(message)} (${code})`,
    ...(hint !== undefined && !statements.has(hint) ? [`    ${harmless(commandHint(hint))}`] : []),
  ];
}

/** The problems; one alone is told once, with its place in front. */
function problemLines({ detail, code, status, errors }: ProblemBody): string[] {
  const statements = new Set(statementsIn(errors));
  const [only] = errors;
  if (only && errors.length === 1 && only.message === detail)
    return [
      `error: ${placeOf(only)}${harmless(detail)} (${code}, HTTP ${status})`,
      ...itemLines(only, statements).slice(1),
    ];
  const below = '; see errors[].'; // the list of the API's answer, which follows here
  const first = detail.endsWith(below) ? detail.slice(0, -below.length) : detail;
  return [
    `error: ${harmless(first)} (${code}, HTTP ${status})${first === detail ? '' : ':'}`,
    ...errors.flatMap((item) => itemLines(item, statements)),
  ];
}

/** Why the service refused a call: each problem with its place and its remedy, then all that owners have to run. */
export function refusalLines(problem: ProblemBody): string[] {
  const { errors, facts, request_id } = problem;
  const id = facts?.approval_id;
  return [
    ...problemLines(problem),
    ...(typeof id === 'string' ? [`  ask a colleague: tfsync approvals approve ${harmless(id)}`] : []),
    ...(request_id ? [`  request ${harmless(request_id)}`] : []),
    ...statementLines(
      ['source', 'target'].map((side) => [side, statementsIn(errors.filter((e) => e.side === side))] as const),
    ),
  ];
}
