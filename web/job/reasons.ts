import type { JobAction } from '../../lib/model/answers.ts';
import type { JobState } from '../../lib/model/job.ts';

const GOES_ON = 'It is at work.';
const ENDED = 'It has come to its end; run it again as a new job.';

/** Why an action is not offered in a state, for people; whether it is offered the service says. */
const WHY_NOT: Readonly<Record<JobAction, Readonly<Record<JobState, string>>>> = {
  stop: {
    created: 'The service does not offer it now.',
    preparing: 'The service does not offer it now.',
    running: 'The service does not offer it now.',
    verifying: 'The service does not offer it now.',
    stopping: 'It is being stopped.',
    stopped: 'It is stopped.',
    paused: 'The service does not offer it now.',
    completed: ENDED,
    completed_with_issues: ENDED,
    failed: 'It has failed, and nothing works on it.',
  },
  resume: {
    created: GOES_ON,
    preparing: GOES_ON,
    running: GOES_ON,
    verifying: GOES_ON,
    stopping: 'It can be resumed once it is stopped.',
    stopped: 'The service does not offer it now.',
    paused: 'The service does not offer it now.',
    completed: ENDED,
    completed_with_issues: ENDED,
    failed: 'The service does not offer it now.',
  },
};

export const whyNot = (action: JobAction, state: JobState): string => WHY_NOT[action][state];
