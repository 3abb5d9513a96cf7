import * as z from 'zod';
import { lastOf, pagesAfter } from '../../../lib/audit/read-trail.ts';
import { addReports, pace, reportOf } from '../../../lib/audit/report.ts';
import { reportCsv } from '../../../lib/audit/report-csv.ts';
import { REPORT_CSP, reportHtml } from '../../../lib/audit/report-html.ts';
import type { AuditReport } from '../../../lib/model/audit-report.ts';
import { encodePage } from '../page-token.ts';
import { defineRoute, type RouteResponse } from '../route.ts';
import { jobOf, placeOf } from './audit-query.ts';

const FORMATS = ['json', 'csv', 'html'] as const;
type Format = (typeof FORMATS)[number];

const query = z.strictObject({
  format: z.enum(FORMATS).optional().meta({ description: 'Without it the header Accept decides; else JSON.' }),
  next_token: z.string().max(512).optional().meta({ description: 'Of the part before; counts of parts add up.' }),
});

const rows = { inserted: z.int(), updated: z.int(), deleted: z.int(), quarantined: z.int() };
const tally = z.array(z.object({ name: z.string(), count: z.int() }));

const report = z
  .object({
    job_id: z.uuid(),
    from_seq: z.int(),
    through_seq: z.int().meta({ description: 'Last event that is in these figures.' }),
    events: z.int(),
    first_at: z.string().nullable(),
    last_at: z.string().nullable(),
    seconds: z.number(),
    rows_per_second: z.number().nullable(),
    rows: z.object(rows),
    types: tally,
    severities: tally,
    actors: tally,
    tables: z.array(
      z.object({
        name: z.string(),
        ...rows,
        chunks: z.int(),
        unexplained: z.int(),
        first_at: z.string(),
        last_at: z.string(),
      }),
    ),
    rules: tally.meta({
      description: 'Rows that rules did not let pass when they were counted, by table, rule and severity.',
    }),
    decisions: tally.meta({ description: 'Rows by what decided about them.' }),
    errors: tally.meta({ description: 'How often, by code.' }),
    minutes: z.array(z.object({ minute: z.string(), ...rows })),
    milestones: z.array(
      z.object({ seq: z.int(), at: z.string(), type: z.string(), actor: z.string(), code: z.string().optional() }),
    ),
    root: z.object({ events: z.int(), hash: z.string(), at: z.string() }).optional().meta({
      description: 'What sealed the trail when the job ended. Keep the hash elsewhere: it proves the whole trail.',
    }),
    next_token: z.string().optional().meta({ description: 'The trail goes on: ask for the next part, and add it.' }),
  })
  .meta({ id: 'AuditReport' });

function formatOf(format: Format | undefined, accept: string | undefined): Format {
  if (format) return format;
  if (accept?.includes('text/html')) return 'html';
  return accept?.includes('text/csv') ? 'csv' : 'json';
}

const MEDIA = { csv: 'text/csv; charset=utf-8', html: 'text/html; charset=utf-8' } as const;

/** A page that a browser opened in the origin of the service would run nothing, and is a download all the same. */
function file(format: 'csv' | 'html', jobId: string, text: string, next: string | undefined): RouteResponse {
  return {
    status: 200,
    headers: {
      'content-type': MEDIA[format],
      'content-disposition': `attachment; filename="audit-report-${jobId}.${format}"`,
      ...(format === 'html' && { 'content-security-policy': `${REPORT_CSP}; frame-ancestors 'none'; sandbox` }),
      ...(next !== undefined && { 'x-next-token': next }),
    },
    text,
  };
}

export const auditReport = defineRoute<undefined, z.output<typeof query>>({
  method: 'GET',
  path: '/api/sync/audit/{job_id}/report',
  role: 'viewer',
  runs: 'queries',
  summary: 'Statistics of a job: JSON, CSV or a page to print',
  params: { job_id: z.uuid() },
  query,
  responses: {
    200: {
      description: 'Statistics by table, operation, type, time, error and decision; of a very long trail a part of it.',
      schema: report,
      media: ['text/csv', 'text/html'],
      headers: { 'x-next-token': 'Of CSV and HTML: next_token of the next part; absent on the last one.' },
    },
  },

  handle: async ({ params, query, headers }, { jobs }, { audit }) => {
    const job = await jobOf(params, jobs);
    const { job_id, audit_root: root } = job;
    const of = { list: 'report', job_id };
    const { after } = placeOf(of, query.next_token);
    const parts: AuditReport[] = [];
    let more = false;
    let through = after;
    for await (const page of pagesAfter(audit, job_id, after)) {
      const records = page.blocks.flatMap((b) => b.records ?? []);
      const from = through;
      through = Math.max(through, ...page.blocks.map(lastOf)); // over blocks that cannot be read, too
      parts.push(reportOf(job_id, { after: from, through }, records));
      more = page.more;
    }
    const whole = addReports(parts[0] ?? reportOf(job_id, { after, through }, []), ...parts.slice(1));
    const next = more ? encodePage(of, { after: whole.through_seq, from: whole.through_seq }) : undefined;
    const format = formatOf(query.format, headers.accept);
    if (format === 'csv') return file(format, job_id, reportCsv(whole), next);
    if (format === 'html') return file(format, job_id, reportHtml(whole, { root, more }), next);
    return {
      status: 200,
      body: { ...whole, ...pace(whole), ...(root && { root }), ...(next !== undefined && { next_token: next }) },
    };
  },
});
