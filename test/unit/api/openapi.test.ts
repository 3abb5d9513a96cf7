import { describe, expect, it } from 'vitest';
import { routes } from '../../../functions/api/routes/index.ts';
import { testApi } from './client.ts';

describe('GET /api/sync/openapi.json', () => {
  it('describes exactly the routes of the registry', async () => {
    const { json } = await testApi().call({ path: '/api/sync/openapi.json', groups: null });

    const listed = Object.entries<Record<string, unknown>>(json.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(listed.sort()).toEqual(routes.map((r) => `${r.method} ${r.path}`).sort());
    expect(json.openapi).toBe('3.1.0');
    expect(json.info).toMatchObject({ version: '1.2.3' });
  });

  it('gives each operation an id of its own, its parameters, its answers and problem+json', async () => {
    const { json } = await testApi().call({ path: '/api/sync/openapi.json' });
    const operations = Object.values<Record<string, never>>(json.paths).flatMap((m) => Object.values(m)) as never[];

    const ids = operations.map((o: { operationId: string }) => o.operationId);
    expect(new Set(ids).size).toBe(routes.length);
    for (const route of routes) {
      const operation = json.paths[route.path][route.method.toLowerCase()];
      const params = operation.parameters.filter((p: { in: string }) => p.in === 'path');
      expect(params.map((p: { name: string }) => `{${p.name}}`)).toEqual(route.path.match(/\{\w+\}/g) ?? []);
      expect(operation.responses['4XX'].content).toHaveProperty(['application/problem+json']);
      expect(operation.security).toEqual(route.role === 'open' ? [] : [{ bearer: [] }]);
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(Object.keys(route.responses)));
    }
  });

  it('takes bounds, defaults and words from the schemas that check requests', async () => {
    const { json } = await testApi().call({ path: '/api/sync/openapi.json' });
    const { StartRequest } = json.components.schemas;

    expect(StartRequest.additionalProperties).toBe(false);
    expect(StartRequest.properties.source_environment.description).toContain('in place of source_connection');
    expect(StartRequest.properties.source_connection.anyOf[0].type).toBe('string');
    expect(StartRequest.properties.config.properties.batch_size).toMatchObject({
      type: 'integer',
      minimum: 1,
      maximum: 10_000,
      default: 1000,
    });
    const limit = json.paths['/api/sync/jobs'].get.parameters.find((p: { name: string }) => p.name === 'limit');
    expect(limit.schema).toMatchObject({ type: 'integer', minimum: 1, maximum: 100, default: 20 });
  });

  it('has no reference that leads nowhere', async () => {
    const { json, text } = await testApi().call({ path: '/api/sync/openapi.json' });

    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map((m) => m[1] ?? '');
    expect(references.length).toBeGreaterThan(5);
    for (const name of references) expect(json.components.schemas).toHaveProperty(name);
  });
});
