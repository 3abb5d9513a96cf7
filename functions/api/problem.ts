import * as z from 'zod';
import { ERRORS, type ErrorCode, type Problem, SyncError } from '../../lib/model/errors.ts';

/** Never fetched, never changed: clients compare it, and `.example` belongs to nobody. */
const TYPE_PREFIX = 'https://terrafusion.example/errors/';

const item = z.object({
  code: z.string(),
  message: z.string(),
  field: z.string().optional().meta({ description: 'JSON Pointer into the body, or /name of a query parameter.' }),
  side: z.enum(['source', 'target']).optional(),
  object: z.string().optional().meta({ description: 'A table, column or other catalog name.' }),
  hint: z.string().optional(),
});

/** A body of 256 KiB can hold ten thousand wrong fields; more than these help nobody. */
const MOST_ERRORS = 500;

/** The body of every error, after RFC 9457. */
export const problemBody = z
  .object({
    type: z.string().meta({ description: `${TYPE_PREFIX}<code>` }),
    title: z.string().meta({ description: 'What the code means; the same text each time.' }),
    status: z.int(),
    detail: z.string().meta({ description: 'What happened this time.' }),
    instance: z.string().meta({ description: 'The path that was called.' }),
    code: z.string().meta({ description: 'Stable; match on this.' }),
    request_id: z.string(),
    errors: z.array(item).meta({ description: `Everything that is wrong: at least one, at most ${MOST_ERRORS}.` }),
    facts: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))
      .optional()
      .meta({ description: 'Further values by code, for example the job that holds a table.' }),
  })
  .meta({ id: 'Problem' });
export type ProblemBody = z.infer<typeof problemBody>;

/**
 * What a caller is told about an error. Only a SyncError speaks for itself; anything else, and `internal`, is told in
 * general words, because its message was not written for callers.
 */
export function problemOf(error: unknown, call: { readonly path: string; readonly requestId: string }): ProblemBody {
  const known = error instanceof SyncError && error.code !== 'internal' ? error : undefined;
  const code: ErrorCode = known?.code ?? 'internal';
  const { status, meaning, remedy } = ERRORS[code];
  const detail = known?.message || meaning;
  const problems: readonly Problem[] = known?.problems.length ? known.problems : [{ code, message: detail }];
  return {
    type: TYPE_PREFIX + code,
    title: meaning,
    status,
    detail,
    instance: call.path,
    code,
    request_id: call.requestId,
    errors: problems.slice(0, MOST_ERRORS).map((p) => ({ ...p, hint: p.hint ?? ERRORS[p.code]?.remedy ?? remedy })),
    ...(known && Object.keys(known.facts).length > 0 && { facts: { ...known.facts } as ProblemBody['facts'] }), // readonly
  };
}
