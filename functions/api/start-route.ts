import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Side } from '../../lib/model/connection.ts';
import { parseConnection, tlsMode } from '../../lib/model/connection-string.ts';
import type { Problem } from '../../lib/model/errors.ts';
import { JOB_STATES, type JobMode } from '../../lib/model/job.ts';
import type { TlsPolicy } from '../../lib/model/tls.ts';
import { jobConfigSchema } from '../../lib/orchestrator/config-schema.ts';
import { defineRoute } from './route.ts';
import { refuse } from './schema-problems.ts';

/** A connection string in, a Connection out; what is wrong with it becomes problems of the field. */
export const connectionField = (side: Side) =>
  z
    .string()
    .transform((text, context) => {
      const parsed = parseConnection(text, `/${side}_connection`);
      if (parsed.ok) return parsed.connection;
      refuse(
        context,
        undefined, // not the text: issues may be printed
        parsed.problems.map((p) => ({ ...p, side })),
      );
      return z.NEVER;
    })
    .meta({
      description: `The ${side}: postgresql://user:password@host:port/database?sslmode=... Special characters are percent-encoded.`,
      example: `postgresql://sync:secret@${side}.example:5432/assessor?sslmode=verify-full`,
    });

const body = z
  .strictObject({
    source_connection: connectionField('source'),
    target_connection: connectionField('target'),
    config: jobConfigSchema.prefault({}),
  })
  .meta({ id: 'StartRequest' });

const started = z
  .object({ job_id: z.uuid(), state: z.enum(JOB_STATES), status_url: z.string() })
  .meta({ id: 'JobStarted' });

/** The route that starts jobs of one mode; all of them take and answer the same. */
export const startRoute = (mode: JobMode, summary: string) =>
  defineRoute<z.output<typeof body>>({
    method: 'POST',
    path: `/api/sync/${mode}`,
    role: 'operator',
    runs: 'commands',
    summary,
    body,
    responses: {
      202: {
        description: 'The job was accepted; follow status_url.',
        schema: started,
        headers: { location: 'The job status.', 'retry-after': 'Seconds to wait before asking for it.' },
      },
    },

    alsoCheck: (json, { settings }) =>
      (['source', 'target'] as const).flatMap((side) => tlsProblems(json, side, settings.tlsPolicy)),

    handle: async ({ body, actor }, _services, { startJob }) => {
      const job = await startJob({
        jobId: randomUUID(),
        pair: { source: body.source_connection, target: body.target_connection },
        config: body.config,
        mode,
        actor,
      });
      const statusUrl = `/api/sync/status/${job.job_id}`;
      return {
        status: 202,
        headers: { location: statusUrl, 'retry-after': '1' },
        body: { job_id: job.job_id, state: job.state, status_url: statusUrl },
      };
    },
  });

/** Only of a string that can be read: what is wrong with another one is found elsewhere. */
export function tlsProblems(json: unknown, side: Side, policy: TlsPolicy): Problem[] {
  const field = `${side}_connection` as const;
  const given = z.looseObject({ [field]: z.string() }).safeParse(json);
  const parsed = parseConnection(given.data?.[field], `/${field}`);
  const mode = parsed.ok && tlsMode(parsed.connection, policy, `/${field}`);
  return mode && !mode.ok ? [{ ...mode.problem, side }] : [];
}
