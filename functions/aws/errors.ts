import { SyncError } from '../../lib/model/errors.ts';

/** The names of AWS errors that say the request itself is wrong: a mistake of ours, which no retry mends. */
const OUR_MISTAKES = new Set(['ValidationException', 'SerializationException', 'InvalidArn', 'InvalidExecutionInput']);

/** True when `error` is the AWS error of that name. */
export function isAws(error: unknown, ...names: string[]): boolean {
  return names.includes(errorName(error));
}

/** A short word for an error, safe to show: the AWS error name or the system's code. Never its message. */
export function errorName(error: unknown): string {
  if (error instanceof SyncError) return error.code;
  if (!(error instanceof Error)) return 'unknown';
  const code: unknown = 'code' in error ? error.code : undefined;
  const word = typeof code === 'string' && /^E[A-Z0-9_]+$/.test(code) ? code : error.name;
  return /^[A-Za-z][\w.]{0,63}$/.test(word) ? word : 'unknown';
}

/**
 * Translates what an AWS call threw: `internal` for a mistake of ours, else `unavailable`. `what` names the dependency.
 * A plain programming error stays what it is.
 */
export function awsError(what: string, error: unknown): unknown {
  const ours = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
  if (error instanceof SyncError || ours) return error;
  const reason = errorName(error);
  const options = { cause: error, facts: { dependency: what, reason } };
  return OUR_MISTAKES.has(reason)
    ? new SyncError('internal', `${what} refused a request: ${reason}`, options)
    : new SyncError('unavailable', `${what} does not answer: ${reason}`, options);
}

/** Runs one AWS call and translates its errors. */
export async function calling<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw awsError(what, error);
  }
}
