import { fieldLevel } from './strategies/field-level.ts';
import { manual } from './strategies/manual.ts';
import { newerWins } from './strategies/newer-wins.ts';
import { sourceWins } from './strategies/source-wins.ts';
import { targetWins } from './strategies/target-wins.ts';
import type { ConflictStrategy } from './strategy.ts';

/** One line per strategy; config, API and UI take the names from here. */
export const conflictStrategies: readonly ConflictStrategy[] = [sourceWins, targetWins, newerWins, fieldLevel, manual];

export const conflictStrategyNames: readonly string[] = conflictStrategies.map((s) => s.name);

/** Throws RangeError for a name that the config schema would have refused. */
export function conflictStrategy(name: string): ConflictStrategy {
  const found = conflictStrategies.find((s) => s.name === name);
  if (!found) throw new RangeError(`no conflict strategy ${name}`);
  return found;
}
