import type { JobAction } from '../../lib/model/answers.ts';
import type { JobState } from '../../lib/model/job.ts';

const GOES_ON = 'it is at work';
const NOT_NOW = 'the service does not offer it';
const ENDED = 'it has come to its end';

/** Why an action is not offered in a state, for people; whether it is offered the service says. */
const WHY_NOT: Readonly<Record<JobAction, Readonly<Record<JobState, string>>>> = {
  stop: {
    created: NOT_NOW,
    preparing: NOT_NOW,
    running: NOT_NOW,
    verifying: NOT_NOW,
    stopping: 'it is being stopped',
    stopped: 'it is stopped already',
    paused: NOT_NOW,
    completed: ENDED,
    completed_with_issues: ENDED,
    failed: 'it has failed, and nothing works on it',
  },
  resume: {
    created: GOES_ON,
    preparing: GOES_ON,
    running: GOES_ON,
    verifying: GOES_ON,
    stopping: 'first it has to be stopped',
    stopped: NOT_NOW,
    paused: NOT_NOW,
    completed: ENDED,
    completed_with_issues: ENDED,
    failed: NOT_NOW,
  },
};

const DONE: Readonly<Record<JobAction, string>> = { stop: 'stopped', resume: 'resumed' };

/** What cannot be asked of a job now, with the reason: a sentence for each reason. Empty where everything can. */
export function reasonsOf(refused: readonly JobAction[], state: JobState): readonly string[] {
  const reasons = [...new Set(refused.map((action) => WHY_NOT[action][state]))];
  return reasons.map((reason) => {
    const words = refused.filter((action) => WHY_NOT[action][state] === reason).map((action) => DONE[action]);
    return `It cannot be ${words.join(' or ')}: ${reason}.`;
  });
}
