import { describe, expect, it } from 'vitest';
import type { ScheduleView } from '../../../lib/model/answers.ts';
import { again, sideFields } from '../../../web/schedule-put.ts';

describe('what a PUT of a schedule says', () => {
  it.each([
    ['', {}],
    ['  ', {}],
    [' production ', { source_environment: 'production' }],
    ['postgresql://u:p@h/d', { source_connection: 'postgresql://u:p@h/d' }],
  ])('%j of a side', (said, fields) => {
    expect(sideFields('source', said)).toEqual(fields);
  });

  it('repeats what a GET answered, but for what no PUT takes', () => {
    const said = {
      expression: 'rate(1 day)',
      timezone: 'UTC',
      flexible_minutes: 5,
      mode: 'full',
      overlap: 'queue',
      paused: true,
      config: { batch_size: 10 },
    };
    const shown = { ...said, name: 'n', actor: 'a', next_runs: [], runs: [], source: {}, target: {} };

    expect(again(shown as unknown as ScheduleView)).toEqual(said); // a whole view has forty fields more
  });
});
