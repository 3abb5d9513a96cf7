import * as z from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { problemBody } from '../problem.ts';
import { defineRoute, type Route } from '../route.ts';

/** The route that describes all routes; `declared` is asked when it is called. */
export function openapiRoute(declared: () => readonly Route[]): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/sync/openapi.json',
    role: 'open',
    runs: 'openapi',
    summary: 'This API as OpenAPI 3.1',
    responses: { 200: { description: 'An OpenAPI 3.1 document.', schema: z.looseObject({ openapi: z.string() }) } },
    handle: async (_request, { settings }) => ({
      status: 200,
      body: openapiDocument(declared(), settings.version),
    }),
  }) as Route; // it takes neither body nor query
}

/** The OpenAPI document of some routes, from the schemas that also check the requests. */
export function openapiDocument(routes: readonly Route[], version: string) {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route) };
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'TerraFusion Sync',
      version,
      description:
        'Keeps PostgreSQL databases in step. Errors are application/problem+json with a stable code; 401 and 429 may also come from the gateway in its own shape.',
    },
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  });
}

function operation(route: Route): ZodOpenApiOperationObject {
  const problem = (description: string) => ({
    description,
    content: { 'application/problem+json': { schema: problemBody } },
  });
  const query = route.query instanceof z.ZodObject ? route.query : undefined;
  return {
    operationId: operationId(route),
    summary: route.summary,
    ...(route.role === 'open' ? { security: [] } : { security: [{ bearer: [] }], 'x-role': route.role }),
    requestParams: {
      ...(route.params && { path: z.object(route.params) }),
      ...(query && { query }),
    },
    ...(route.body && {
      requestBody: { required: !route.bodyOptional, content: { 'application/json': { schema: route.body } } },
    }),
    responses: {
      ...Object.fromEntries(Object.entries(route.responses).map(([status, answer]) => [status, success(answer)])),
      '4XX': problem('The request is refused; code says why.'),
      '5XX': problem('The service failed; code says how.'),
    },
  };
}

function success({ description, schema, media = [], headers }: Route['responses'][number]) {
  const text = media.map((type) => [type, { schema: { type: 'string' as const } }] as const);
  return {
    description,
    ...((schema || media.length > 0) && {
      content: { ...(schema && { 'application/json': { schema } }), ...Object.fromEntries(text) },
    }),
    ...(headers && {
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, what]) => [
          name,
          { description: what, schema: { type: 'string' as const } },
        ]),
      ),
    }),
  };
}

/** `GET /api/sync/status/{job_id}` is `getSyncStatusByJobId`. */
function operationId({ method, path }: Route): string {
  const words = path
    .replace(/^\/api\//, '')
    .split(/[/_.-]/)
    .filter(Boolean);
  const name = words.map((w) => (w.startsWith('{') ? `By_${w.slice(1)}` : w).replace('}', ''));
  return (
    method.toLowerCase() +
    name
      .flatMap((w) => w.split('_'))
      .map((w) => w.charAt(0).toUpperCase() + w.slice(1))
      .join('')
  );
}
