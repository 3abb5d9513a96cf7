import type { JobConfig } from '../model/config.ts';
import { type ErrorCode, problemsError, SyncError } from '../model/errors.ts';
import type { ApprovedMappings } from '../ports.ts';

/** What tells the caller that the name in the config is no use; anything else is no fault of the config's. */
const OF_THE_NAME: readonly ErrorCode[] = ['mapping_not_found', 'mapping_not_approved'];

const FIELD = '/config/stored_mapping';

/**
 * The config with the stored mapping that it names written out, and with its version: from then on it is what the job goes by,
 * whatever is approved later. Throws `tables_contradiction` where the config has a mapping of its own too, and what
 * `ApprovedMappings` throws.
 */
export async function withStoredMapping(config: JobConfig, mappings: () => ApprovedMappings): Promise<JobConfig> {
  if (config.stored_mapping === undefined) return config;
  if (Object.keys(config.mapping).length > 0) {
    const message = 'expected mapping or stored_mapping, found both';
    throw problemsError([{ code: 'tables_contradiction', message, field: FIELD }]);
  }
  const [name = '', version] = config.stored_mapping.split('@');
  try {
    const found = await mappings().approved(name, version === undefined ? undefined : Number(version));
    return { ...config, mapping: found.mapping, stored_mapping: `${name}@${found.version}` };
  } catch (error) {
    if (!(error instanceof SyncError) || !OF_THE_NAME.includes(error.code)) throw error;
    const { code, message, facts } = error;
    throw new SyncError(code, message, { facts, problems: [{ code, message, field: FIELD }] });
  }
}
