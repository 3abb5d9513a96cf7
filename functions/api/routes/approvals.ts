import * as z from 'zod';
import { APPROVAL_STATES, type Approval } from '../../../lib/model/approval.ts';
import { SyncError } from '../../../lib/model/errors.ts';
import { JOB_MODES } from '../../../lib/model/job.ts';
import { approvalFor } from '../../../lib/orchestrator/decide-approval.ts';
import { defineRoute, type Route, type RouteRequest } from '../route.ts';

const approvalId = z.string().regex(/^[0-9a-f]{32}$/);
const end = z.object({ host: z.string(), port: z.int(), database: z.string(), user: z.string() });

const summary = z
  .object({
    id: z.string(),
    state: z.enum(APPROVAL_STATES),
    mode: z.enum(JOB_MODES),
    source: end,
    target: end,
    protected: z.array(z.string()).meta({ description: 'Protected environments that would be written to.' }),
    schedule: z
      .object({
        name: z.string(),
        expression: z.string(),
        timezone: z.string(),
        flexible_minutes: z.int(),
        overlap: z.string(),
      })
      .optional()
      .meta({ description: 'Each run of it is approved with it. Absent: one job.' }),
    digest: z.string().meta({ description: 'SHA-256 of config, pair and schedule: nothing else is approved.' }),
    asked_by: z.string(),
    own: z.literal(true).optional().meta({
      description: 'Whoever calls has asked for it: another person has to approve it. Absent: somebody else has.',
    }),
    asked_at: z.iso.datetime(),
    expires_at: z.iso.datetime(),
    decided_by: z.string().optional(),
    decided_at: z.iso.datetime().optional(),
    note: z.string().optional(),
    used_by: z.string().optional().meta({ description: 'job:<id> or schedule:<name>.' }),
  })
  .meta({ id: 'ApprovalSummary' });

const whole = z
  .object({ ...summary.shape, config: z.record(z.string(), z.unknown()).meta({ description: 'Of the job.' }) })
  .meta({ id: 'Approval' });

/** `subject`: of whoever looks. */
function summaryOf(approval: Approval, subject: string | undefined) {
  const { id, state, digest, work, asked_by, decided_by, revision: _r, ...rest } = approval;
  const { mode, source, target, schedule } = work;
  return {
    ...rest,
    ...{ id, state, digest, mode, source, target, protected: [...work.protected] },
    ...(schedule && { schedule: { ...schedule } }),
    asked_by: asked_by.actor,
    ...(asked_by.subject === subject && { own: true as const }),
    ...(decided_by && { decided_by: decided_by.actor }),
  };
}

const wholeOf = (approval: Approval, subject: string | undefined) => ({
  ...summaryOf(approval, subject),
  config: { ...approval.work.config },
});

const query = z.strictObject({ state: z.enum(APPROVAL_STATES).optional() });

/** A list is for looking at: the newest are. */
const SHOWN = 200;

const listApprovals = defineRoute<unknown, z.output<typeof query>>({
  method: 'GET',
  path: '/api/sync/approvals',
  role: 'viewer',
  runs: 'environments',
  summary: 'List requests to write to protected environments, newest first',
  query,
  responses: {
    200: {
      description: 'At most 200. A pending one whose expires_at has passed can no longer be decided.',
      schema: z.object({ approvals: z.array(summary) }).meta({ id: 'ApprovalList' }),
    },
  },

  handle: async ({ query, subject }, _services, { approvals }) => {
    const found = (await approvals.list()).filter((a) => query.state === undefined || a.state === query.state);
    const newest = found.sort((a, b) => (a.asked_at < b.asked_at ? 1 : -1)).slice(0, SHOWN);
    return { status: 200, body: { approvals: newest.map((a) => summaryOf(a, subject)) } };
  },
});

const showApproval = defineRoute({
  method: 'GET',
  path: '/api/sync/approvals/{approval_id}',
  role: 'viewer',
  runs: 'environments',
  summary: 'One request, with the config that would be approved',
  params: { approval_id: approvalId },
  responses: { 200: { description: 'The request.', schema: whole } },

  handle: async ({ params, subject }, _services, { approvals }) => ({
    status: 200,
    body: wholeOf(await approvalFor(params.approval_id ?? '', approvals), subject),
  }),
});

const body = z
  .strictObject({ note: z.string().max(2000).optional().meta({ description: 'Why; kept with the decision.' }) })
  .meta({ id: 'DecideApprovalRequest' });

/** Who decides must be told apart from who asked. */
function personOf({ actor, subject }: Pick<RouteRequest<unknown, unknown>, 'actor' | 'subject'>) {
  if (subject === undefined) throw new SyncError('unauthenticated', 'expected a token with a sub');
  return { actor, subject };
}

const decision = (word: 'approve' | 'reject', state: 'approved' | 'rejected', text: string): Route =>
  defineRoute<z.output<typeof body>>({
    method: 'POST',
    path: `/api/sync/approvals/{approval_id}/${word}`,
    role: 'operator',
    runs: 'environments',
    summary: text,
    params: { approval_id: approvalId },
    body,
    bodyOptional: true,
    responses: { 200: { description: 'It is decided, now or before.', schema: whole } },

    handle: async ({ params, body, actor, subject }, _services, { decideApproval }) => {
      const by = personOf({ actor, ...(subject !== undefined && { subject }) });
      const note = body.note === undefined ? {} : { note: body.note };
      return {
        status: 200,
        body: wholeOf(await decideApproval({ id: params.approval_id ?? '', state, by, ...note }), subject),
      };
    },
  });

/** Routes of requests for approval. */
export const approvalRoutes: readonly Route[] = [
  listApprovals,
  showApproval,
  decision('approve', 'approved', 'Approve what somebody else has asked for; they then repeat their call'),
  decision('reject', 'rejected', 'Say no, or take back what one has asked for oneself'),
];
