import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { detectorOf } from '../../lib/change-detector/detectors.ts';
import { createPair } from '../support/databases.ts';
import { allowance, asked, seeds } from './levels.ts';
import { layOut, modelSchedule } from './model/schedule.ts';
import { findsExactly } from './properties/engine.ts';
import { PROPERTIES } from './properties/index.ts';
import { startProxy } from './proxy.ts';
import { simulate } from './simulation/schedule.ts';
import { Broken, newTally, type Tally } from './tally.ts';
import { printTotals } from './totals.ts';

const { level, seed, from, property, simulated, model } = asked();
const tallies: Record<string, Tally> = { simulated: newTally(), model: newTally() };
let properties = 0;

/** Runs schedules by their seeds; says at most five of those that broke, with the way to see them again. */
async function all(
  suite: 'simulated' | 'model',
  count: number,
  one: (seed: number, tally: Tally) => Promise<void>,
): Promise<readonly string[]> {
  const tally = tallies[suite] as Tally; // named above
  const broken: string[] = [];
  const goOn = allowance();
  for (const s of seeds(count, seed, from)) {
    if (!goOn()) {
      console.log(`${suite}: ${count - s + 1} of ${count} left; --from ${s} goes on there`);
      break;
    }
    try {
      await one(s, tally);
    } catch (error) {
      if (error instanceof Broken) tally[error.kind] += 1;
      else tally.wrongEnds += 1;
      const what = error instanceof Broken ? error.message : (error as Error).stack;
      broken.push(`SEED=${s} (npm run faults -- --suite ${suite} --seed ${s}): ${what}`);
      if (broken.length === 5) break;
    }
  }
  return broken;
}

afterAll(() => printTotals(level, tallies, [`properties ${properties} x ${property} cases`]));

describe('properties', () => {
  test.each(Object.entries(PROPERTIES))('%s', async (_name, holds) => {
    await fc.assert(holds as fc.IAsyncProperty<unknown>, { numRuns: property, seed: seed ?? 1 });
    properties += 1;
  });

  test('what the strategy hash finds is exactly what differs', async () => {
    await findsExactly(detectorOf('hash'), property, seed ?? 1);
    properties += 1;
  });
});

describe(
  'simulated',
  () => {
    test('schedules lose nothing, apply nothing twice and come to their end', async () => {
      expect(await all('simulated', simulated, simulate)).toEqual([]);
    });

    test('a seed gives the same schedule again', async () => {
      const once = async () => {
        const tally = newTally();
        await simulate(7, tally);
        return [...tally.faults];
      };

      expect(await once()).toEqual(await once());
    });
  },
  6 * 3_600_000,
);

describe(
  'model',
  () => {
    test('schedules over real databases lose nothing, apply nothing twice and end equal', async () => {
      await using pair = await createPair();
      const wire = (side: 'source' | 'target') => startProxy(pair[side].connection);
      await using source = await wire('source');
      await using target = await wire('target');
      const bench = { pair, wires: { source, target } };
      await layOut(bench);

      expect(await all('model', model, (s, tally) => modelSchedule(s, bench, tally))).toEqual([]);
    });
  },
  12 * 3_600_000,
);
