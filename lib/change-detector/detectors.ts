import type { StrategyFacts } from '../model/strategy.ts';
import { detectByContent } from './by-content.ts';
import { detectByHash } from './by-hash.ts';
import { detectByLog } from './by-log.ts';
import { detectByWindow } from './by-window.ts';
import { cdc } from './strategies/cdc.ts';
import { content } from './strategies/content.ts';
import { hash } from './strategies/hash.ts';
import { primaryKey } from './strategies/primary-key.ts';
import { timestamp } from './strategies/timestamp.ts';
import type { Detect } from './strategy.ts';

/** How each strategy of the registry finds differences. The keys alone are compared like rows, by readers that see no more. */
const DETECTORS: readonly (readonly [StrategyFacts, Detect])[] = [
  [hash, detectByHash],
  [content, detectByContent],
  [primaryKey, detectByHash],
  [timestamp, detectByWindow],
  [cdc, detectByLog],
];

/** Throws RangeError for a name that no strategy has. */
export function detectorOf(name: string): Detect {
  const found = DETECTORS.find(([strategy]) => strategy.name === name);
  if (!found) throw new RangeError(`no detection strategy ${name}`);
  return found[1];
}
