import { cdc } from './strategies/cdc.ts';
import { content } from './strategies/content.ts';
import { hash } from './strategies/hash.ts';
import { primaryKey } from './strategies/primary-key.ts';
import { timestamp } from './strategies/timestamp.ts';
import type { DetectionStrategy } from './strategy.ts';

/** One line per strategy; config, API and UI take the names from here. */
export const detectionStrategies: readonly DetectionStrategy[] = [hash, content, primaryKey, timestamp, cdc];

export const detectionStrategyNames: readonly string[] = detectionStrategies.map((s) => s.name);

/** Throws RangeError for a name that the config schema would have refused. */
export function detectionStrategy(name: string): DetectionStrategy {
  const found = detectionStrategies.find((s) => s.name === name);
  if (!found) throw new RangeError(`no detection strategy ${name}`);
  return found;
}
