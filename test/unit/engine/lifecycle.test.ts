import { expect, test } from 'vitest';
import { ENDED_STATES, JOB_STATES } from '../../../lib/model/job.ts';
import { JOB_EVENTS, LIFECYCLE, stateAfter, statesAllowing } from '../../../lib/orchestrator/lifecycle.ts';

test('has a cell for each state and event', () => {
  expect(Object.keys(LIFECYCLE).sort()).toEqual([...JOB_STATES].sort());
  for (const state of JOB_STATES) expect(Object.keys(LIFECYCLE[state]).sort()).toEqual([...JOB_EVENTS].sort());
});

test('reaches every state from created', () => {
  const reached = new Set(['created']);
  for (let size = 0; size < reached.size; ) {
    size = reached.size;
    for (const state of JOB_STATES)
      if (reached.has(state)) for (const next of Object.values(LIFECYCLE[state])) if (next) reached.add(next);
  }

  expect([...reached].sort()).toEqual([...JOB_STATES].sort());
});

test('a completed job never changes, and nothing starts by itself from an ended one', () => {
  for (const state of ['completed', 'completed_with_issues'] as const) {
    expect(Object.values(LIFECYCLE[state]).filter((next) => next !== null && next !== state)).toEqual([]);
  }
  for (const state of ENDED_STATES) {
    expect(LIFECYCLE[state].take_over).toBeNull();
    expect(LIFECYCLE[state].run).toBeNull();
  }
});

test('completed is reached only from verifying', () => {
  expect(statesAllowing('complete').filter((s) => s !== 'completed')).toEqual(['verifying']);
  expect(stateAfter('complete')).toBe('completed');
});
