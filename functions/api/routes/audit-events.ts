import * as z from 'zod';
import { severityOf } from '../../../lib/audit/catalogue.ts';
import { matches } from '../../../lib/audit/filter.ts';
import { findEvents } from '../../../lib/audit/read-trail.ts';
import { SEVERITIES } from '../../../lib/model/audit-view.ts';
import { encodePage } from '../page-token.ts';
import { defineRoute } from '../route.ts';
import { auditFilters, filterOf, jobOf, placeOf } from './audit-query.ts';

const query = z.strictObject({
  limit: z.int().min(1).max(500).default(100).meta({ description: 'Most events on one page.' }),
  ...auditFilters,
  next_token: z.string().max(512).optional().meta({ description: 'From the page before, with the same filters.' }),
});

const auditEvent = z
  .object({
    seq: z.int().meta({ description: 'Place in the trail, from 1, without gaps.' }),
    id: z.string().meta({ description: 'The same event has the same id.' }),
    type: z.string(),
    severity: z.enum(SEVERITIES),
    at: z.string().meta({ description: 'ISO 8601, clock of the target database.' }),
    actor: z.string(),
    data: z.record(z.string(), z.unknown()).meta({ description: 'By type: see docs/audit.md.' }),
    hash: z.string().meta({ description: 'SHA-256 over the hash before it and this event.' }),
  })
  .meta({ id: 'AuditEvent' });

const page = z
  .object({
    events: z.array(auditEvent),
    next_token: z.string().optional().meta({
      description:
        'There may be more: ask again with it. A page with filters may hold fewer events than limit, or none.',
    }),
  })
  .meta({ id: 'AuditPage' });

/** An answer may have 6 MB. */
const PAGE_BYTES = 4_000_000;

export const auditEvents = defineRoute<undefined, z.output<typeof query>>({
  method: 'GET',
  path: '/api/sync/audit/{job_id}',
  role: 'viewer',
  runs: 'queries',
  summary: 'Events of a job in their order',
  params: { job_id: z.uuid() },
  query,
  responses: { 200: { description: 'A page of events.', schema: page } },

  handle: async ({ params, query }, { jobs }, { audit }) => {
    const filter = filterOf(query);
    const { job_id } = await jobOf(params, jobs);
    const of = { list: 'events', job_id, ...filter };
    const place = placeOf(of, query.next_token);
    const want = {
      place,
      limit: query.limit,
      bytes: PAGE_BYTES,
      meant: (r: Parameters<typeof matches>[0]) => matches(r, filter),
    };
    const { records, next } = await findEvents(audit, job_id, want);
    const events = records.map((r) => ({ ...r, severity: severityOf(r.type) }));
    return {
      status: 200,
      body: { events, ...(next !== undefined && { next_token: encodePage(of, next) }) },
    };
  },
});
