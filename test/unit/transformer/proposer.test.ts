import { expect, test } from 'vitest';
import { measure, precision, recall } from '../../support/measure-proposer.ts';

// Figures of each half are in docs/suggestions.md.
test.each(['first', 'second'] as const)(
  '%s half of the published schemas: at least 0.95 precision, 0.85 recall',
  (half) => {
    const { columns, personal } = measure(half);

    expect(precision(columns), columns.faults.join('\n')).toBeGreaterThanOrEqual(0.95);
    expect(recall(columns), columns.faults.join('\n')).toBeGreaterThanOrEqual(0.85);
    expect(recall(personal), personal.faults.join('\n')).toBeGreaterThanOrEqual(0.85);
  },
);
