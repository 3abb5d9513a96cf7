import type { About } from '../metered.ts';
import type { ApiResult } from './handler.ts';

/** The job that a call has started, stopped or let go on, for its meter: the answer names it. Other calls are nobody's. */
export const movedJob: About<unknown, ApiResult> = (_event, answer) => {
  if (answer?.statusCode !== 202) return undefined;
  const { job_id: job } = JSON.parse(answer.body ?? '{}') as { job_id?: string };
  return job === undefined ? undefined : { job, api_requests: 1 };
};
