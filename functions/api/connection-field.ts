import * as z from 'zod';
import type { Side } from '../../lib/model/connection.ts';
import { parseConnection, tlsMode } from '../../lib/model/connection-string.ts';
import type { Problem } from '../../lib/model/errors.ts';
import type { TlsPolicy } from '../../lib/model/tls.ts';
import { refuse } from './schema-problems.ts';

/** A connection string in, a Connection out; what is wrong with it becomes problems of the field. */
export const fieldOfConnection = (pointer: string, side?: Side) =>
  z.string().transform((text, context) => {
    const parsed = parseConnection(text, pointer);
    if (parsed.ok) return parsed.connection;
    refuse(
      context,
      undefined, // not the text: issues may be printed
      parsed.problems.map((p) => ({ ...p, ...(side && { side }) })),
    );
    return z.NEVER;
  });

export const connectionField = (side: Side) =>
  fieldOfConnection(`/${side}_connection`, side).meta({
    description: `The ${side}: postgresql://user:password@host:port/database?sslmode=... Special characters are percent-encoded.`,
    example: `postgresql://sync:secret@${side}.example:5432/assessor?sslmode=verify-full`,
  });

/** What this deployment's policy says of both connections. */
export const tlsProblems = (json: unknown, policy: TlsPolicy): Problem[] =>
  (['source', 'target'] as const).flatMap((side) => tlsProblem(json, { field: `${side}_connection`, side }, policy));

/** Only of a string that can be read: what is wrong with another one is found elsewhere. */
export function tlsProblem(
  json: unknown,
  { field, side }: { readonly field: string; readonly side?: Side },
  policy: TlsPolicy,
): Problem[] {
  const given = z.looseObject({ [field]: z.string() }).safeParse(json);
  const parsed = parseConnection(given.data?.[field] as string | undefined, `/${field}`); // parsed as a string, if at all
  const mode = parsed.ok && tlsMode(parsed.connection, policy, `/${field}`);
  return mode && !mode.ok ? [{ ...mode.problem, ...(side && { side }) }] : [];
}
