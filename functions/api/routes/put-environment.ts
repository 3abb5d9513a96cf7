import * as z from 'zod';
import { COLOURS } from '../../../lib/model/environment.ts';
import { ownConnectionField, tlsProblem } from '../connection-field.ts';
import { ETAG, seenIn, tagOf } from '../entity-tag.ts';
import { environmentName } from '../environment-name.ts';
import { environmentView, viewOf } from '../environment-view.ts';
import { defineRoute } from '../route.ts';

const names = z.array(z.union([z.literal('*'), environmentName])).max(100);

const body = z
  .strictObject({
    connection: ownConnectionField(
      '/connection',
      'Tried before anything is changed; its password is never shown again. Without it an environment keeps the one that it has, with its authorities.',
    ),
    description: z.string().max(500).default(''),
    colour: z.enum(COLOURS).default('grey'),
    writable: z.boolean().default(false).meta({ description: 'Whether jobs may write to it at all.' }),
    protected: z
      .boolean()
      .default(false)
      .meta({ description: 'A job or schedule that writes to it needs the approval of a second person.' }),
    sends_to: names
      .default(['*'])
      .meta({ description: 'Environments into which its rows may go; * for any database.' }),
    receives_from: names
      .default(['*'])
      .meta({ description: 'Environments whose rows may come into it; * for those of any database.' }),
  })
  .meta({ id: 'PutEnvironment' });

const put = z
  .object({
    ...environmentView.shape,
    jobs: z.int().meta({ description: 'Jobs that go on with the new connection from their next connect on.' }),
  })
  .meta({ id: 'EnvironmentPut' });

export const putEnvironmentRoute = defineRoute<z.output<typeof body>>({
  method: 'PUT',
  path: '/api/sync/environments/{name}',
  role: 'admin',
  runs: 'environments',
  summary: 'Make an environment, or put another in its place; needs if-match where it is there',
  params: { name: environmentName },
  body,
  responses: {
    200: { description: 'It was changed.', schema: put, headers: ETAG },
    201: {
      description: 'It is new.',
      schema: put,
      headers: { location: 'It.', ...ETAG },
    },
  },

  alsoCheck: (json, { settings }) => tlsProblem(json, { field: 'connection' }, settings.tlsPolicy),

  handle: async ({ params, body, headers, actor }, _services, { putEnvironment }) => {
    const name = params.name ?? '';
    const { connection, ...said } = body;
    const kept = await putEnvironment({
      ...said,
      name,
      actor,
      seen: seenIn(headers),
      ...(connection && { connection }),
    });
    const { environment, created, jobs } = kept;
    return {
      status: created ? 201 : 200,
      headers: { etag: tagOf(environment), ...(created && { location: `/api/sync/environments/${name}` }) },
      body: { ...viewOf(environment), jobs },
    };
  },
});

export const deleteEnvironment = defineRoute({
  method: 'DELETE',
  path: '/api/sync/environments/{name}',
  role: 'admin',
  runs: 'environments',
  summary: 'Delete an environment and its credentials; needs if-match',
  params: { name: environmentName },
  responses: { 204: { description: 'Its name can no longer be used, and no rule of it holds any more.' } },

  handle: async ({ params, headers, actor }, _services, { removeEnvironment }) => {
    await removeEnvironment({ name: params.name ?? '', seen: seenIn(headers), actor });
    return { status: 204 };
  },
});
