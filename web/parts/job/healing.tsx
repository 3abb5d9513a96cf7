import type { JobStatus } from '../../../lib/model/answers.ts';
import { stepsTaken } from '../../job/steps.ts';
import { When } from '../when.tsx';

/** What the service did without being asked: mended, put aside, gave up or paused; nothing where there was no need. */
export function Healing({ job }: { readonly job: JobStatus }) {
  const steps = stepsTaken(job.healing ?? [], job.tables);
  if (steps.length === 0) return null;
  return (
    <>
      <h2>What the service did</h2>
      <ol class="healing">
        {steps.map(({ at, type, message, times }) => (
          <li key={`${at} ${type} ${message}`}>
            <When at={at} /> <code>{type}</code> {message}
            {times > 1 && <span class="fine"> · {times} times</span>}
          </li>
        ))}
      </ol>
    </>
  );
}
