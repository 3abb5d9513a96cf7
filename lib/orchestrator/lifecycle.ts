import { JOB_ACTIONS, type JobAction } from '../model/answers.ts';
import type { JobState } from '../model/job.ts';

export const JOB_EVENTS = [
  'prepare',
  'run',
  'verify',
  'complete',
  'complete_with_issues',
  'fail',
  'pause',
  'stop',
  'stopped',
  'resume',
  'take_over',
  'next_run',
] as const;
export type JobEventName = (typeof JOB_EVENTS)[number];

/** The next state; null where the event has no meaning and is refused. */
type Next = JobState | null;

/** For each state what each event makes of it. Total: the compiler refuses a missing cell. docs/sync-spec.md shows it. */
export const LIFECYCLE: Readonly<Record<JobState, Readonly<Record<JobEventName, Next>>>> = {
  created: {
    prepare: 'preparing',
    run: null,
    verify: null,
    complete: null,
    complete_with_issues: null,
    fail: 'failed',
    pause: 'paused',
    stop: 'stopping',
    stopped: null,
    resume: null,
    take_over: 'created',
    next_run: null,
  },
  preparing: {
    prepare: 'preparing',
    run: 'running',
    verify: null,
    complete: null,
    complete_with_issues: null,
    fail: 'failed',
    pause: 'paused',
    stop: 'stopping',
    stopped: null,
    resume: null,
    take_over: 'created',
    next_run: null,
  },
  running: {
    prepare: null,
    run: 'running',
    verify: 'verifying',
    complete: null,
    complete_with_issues: null,
    fail: 'failed',
    pause: 'paused',
    stop: 'stopping',
    stopped: null,
    resume: null,
    take_over: 'created',
    next_run: 'running',
  },
  verifying: {
    prepare: null,
    run: null,
    verify: 'verifying',
    complete: 'completed',
    complete_with_issues: 'completed_with_issues',
    fail: 'failed',
    pause: 'paused',
    stop: 'stopping',
    stopped: null,
    resume: null,
    take_over: 'created',
    next_run: null,
  },
  stopping: {
    prepare: null,
    run: null,
    verify: null,
    complete: null,
    complete_with_issues: null,
    fail: 'failed',
    pause: null,
    stop: 'stopping',
    stopped: 'stopped',
    resume: null,
    take_over: null,
    next_run: null,
  },
  stopped: {
    prepare: null,
    run: null,
    verify: null,
    complete: null,
    complete_with_issues: null,
    fail: null,
    pause: null,
    stop: 'stopped',
    stopped: 'stopped',
    resume: 'created',
    take_over: null,
    next_run: null,
  },
  paused: {
    prepare: null,
    run: null,
    verify: null,
    complete: null,
    complete_with_issues: null,
    fail: 'failed',
    pause: null,
    stop: 'stopping',
    stopped: null,
    resume: 'created',
    take_over: null,
    next_run: null,
  },
  completed: {
    prepare: null,
    run: null,
    verify: null,
    complete: 'completed',
    complete_with_issues: null,
    fail: null,
    pause: null,
    stop: null,
    stopped: null,
    resume: null,
    take_over: null,
    next_run: null,
  },
  completed_with_issues: {
    prepare: null,
    run: null,
    verify: null,
    complete: null,
    complete_with_issues: 'completed_with_issues',
    fail: null,
    pause: null,
    stop: null,
    stopped: null,
    resume: null,
    take_over: null,
    next_run: null,
  },
  failed: {
    prepare: null,
    run: null,
    verify: null,
    complete: null,
    complete_with_issues: null,
    fail: 'failed',
    pause: null,
    stop: null,
    stopped: null,
    resume: 'created',
    take_over: null,
    next_run: null,
  },
};

/** States from which an event leads somewhere, for a conditional write. */
export function statesAllowing(event: JobEventName): readonly JobState[] {
  return (Object.keys(LIFECYCLE) as JobState[]).filter((s) => LIFECYCLE[s][event] !== null); // keys are the states
}

/** The state an event leads to, from `state`, or where that does not depend on the state before. */
export function stateAfter(event: JobEventName, state?: JobState): JobState {
  const from = state && LIFECYCLE[state][event];
  if (from) return from;
  const next = new Set(statesAllowing(event).map((s) => LIFECYCLE[s][event]));
  const [only] = next;
  if (next.size !== 1 || !only) throw new RangeError(`${event} leads to ${next.size} states`);
  return only;
}

/** What may be asked of a job in this state and would change it. */
export function allowedActions(state: JobState): JobAction[] {
  return JOB_ACTIONS.filter((action) => ![null, state].includes(LIFECYCLE[state][action]));
}
