import type { JobConfig } from '../lib/model/config.ts';
import { approvedMappings } from '../lib/orchestrator/approved-mappings.ts';
import { withStoredMapping } from '../lib/orchestrator/stored-start.ts';
import { approvableMappings } from './runtime.ts';

/** The config that a start now would give its job: a stored mapping that it names is written out as it is approved now. */
export const startConfig = (config: JobConfig): Promise<JobConfig> =>
  withStoredMapping(config, () => approvedMappings(approvableMappings()));
