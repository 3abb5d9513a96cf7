import * as z from 'zod';
import { readAuthorities } from '../../lib/model/authority.ts';
import type { Connection, Side } from '../../lib/model/connection.ts';
import { parseConnection, tlsMode } from '../../lib/model/connection-string.ts';
import type { Problem } from '../../lib/model/errors.ts';
import type { TlsPolicy } from '../../lib/model/tls.ts';
import { refuse } from './schema-problems.ts';

/** A connection string, alone or with what does not go into one. */
const given = z.union([
  z.string(),
  z
    .strictObject({
      url: z.string().meta({ description: 'The connection string.' }),
      ca_certificate: z.string().optional().meta({
        description:
          'PEM certificates of the authorities by which the server is verified, in place of those that the service knows. Up to ten, 16 KiB in all.',
      }),
    })
    .meta({ id: 'ConnectionWithAuthority' }),
]);
type Given = z.output<typeof given>;

const DESCRIPTION =
  'postgresql://user:password@host:port/database?sslmode=... Special characters are percent-encoded. Or an object with it as url, and ca_certificate.';

/** The connection that is meant, or everything that is wrong with it. */
function read(
  said: Given,
  pointer: string,
): { readonly ok: true; readonly connection: Connection } | { readonly ok: false; readonly problems: Problem[] } {
  const { url, ca_certificate } = typeof said === 'string' ? { url: said, ca_certificate: undefined } : said;
  const parsed = parseConnection(url, typeof said === 'string' ? pointer : `${pointer}/url`);
  const trusted = ca_certificate === undefined ? undefined : readAuthorities(ca_certificate, new Date());
  const problems: Problem[] = parsed.ok ? [] : [...parsed.problems];
  if (trusted && !trusted.ok)
    problems.push({ code: 'ca_certificate_invalid', message: trusted.message, field: `${pointer}/ca_certificate` });
  if (!parsed.ok || (trusted && !trusted.ok)) return { ok: false, problems };
  return { ok: true, connection: { ...parsed.connection, ...(trusted?.ok && { authorities: trusted.pem }) } };
}

/** A connection string in, a Connection out; what is wrong with it becomes problems of the field. */
export const fieldOfConnection = (pointer: string, side?: Side) =>
  given.transform((said, context) => {
    const found = read(said, pointer);
    if (found.ok) return found.connection;
    refuse(
      context,
      undefined, // not the text: issues may be printed
      found.problems.map((p) => ({ ...p, ...(side && { side }) })),
    );
    return z.NEVER;
  });

export const connectionField = (side: Side) =>
  fieldOfConnection(`/${side}_connection`, side).meta({
    description: `The ${side}: ${DESCRIPTION}`,
    example: `postgresql://sync:secret@${side}.example:5432/assessor?sslmode=verify-full`,
  });

/** The connection of something that has one, whichever side it will be. */
export const ownConnectionField = (pointer: string, more: string) =>
  fieldOfConnection(pointer)
    .optional()
    .meta({ description: `${DESCRIPTION} ${more}` });

/** What this deployment's policy says of both connections. */
export const tlsProblems = (json: unknown, policy: TlsPolicy): Problem[] =>
  (['source', 'target'] as const).flatMap((side) => tlsProblem(json, { field: `${side}_connection`, side }, policy));

/** Only of a connection that can be read: what is wrong with another one is found elsewhere. */
export function tlsProblem(
  json: unknown,
  { field, side }: { readonly field: string; readonly side?: Side },
  policy: TlsPolicy,
): Problem[] {
  const said = z.looseObject({ [field]: given }).safeParse(json);
  if (!said.success) return [];
  const found = read(said.data[field] as Given, `/${field}`); // parsed as one
  const mode = found.ok && tlsMode(found.connection, policy, `/${field}`);
  return mode && !mode.ok ? [{ ...mode.problem, ...(side && { side }) }] : [];
}
