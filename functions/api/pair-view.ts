import * as z from 'zod';
import { type KeptPair, type PairFacts, type PairLast, stateOf } from '../../lib/model/fleet.ts';
import { type PairSummary, pairLast, pairSummary } from '../../lib/model/fleet-view.ts';
import { jobConfigSchema } from '../../lib/orchestrator/config-schema.ts';

/** A name of a pair may be that of its schedule: EventBridge Scheduler takes names of up to 64 of these. */
export const pairNameField = z.string().regex(/^(?!(drop|slots)$)[a-z0-9][a-z0-9_-]{0,62}$/); // those are commands of the same path

export const groupField = z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,62}$/);

export const pairView = z
  .object({
    ...pairSummary.shape,
    config: jobConfigSchema,
    actor: z.string().meta({ description: 'Who put it last.' }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    jobs: z.array(pairLast).optional().meta({
      description: 'The last 20, newest first: those that orders and its schedule have started. Of a GET alone.',
    }),
  })
  .meta({ id: 'Pair' });

const shown = ({ epoch: _, ...last }: PairLast) => last;

export function summaryOf(facts: PairFacts): PairSummary {
  const { config: _c, actor: _a, created_at: _f, updated_at: _u, revision: _r, groups, ...pair } = facts.pair;
  const { last_success_at, schedule } = facts;
  return {
    ...pair,
    groups: [...groups],
    state: stateOf(facts),
    ...(facts.last && { last: shown(facts.last) }),
    ...(last_success_at !== undefined && { last_success_at }),
    ...(schedule && { schedule }),
  };
}

export function viewOf(facts: PairFacts, jobs?: readonly PairLast[]): z.output<typeof pairView> {
  const { config, actor, created_at, updated_at }: KeptPair = facts.pair;
  return { ...summaryOf(facts), config, actor, created_at, updated_at, ...(jobs && { jobs: jobs.map(shown) }) };
}
