import { JOB_ACTIONS, type JobStatus } from '../../../lib/model/answers.ts';
import { startPath } from '../../address.ts';
import { whyNot } from '../../job/reasons.ts';

const WORDS = { stop: 'stopped', resume: 'resumed' } as const;

/** What may not be asked of the job now, and why; and the way to do the same again. */
export function ActionReasons({ job }: { readonly job: JobStatus }) {
  const refused = JOB_ACTIONS.filter((action) => !(job.allowed_actions ?? []).includes(action));
  return (
    <p class="fine action-reasons">
      {refused.map((action) => (
        <span key={action}>
          It cannot be {WORDS[action]} now: {whyNot(action, job.state)}{' '}
        </span>
      ))}
      <a href={startPath(job.job_id)}>Start another one like it</a>
    </p>
  );
}
