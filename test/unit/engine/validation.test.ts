import { expect, test } from 'vitest';
import { PASSES, TABLE_STATES } from '../../../lib/model/job.ts';
import { VALIDATION_STATES } from '../../../lib/model/validation.ts';
import { type ValidationFacts, validationOf } from '../../../lib/orchestrator/validation.ts';

const facts: ValidationFacts = {
  state: 'pending',
  pass: 'apply',
  jobEnded: false,
  quarantined: 0,
  conflicts: 0,
  inFlight: 0,
};

test.each([
  [{}, 'pending'],
  [{ jobEnded: true }, 'interrupted'],
  [{ state: 'running' }, 'comparing'],
  [{ state: 'running', pass: 'delete' }, 'comparing'],
  [{ state: 'running', pass: 'verify' }, 'validating'],
  [{ state: 'running', pass: 'verify', jobEnded: true }, 'interrupted'],
  [{ state: 'verified' }, 'validated'],
  [{ state: 'verified', inFlight: 3 }, 'in_flight'],
  [{ state: 'verified', quarantined: 1 }, 'quarantined'],
  [{ state: 'verified', conflicts: 1 }, 'conflicting'],
  [{ state: 'verified', conflicts: 1, quarantined: 1 }, 'quarantined'],
  [{ state: 'verified', conflicts: 1, inFlight: 1 }, 'conflicting'],
  [{ state: 'verified', quarantined: 1, inFlight: 3 }, 'quarantined'],
  [{ state: 'compared' }, 'compared'],
  [{ state: 'unverified', quarantined: 2 }, 'unverified'],
  [{ state: 'failed', failure: 'verification_failed' }, 'mismatched'],
  [{ state: 'failed', failure: 'schema_changed' }, 'error'],
  [{ state: 'failed' }, 'error'],
] as const)('%o is %s', (some, expected) => {
  expect(validationOf({ ...facts, ...some })).toBe(expected);
});

test('every state of a table has a validation state, and each of those is reached', () => {
  const reached = TABLE_STATES.flatMap((state) =>
    PASSES.flatMap((pass) =>
      [true, false].flatMap((jobEnded) =>
        [0, 1].flatMap((quarantined) =>
          [0, 1].flatMap((conflicts) =>
            [0, 1].flatMap((inFlight) =>
              [undefined, 'verification_failed', 'internal'].map((failure) =>
                validationOf({ state, pass, jobEnded, quarantined, conflicts, inFlight, ...(failure && { failure }) }),
              ),
            ),
          ),
        ),
      ),
    ),
  );

  expect(new Set(reached)).toEqual(new Set(VALIDATION_STATES));
});

test('only what was compared, and has nothing left open, is validated', () => {
  const open = TABLE_STATES.filter((state) => state !== 'verified').map((state) =>
    validationOf({ ...facts, state, pass: 'verify' }),
  );

  expect(open).not.toContain('validated');
});
