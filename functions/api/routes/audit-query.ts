import * as z from 'zod';
import { AUDIT_EVENT_TYPES } from '../../../lib/audit/catalogue.ts';
import type { AuditFilter } from '../../../lib/audit/filter.ts';
import { BEGINNING, type Place } from '../../../lib/audit/read-trail.ts';
import { SEVERITIES } from '../../../lib/model/audit-view.ts';
import { problemsError, SyncError } from '../../../lib/model/errors.ts';
import type { Job } from '../../../lib/model/job.ts';
import type { JobStore } from '../../../lib/ports.ts';
import { decodePage, type PageOf } from '../page-token.ts';
import { refuse } from '../schema-problems.ts';

/** Types can be asked for one by one, or all that begin alike: `healing`. */
const TYPES = [...new Set(AUDIT_EVENT_TYPES.map((t) => t.slice(0, t.indexOf('.')))), ...AUDIT_EVENT_TYPES];

const INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d))?$/;

/** A date (its first instant in UTC) or an instant with its zone, as ISO 8601 in UTC with milliseconds. */
export const instant = (name: 'from' | 'to') =>
  z
    .string()
    .transform((text, context) => {
      const at = INSTANT.test(text) ? new Date(text) : undefined;
      // a day that a month does not have moves on to the next one
      const real =
        at &&
        !Number.isNaN(at.getTime()) &&
        new Date(`${text.slice(0, 10)}T00:00:00Z`).toISOString().startsWith(text.slice(0, 10));
      if (at && real) return at.toISOString();
      const message = 'expected a date (2026-11-23) or an instant with its zone (2026-11-23T10:00:00Z)';
      refuse(context, undefined, [{ code: 'range_invalid', message, field: `/${name}` }]);
      return z.NEVER;
    })
    .optional();

/** Filters of an audit trail, as the query string has them. */
export const auditFilters = {
  type: z
    .enum(TYPES as [string, ...string[]])
    .optional()
    .meta({ description: 'A type of event (chunk.applied), or all that begin like it (chunk).' }),
  table: z.string().min(1).max(200).optional().meta({ description: 'Target table, schema.name.' }),
  severity: z.enum(SEVERITIES).optional().meta({ description: 'This serious or more.' }),
  actor: z.string().min(1).max(200).optional().meta({ description: 'Who did it; terrafusion-sync is the service.' }),
  from: instant('from').meta({ description: 'At or after this date or instant, ISO 8601.' }),
  to: instant('to').meta({ description: 'Before this date or instant; at most 10 years after from.' }),
  text: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: 'Anywhere in type, actor or data, whatever the case.' }),
};

const MOST_MS = 10 * 366 * 86_400_000;

/** What was asked for, without what was left out. Throws `range_invalid`. */
export function filterOf(query: { readonly [K in keyof AuditFilter]: AuditFilter[K] | undefined }): AuditFilter {
  const { type, table, severity, actor, from, to, text } = query;
  if (from !== undefined && to !== undefined) {
    const ms = Date.parse(to) - Date.parse(from);
    if (ms <= 0 || ms > MOST_MS)
      throw problemsError([
        { code: 'range_invalid', message: 'expected to after from, and at most 10 years', field: '/to' },
      ]);
  }
  return Object.fromEntries(
    Object.entries({ type, table, severity, actor, from, to, text }).filter(([, value]) => value !== undefined),
  );
}

/** Throws `job_not_found`, also for a job whose time was up. */
export async function jobOf(params: Readonly<Record<string, string>>, jobs: JobStore): Promise<Job> {
  const job = await jobs.get((params.job_id ?? '').toLowerCase());
  if (!job) throw new SyncError('job_not_found', 'there is no job with this id');
  return job;
}

const place = z.object({ after: z.int().min(0), from: z.int().min(0) });

/** Where a page of a list begins. Throws `cursor_invalid`. */
export function placeOf(of: PageOf, token: string | undefined): Place {
  return token === undefined ? BEGINNING : place.parse(decodePage(of, token));
}
