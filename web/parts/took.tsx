import { duration } from '../../lib/model/figures.ts';
import { ENDED_STATES, type JobState } from '../../lib/model/job.ts';
import { useUi } from '../ui.ts';

interface TookProps {
  readonly job: {
    readonly state: JobState;
    readonly created_at: string;
    readonly started_at?: string | undefined;
    readonly ended_at?: string | undefined;
  };
}

/** How long a job took, or has taken so far. */
export function Took({ job }: TookProps) {
  const { nowMs } = useUi();
  const from = Date.parse(job.started_at ?? job.created_at);
  if (job.ended_at !== undefined) return <>{duration(Math.max(0, Date.parse(job.ended_at) - from) / 1000)}</>;
  if (ENDED_STATES.includes(job.state) || job.state === 'paused') return <>–</>;
  return <>{duration(Math.max(0, Math.round((nowMs.value - from) / 1000)))}</>;
}
