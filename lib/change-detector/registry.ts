import type { StrategyFacts } from '../model/strategy.ts';
import { cdc } from './strategies/cdc.ts';
import { content } from './strategies/content.ts';
import { hash } from './strategies/hash.ts';
import { primaryKey } from './strategies/primary-key.ts';
import { timestamp } from './strategies/timestamp.ts';

/**
 * One line per strategy; config, API and UI take the names from here. What finds differences is in detectors.ts, apart from
 * this, because most functions of the service only ask what a strategy can do.
 */
export const detectionStrategies: readonly StrategyFacts[] = [hash, content, primaryKey, timestamp, cdc];

export const detectionStrategyNames: readonly string[] = detectionStrategies.map((s) => s.name);

/** Throws RangeError for a name that the config schema would have refused. */
export function detectionStrategy(name: string): StrategyFacts {
  const found = detectionStrategies.find((s) => s.name === name);
  if (!found) throw new RangeError(`no detection strategy ${name}`);
  return found;
}
