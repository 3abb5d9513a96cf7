import * as z from 'zod';
import { pairDrop, pairName } from '../../../lib/model/pair.ts';
import { tlsProblems } from '../connection-field.ts';
import { pairFields, saidPair, someSideProblems } from '../pair-fields.ts';
import { defineRoute } from '../route.ts';

const body = z
  .strictObject({
    ...pairFields,
    pair: pairName.optional(),
    confirm: z.boolean().default(false).meta({
      description: 'Drop what a call without it shows; needs the name of the pair from that answer.',
    }),
  })
  .meta({
    id: 'DropPairRequest',
    description:
      'Both sides, each a connection or the name of an environment; or one, where the other database is gone or not reached, and the name of the pair.',
  });

/** Some side; and with `confirm` the name, so that what is dropped is what somebody has looked at. */
function missing(json: unknown) {
  const given = z.looseObject({}).safeParse(json).data ?? {};
  return [
    ...someSideProblems(json),
    ...(given.confirm === true && given.pair === undefined
      ? [{ code: 'required' as const, field: '/pair', message: 'expected the name of the pair that is to be dropped' }]
      : []),
  ];
}

export const dropPairRoute = defineRoute<z.output<typeof body>>({
  method: 'POST',
  path: '/api/sync/pairs/drop',
  role: 'admin',
  runs: 'pairs',
  summary:
    'Look at what a pair of databases keeps, and, with confirm, drop it: slot, publication, and what the target knows',
  body,
  responses: {
    200: { description: 'What there is, or was; `complete`: nothing of it is left.', schema: pairDrop },
  },

  alsoCheck: (json, { settings }) => [...tlsProblems(json, settings.tlsPolicy), ...missing(json)],

  handle: async ({ body, actor, requestId }, _services, { dropPair }) => {
    const { pair: name, confirm } = body;
    const request = { confirm, actor, requestId, said: saidPair(body) };
    return { status: 200, body: await dropPair({ ...request, ...(name !== undefined && { pair: name }) }) };
  },
});
