import * as z from 'zod';
import { pagesAfter } from '../../../lib/audit/read-trail.ts';
import {
  checkBlocks,
  checkEnd,
  TRAIL_FAULTS,
  type TrailFault,
  type TrailFaultCode,
  UNCHECKED,
} from '../../../lib/audit/verify.ts';
import { decodePage, encodePage } from '../page-token.ts';
import { defineRoute } from '../route.ts';
import { jobOf } from './audit-query.ts';

const query = z.strictObject({
  next_token: z.string().max(512).optional().meta({ description: 'Of the step before.' }),
});

const root = z.object({
  events: z.int(),
  hash: z.string(),
  at: z.string(),
  previous: z.object({ events: z.int(), hash: z.string() }).optional(),
});

const verification = z
  .object({
    job_id: z.uuid(),
    state: z.enum(['intact', 'broken', 'checking']).meta({
      description: 'checking: no fault so far, and next_token leads on. broken: this step has found faults.',
    }),
    events: z.int().meta({ description: 'Events looked at, from the first one on.' }),
    hash: z.string().meta({ description: 'Hash of the last of them.' }),
    sealed: z.boolean().meta({ description: 'The job ended, and nothing came behind what sealed its trail.' }),
    root: root.optional().meta({ description: 'What sealed the trail, as the job says. Keep its hash elsewhere.' }),
    roots: z.array(root).meta({
      description: 'All that ever sealed it, in order: when the job ended, and when decisions came behind that.',
    }),
    faults: z.array(
      z.object({ code: z.enum(Object.keys(TRAIL_FAULTS) as [TrailFaultCode]), seq: z.int(), message: z.string() }),
    ),
    faults_in_all: z.int(),
    next_token: z.string().optional(),
  })
  .meta({ id: 'AuditVerification' });

/** One answer names so many faults; a trail with more is not looked into event by event. */
const SHOWN = 100;

const checked = z.object({ events: z.int().min(0), hash: z.string(), faults: z.int().min(0) });

export const auditVerify = defineRoute<undefined, z.output<typeof query>>({
  method: 'GET',
  path: '/api/sync/audit/{job_id}/verify',
  role: 'viewer',
  runs: 'queries',
  summary: 'Check that nobody has touched the audit trail of a job',
  params: { job_id: z.uuid() },
  query,
  responses: { 200: { description: 'What was found; of a long trail a step of it.', schema: verification } },

  handle: async ({ params, query }, { jobs, log }, { audit }) => {
    const job = await jobOf(params, jobs);
    const { job_id, audit_root } = job;
    const of = { list: 'verify', job_id };
    const from =
      query.next_token === undefined ? { ...UNCHECKED, faults: 0 } : checked.parse(decodePage(of, query.next_token));
    // before the trail, which may grow meanwhile: what they know of must be there
    const [head, roots] = await Promise.all([audit.head(job_id), audit.roots(job_id)]);
    const anchors = { head, roots, job: audit_root };
    const faults: TrailFault[] = [];
    let to: { readonly events: number; readonly hash: string } = from;
    let more = false;
    for await (const { blocks, more: goesOn } of pagesAfter(audit, job_id, from.events)) {
      const step = checkBlocks(job_id, to, blocks, anchors);
      faults.push(...step.faults);
      to = step.to;
      more = goesOn;
    }
    if (!more) faults.push(...checkEnd(to, anchors));
    const inAll = from.faults + faults.length;
    log.info('audit trail checked', { job_id, faults: inAll }, { AuditTrailsBroken: Number(inAll > 0) });
    return {
      status: 200,
      body: {
        job_id,
        state: inAll > 0 ? 'broken' : more ? 'checking' : 'intact',
        events: to.events,
        hash: to.hash,
        sealed: !more && audit_root?.events === to.events && audit_root.hash === to.hash,
        ...(audit_root && { root: audit_root }),
        roots: roots.map(({ previous, ...r }) => ({ ...r, ...(previous && { previous: { ...previous } }) })),
        faults: faults.slice(0, SHOWN),
        faults_in_all: inAll,
        ...(more && { next_token: encodePage(of, { events: to.events, hash: to.hash, faults: inAll }) }),
      },
    };
  },
});
