import * as z from 'zod';
import { type Conflict, conflictDecision, type DecisionOutcome } from '../../../lib/model/conflict.ts';
import {
  type ConflictDetail,
  conflictDecided,
  type ExpectedPrints,
  expectedPrints,
} from '../../../lib/model/conflict-answers.ts';
import { problemsError, SyncError } from '../../../lib/model/errors.ts';
import { viewOf } from '../../../lib/orchestrator/conflict-detail.ts';
import { problemOf } from '../problem.ts';
import { defineRoute, type RouteResponse } from '../route.ts';
import { conflictOf, conflictParam, etagOf } from './conflict-detail.ts';

const side = z.enum(['source', 'target']);

/** Flat, so that each wrong field is named by itself; exactly one of side, strategy and fields is given. */
const body = z
  .strictObject({
    side: side.optional().meta({ description: 'The whole row of this side; where it has none, the row is deleted.' }),
    strategy: z.string().min(1).max(50).optional().meta({ description: 'What this strategy decides now.' }),
    fields: z
      .record(
        z.string().min(1).max(200),
        z.union([z.strictObject({ side }), z.strictObject({ value: z.string().max(200_000).nullable() })]),
      )
      .optional()
      .meta({ description: 'A side, or a value as PostgreSQL text, for each column that differs.' }),
    note: z.string().max(2000).optional().meta({ description: 'Why; kept with the decision.' }),
    expected: expectedPrints
      .optional()
      .meta({ description: 'What the decision was made on: expected of the detail. Or if-match with its etag.' }),
  })
  .meta({ id: 'ResolveRequest' });
type Body = z.output<typeof body>;

const CHOICES = ['side', 'strategy', 'fields'] as const;

/** Exactly one of them; seen on the JSON as it came, so that one answer names all that is wrong. */
export function choiceProblems(json: unknown, choices: readonly string[]) {
  if (typeof json !== 'object' || json === null) return [];
  const given = choices.filter((name) => Object.hasOwn(json, name));
  if (given.length === 1) return [];
  const words = `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
  const code = given.length === 0 ? ('required' as const) : ('invalid_request' as const);
  const message = `expected one of ${words}, found ${given.length === 0 ? 'none' : given.join(' and ')}`;
  return [{ code, message, field: `/${given[1] ?? choices[0]}` }];
}

function expectedOf({ expected }: Body, ifMatch: string | undefined): ExpectedPrints {
  if (expected) return expected;
  const tag = ifMatch && /^\s*"([^".]{1,200})\.([^".]{1,200})"\s*$/.exec(ifMatch);
  const print = (text: string | undefined) => (text === undefined || text === '-' ? null : text);
  if (tag) return { source: print(tag[1]), target: print(tag[2]) };
  const message = ifMatch ? 'if-match holds no etag of this conflict' : 'expected what the decision was made on';
  throw problemsError([
    { code: 'required', message, field: '/expected', hint: 'Send expected as the detail shows it.' },
  ]);
}

function decisionOf({ side, strategy, fields }: Body) {
  return conflictDecision.parse(side ? { side } : strategy !== undefined ? { strategy } : { fields });
}

/** A refusal that shows what is there now, so that nobody has to ask again. */
function refusal(code: 'conflict_stale' | 'already_resolved', conflict: Conflict, call: Call): RouteResponse {
  const { decision, state } = conflict;
  const facts = {
    state,
    ...(decision && { winner: decision.winner, actor: decision.actor, at: decision.at, rule: decision.rule }),
  };
  const detail =
    code === 'conflict_stale'
      ? 'A side has moved since; the answer shows both rows as they are now.'
      : decision
        ? `${decision.actor} decided it at ${decision.at}: ${decision.winner}.`
        : `The conflict is ${state}.`;
  const problem = problemOf(new SyncError(code, detail, { facts }), call);
  return {
    status: problem.status,
    headers: { 'content-type': 'application/problem+json', ...(call.fresh && { etag: etagOf(call.fresh.expected) }) },
    body: { ...problem, conflict: call.fresh ?? viewOf(conflict) },
  };
}

interface Call {
  readonly path: string;
  readonly requestId: string;
  /** What is there now, with both rows. */
  readonly fresh?: ConflictDetail;
}

export const resolveConflict = defineRoute<Body>({
  method: 'POST',
  path: '/api/sync/conflicts/{job_id}/{conflict_id}/resolve',
  role: 'resolver',
  runs: 'conflicts',
  summary: 'Decide a conflict; the same decision again answers the same',
  params: { job_id: z.uuid(), conflict_id: conflictParam },
  body,
  alsoCheck: (json) => choiceProblems(json, CHOICES),
  responses: { 200: { description: 'The decision was applied, now or before.', schema: conflictDecided } },

  handle: async ({ body, params, headers, actor, requestId }, _services, parts) => {
    const conflict = await conflictOf(params, parts);
    const expected = expectedOf(body, headers['if-match']);
    const outcome: DecisionOutcome = await parts.decideConflict({
      conflict,
      decision: decisionOf(body),
      expected,
      actor,
      ...(body.note !== undefined && { note: body.note }),
    });
    await parts.conflicts.put([outcome.conflict]);
    const path = `/api/sync/conflicts/${params.job_id}/${params.conflict_id}/resolve`;
    switch (outcome.outcome) {
      case 'applied':
        return { status: 200, body: { outcome: 'applied', conflict: viewOf(outcome.conflict) } };
      case 'stale': {
        const fresh = await parts.describeConflict(outcome.conflict, true, outcome.images);
        return refusal('conflict_stale', outcome.conflict, { path, requestId, fresh });
      }
      case 'already_resolved':
        return refusal('already_resolved', outcome.conflict, { path, requestId });
    }
  },
});
