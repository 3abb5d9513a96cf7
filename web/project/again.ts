import type { JobStatus } from '../../lib/model/answers.ts';
import type { ConfigField } from '../../lib/model/web-facts.ts';

/** The request that plans the project of a job anew; undefined where a side is no environment, and its connection gone. */
export function environmentsBody(
  { source, target, config }: Pick<JobStatus, 'source' | 'target' | 'config'>,
  fields: readonly ConfigField[],
): object | undefined {
  const [source_environment, target_environment] = [source.environments?.[0], target.environments?.[0]];
  if (source_environment === undefined || target_environment === undefined) return undefined;
  const given = Object.entries(config).filter(([name, value]) => {
    const field = fields.find((f) => f.name === name);
    return field && JSON.stringify(value) !== JSON.stringify(field.default);
  });
  return { source_environment, target_environment, config: Object.fromEntries(given) };
}
