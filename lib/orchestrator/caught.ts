import { ERRORS, type ErrorCode } from '../model/errors.ts';
import type { CaughtError } from '../model/message.ts';

/** A step or segment that gave no answer, in Step Functions' own words or those of Lambda: too late, or its process died. */
const NO_ANSWER = /\b(States\.(Timeout|HeartbeatTimeout)|Lambda\.Unknown|Runtime\.ExitError|Sandbox\.Timedout)\b/;

/** What a service of AWS said itself when it was asked to send, run or start something; its retries are used up by then. */
const REFUSED = /\b(SQS|Lambda|StepFunctions)\.[A-Za-z]+Exception\b/;

/** Our own code in what Step Functions caught: as the error's name, or nested in the cause of a child execution. */
export function codeIn(error: CaughtError): ErrorCode {
  const nested = [...(error.Cause ?? '').matchAll(/Error\W+([a-z][a-z0-9_]*)/g)].map((m) => m[1] ?? '');
  const code = [error.Error, ...nested.reverse()].find((name): name is ErrorCode => Object.hasOwn(ERRORS, name));
  if (code) return code;
  const text = `${error.Error} ${error.Cause ?? ''}`;
  if (NO_ANSWER.test(text)) return 'worker_lost';
  return REFUSED.test(text) ? 'unavailable' : 'internal';
}
