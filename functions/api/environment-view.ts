import * as z from 'zod';
import { COLOURS, type Environment } from '../../lib/model/environment.ts';
import type { EnvironmentReport, SideReport } from '../../lib/orchestrator/test-environment.ts';

export const environmentView = z
  .object({
    name: z.string(),
    description: z.string(),
    colour: z.enum(COLOURS),
    writable: z.boolean(),
    protected: z.boolean(),
    sends_to: z.array(z.string()),
    receives_from: z.array(z.string()),
    host: z.string(),
    port: z.int(),
    database: z.string(),
    user: z.string(),
    version: z.string().meta({ description: 'PostgreSQL version, when the connection was put.' }),
    authorities: z
      .array(z.object({ subject: z.string(), fingerprint: z.string(), valid_to: z.iso.datetime() }))
      .meta({ description: 'By whom its server is verified; empty: by those that the service knows.' }),
    connected_at: z.iso.datetime().meta({ description: 'When its credentials were put last.' }),
    actor: z.string().meta({ description: 'Who put it last.' }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Environment', description: 'No secret of it is ever shown.' });

const versionOf = (num: number) => `${Math.floor(num / 10_000)}.${num % 10_000}`;

export function viewOf({ connection, identity, secret_ref: _s, revision: _r, ...rest }: Environment) {
  const { host, port, database, user } = connection;
  const lists = {
    sends_to: [...rest.sends_to],
    receives_from: [...rest.receives_from],
    authorities: [...(rest.authorities ?? [])], // older ones have none
  };
  return { ...rest, ...lists, host, port, database, user, version: versionOf(identity.version_num) };
}

const item = z.object({
  code: z.string(),
  message: z.string(),
  side: z.enum(['source', 'target']).optional(),
  object: z.string().optional(),
  field: z.string().optional(),
  hint: z.string().optional(),
});

const sideReport = z
  .object({
    problems: z.array(item).meta({ description: 'Everything in the way, each with what to do.' }),
    grants: z.array(z.string()).meta({ description: 'The statements that grant what is missing, each once.' }),
  })
  .meta({ id: 'EnvironmentSide' });

export const testedView = z
  .object({
    name: z.string(),
    version: z.string().meta({ description: 'PostgreSQL version, now.' }),
    role: z.string().meta({ description: 'As which the service is signed in.' }),
    same_database: z.boolean().meta({ description: 'The database that answered when the environment was put.' }),
    tables: z.int().meta({ description: 'Tables that were looked at.' }),
    as_source: sideReport,
    as_target: sideReport,
    optional: sideReport.meta({ description: 'Of use for detection_strategy timestamp and triggers suppress alone.' }),
  })
  .meta({ id: 'EnvironmentTested' });

const side = ({ problems, grants }: SideReport) => ({ problems: problems.map((p) => ({ ...p })), grants: [...grants] });

export const testedOf = ({ version_num, as_source, as_target, optional, ...rest }: EnvironmentReport) => ({
  ...rest,
  version: versionOf(version_num),
  as_source: side(as_source),
  as_target: side(as_target),
  optional: side(optional),
});
