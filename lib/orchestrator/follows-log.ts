import { detectionStrategy } from '../change-detector/registry.ts';
import type { Job } from '../model/job.ts';

/** Whether the job's strategy follows the source's log. */
export const followsLog = (config: Job['config']): boolean =>
  detectionStrategy(config.detection_strategy).needs.changeStream;

/** Whether the job connects to its pair's stream of changes. A full dry run compares everything and leaves nothing behind. */
export const connectsToLog = ({ mode, config }: Pick<Job, 'mode' | 'config'>): boolean =>
  followsLog(config) && !(config.dry_run && mode === 'full');
