import { sourceWins } from './strategies/source-wins.ts';
import type { ConflictStrategy } from './strategy.ts';

/** One line per strategy; config, API and UI take the names from here. */
const strategies: readonly ConflictStrategy[] = [sourceWins];

export const conflictStrategyNames: readonly string[] = strategies.map((s) => s.name);

/** Throws RangeError for a name that the config schema would have refused. */
export function conflictStrategy(name: string): ConflictStrategy {
  const found = strategies.find((s) => s.name === name);
  if (!found) throw new RangeError(`no conflict strategy ${name}`);
  return found;
}
