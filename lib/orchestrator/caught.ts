import { ERRORS, type ErrorCode } from '../model/errors.ts';
import type { CaughtError } from '../model/message.ts';

/** Step Functions' own words for a step that gave no answer. */
const NO_ANSWER = /States\.(Timeout|HeartbeatTimeout)/;

/** Our own code in what Step Functions caught: as the error's name, or nested in the cause of a child execution. */
export function codeIn(error: CaughtError): ErrorCode {
  const nested = [...(error.Cause ?? '').matchAll(/Error\W+([a-z_]+)/g)].map((m) => m[1] ?? '');
  const code = [error.Error, ...nested.reverse()].find((name): name is ErrorCode => name in ERRORS);
  if (code) return code;
  return NO_ANSWER.test(`${error.Error} ${error.Cause ?? ''}`) ? 'worker_lost' : 'internal';
}
