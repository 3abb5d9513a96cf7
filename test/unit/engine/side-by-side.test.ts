import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromAnother } from '../../../lib/orchestrator/side-by-side.ts';

const MINUTE_MS = 60_000;

test('each of many items is the first one in some minute, and all others come behind it, in their order', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(1e9), (size, minute) => {
      const items = Array.from({ length: size }, (_, i) => i);
      const first = new Set<number | undefined>();
      for (let later = 0; later < size; later++)
        first.add(fromAnother(items, new Date((minute + later) * MINUTE_MS))[0]);
      const turned = fromAnother(items, new Date(minute * MINUTE_MS));
      const at = turned[0] ?? 0;
      expect(turned).toEqual([...items.slice(at), ...items.slice(0, at)]);
      expect(first.size).toBe(size);
    }),
    { examples: [[61, 0]] },
  );
  expect(fromAnother([], new Date())).toEqual([]);
});
