import * as z from 'zod';
import { eventsCsv, eventsJsonLines } from '../../../lib/audit/export.ts';
import { matches } from '../../../lib/audit/filter.ts';
import { findEvents } from '../../../lib/audit/read-trail.ts';
import type { AuditRecord } from '../../../lib/model/audit-event.ts';
import { encodePage } from '../page-token.ts';
import { defineRoute } from '../route.ts';
import { auditFilters, filterOf, jobOf, placeOf } from './audit-query.ts';

const FORMATS = ['jsonl', 'csv'] as const;

const query = z.strictObject({
  format: z.enum(FORMATS).default('jsonl').meta({ description: 'JSON lines, lossless; or CSV for spreadsheets.' }),
  ...auditFilters,
  next_token: z.string().max(512).optional().meta({ description: 'The header x-next-token of the part before.' }),
});

/** A part may have 6 MB; of CSV, data doubles its quotes. */
const PART_BYTES = 2_000_000;

const TYPE = { jsonl: 'application/x-ndjson; charset=utf-8', csv: 'text/csv; charset=utf-8' } as const;

export const auditExport = defineRoute<undefined, z.output<typeof query>>({
  method: 'GET',
  path: '/api/sync/audit/{job_id}/export',
  role: 'viewer',
  runs: 'queries',
  summary: 'Events of a job as a file, part by part',
  params: { job_id: z.uuid() },
  query,
  responses: {
    200: {
      description: 'A part of the file; parts put behind each other are the file.',
      media: Object.values(TYPE).map((type) => type.slice(0, type.indexOf(';'))),
      headers: { 'x-next-token': 'next_token of the next part; absent on the last one.' },
    },
  },

  handle: async ({ params, query }, { jobs }, { audit }) => {
    const filter = filterOf(query);
    const { format } = query;
    const { job_id } = await jobOf(params, jobs);
    const of = { list: 'export', job_id, format, ...filter };
    const place = placeOf(of, query.next_token);
    const want = {
      place,
      limit: Number.POSITIVE_INFINITY,
      bytes: PART_BYTES,
      meant: (r: AuditRecord) => matches(r, filter),
    };
    const { records, next } = await findEvents(audit, job_id, want);
    return {
      status: 200,
      headers: {
        'content-type': TYPE[format],
        'content-disposition': `attachment; filename="audit-${job_id}.${format}"`,
        ...(next !== undefined && { 'x-next-token': encodePage(of, next) }),
      },
      text: format === 'csv' ? eventsCsv(records, query.next_token === undefined) : eventsJsonLines(records),
    };
  },
});
