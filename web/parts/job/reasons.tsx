import { JOB_ACTIONS, type JobStatus } from '../../../lib/model/answers.ts';
import { startPath } from '../../address.ts';
import { reasonsOf } from '../../job/reasons.ts';
import { IfMay } from '../action.tsx';

/** What may not be asked of the job now, and why; and the way to do the same again. */
export function ActionReasons({ job }: { readonly job: JobStatus }) {
  const refused = JOB_ACTIONS.filter((action) => !(job.allowed_actions ?? []).includes(action));
  return (
    <p class="fine action-reasons">
      {reasonsOf(refused, job.state).join(' ')}{' '}
      <IfMay to={job.mode === 'incremental' ? 'incremental' : 'full'}>
        <a href={startPath(job.job_id)}>Start another one like it</a>
      </IfMay>
    </p>
  );
}
