import { content } from './strategies/content.ts';
import { hash } from './strategies/hash.ts';
import { primaryKey } from './strategies/primary-key.ts';
import type { DetectionStrategy } from './strategy.ts';

/** One line per strategy; config, API and UI take the names from here. */
const strategies: readonly DetectionStrategy[] = [hash, content, primaryKey];

export const detectionStrategyNames: readonly string[] = strategies.map((s) => s.name);

/** Throws RangeError for a name that the config schema would have refused. */
export function detectionStrategy(name: string): DetectionStrategy {
  const found = strategies.find((s) => s.name === name);
  if (!found) throw new RangeError(`no detection strategy ${name}`);
  return found;
}
