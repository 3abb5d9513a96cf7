import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { pairCheck } from '../../../lib/model/pair-check.ts';
import { ROLES } from '../../../lib/model/roles.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { tlsProblems } from '../connection-field.ts';
import { pairFields, pairProblems, saidPair } from '../pair-fields.ts';
import { defineRoute } from '../route.ts';

const body = z.strictObject({ ...pairFields, config: jobConfigSchema.prefault({}) }).meta({
  id: 'CheckPairRequest',
  description:
    'Each side is a connection or the name of an environment; without both, only the service and the caller are told.',
});

export const checkPairRoute = defineRoute<z.output<typeof body>>({
  method: 'POST',
  path: '/api/sync/doctor',
  role: 'operator',
  runs: 'projects',
  summary:
    'Say whether a start would be accepted: the way to both databases, their room for connections, and what the roles lack, with the GRANTs',
  body,
  bodyOptional: true,
  responses: { 200: { description: 'What was found. Nothing was started, written or kept.', schema: pairCheck } },

  alsoCheck: (json, { settings }) => [...pairProblems(json, true), ...tlsProblems(json, settings.tlsPolicy)],

  handle: async ({ body, actor, roles }, { settings }, { checkPair }) => {
    const said = saidPair(body);
    const asked = said.environments || said.pair.source || said.pair.target;
    const found = asked
      ? await checkPair({ jobId: `doctor-${randomUUID()}`, ...said, config: body.config })
      : { problems: [], warnings: [] };
    return {
      status: 200,
      body: {
        version: settings.version,
        actor,
        roles: roles.filter((role) => ROLES.some((known) => known === role)),
        connection_budget: settings.connectionBudget,
        ...found,
      },
    };
  },
});
