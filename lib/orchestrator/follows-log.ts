import { detectionStrategy } from '../change-detector/registry.ts';
import type { Job } from '../model/job.ts';

/** Whether the job's strategy follows the source's log. */
export const followsLog = (config: Job['config']): boolean =>
  detectionStrategy(config.detection_strategy).needs.changeStream;

/**
 * Whether the job connects to its pair's stream of changes. A full dry run compares everything and leaves nothing behind; a
 * retry looks at rows that were put aside, whose keys wait in the stream for the next job.
 */
export const connectsToLog = ({ mode, config, retry }: Pick<Job, 'mode' | 'config' | 'retry'>): boolean =>
  followsLog(config) && !retry && !(config.dry_run && mode === 'full');
