import { createPrivateKey, type KeyObject, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeProtectedHeader, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes } from '../../functions/api/routes/index.ts';
import { mayCall, ROLES, type Role } from '../../lib/model/roles.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import { type Answer, type E2eService, startBody, startService } from './support.ts';

// Every route of the registry, asked by every kind of caller through the gateway, as docs/roles.md says.

type Group = Role | 'nobody';
const GROUPS: readonly Group[] = [...ROLES, 'nobody'];

let service: E2eService;
let pair: TestPair;
let key: KeyObject;
let kid: string;
const tokens = new Map<Group, string>();
/** What the parameters of paths are, of things that are there. */
let own: Readonly<Record<string, string>>;

const now = () => Math.floor(Date.now() / 1000);
const claims = (group: Group, over: JWTPayload = {}): JWTPayload => ({
  sub: `someone-${group}`,
  'cognito:groups': [group],
  iss: `${service.places().controlUrl}/issuer`,
  aud: 'terrafusion-local',
  iat: now(),
  exp: now() + 600,
  ...over,
});
const sign = (payload: JWTPayload) => new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid }).sign(key);

beforeAll(async () => {
  service = await startService();
  pair = await createPair();
  key = createPrivateKey(readFileSync(join(service.dataDir, 'issuer-key.pem'), 'utf8'));
  kid = decodeProtectedHeader(service.token).kid ?? '';
  for (const group of GROUPS) tokens.set(group, await sign(claims(group)));
  for (const { client } of [pair.source, pair.target]) await client.query('create table t (id int primary key)');
  const job = await service.startFull(pair);
  await service.waitForEnd(job);
  await put('/api/sync/mappings/county', { mapping: {} });
  await put('/api/sync/schedules/county', { ...startBody(pair), expression: 'rate(1 day)' });
  own = { job_id: job, name: 'county', version: '1', table_name: 'public.t' };
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await pair[Symbol.asyncDispose]();
});

async function put(path: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const answer = await service.call(path, { method: 'PUT', headers, body: JSON.stringify(body) });
  if (answer.status >= 300) throw new Error(`PUT ${path} answered ${answer.status}: ${answer.text}`);
}

type Called = (typeof routes)[number];

/** The path with ids of things that are there, or of things that nobody knows. */
function pathOf(route: Called, which: 'own' | 'unknown'): string {
  return route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const known = which === 'own' ? own[name] : undefined;
    return known ?? (name === 'name' ? 'nothing-like-it' : name === 'version' ? '9999' : randomUUID());
  });
}

/** A body that no route takes: who is let in is answered about it, and nothing is done. */
async function ask(route: Called, which: 'own' | 'unknown', token: string): Promise<Answer> {
  const changes = route.method === 'POST' || route.method === 'PUT';
  return service.call(pathOf(route, which), {
    method: route.method,
    token,
    ...(changes && { headers: { 'content-type': 'application/json' }, body: '{"no_such_field": 1}' }),
  });
}

/** Few at a time: each function runs as one process here. */
async function askAll<T>(asks: readonly (() => Promise<T>)[]): Promise<T[]> {
  const answers: T[] = [];
  for (let i = 0; i < asks.length; i += 8) answers.push(...(await Promise.all(asks.slice(i, i + 8).map((a) => a()))));
  return answers;
}

const named = ({ method, path }: Called) => `${method} ${path}`;

describe.each(['own', 'unknown'] as const)('with %s ids', (which) => {
  test('each route lets in those whom its role lets in, and tells the others which it is', async () => {
    // what deletes comes last, so that the others meet what they name
    const order = [...routes].sort((a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'));
    const cells = order.flatMap((route) => GROUPS.map((group) => ({ route, group })));

    const found = await askAll(
      cells.map(({ route, group }) => async () => {
        const { status, body, type } = await ask(route, which, tokens.get(group) ?? '');
        const refused = status === 401 || (status === 403 && body?.code === 'forbidden');
        return [
          `${group}: ${named(route)}`,
          refused ? { status, type, needed: body.facts?.needed_role } : status < 500 ? 'let in' : status,
        ];
      }),
    );

    const expected = cells.map(({ route, group }) => [
      `${group}: ${named(route)}`,
      mayCall(route.role, [group]) ? 'let in' : { status: 403, type: 'application/problem+json', needed: route.role },
    ]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
  });
});

test('who is refused is not told whether the thing is there', async () => {
  const withIds = routes.filter((r) => r.path.includes('{') && !mayCall(r.role, []));

  const told = async (route: Called, which: 'own' | 'unknown') => {
    const { status, body } = await ask(route, which, tokens.get('nobody') ?? '');
    const { request_id: _r, instance: _i, ...rest } = body;
    return { route: named(route), status, ...rest };
  };

  expect(withIds.length).toBeGreaterThan(10);
  expect(await askAll(withIds.map((r) => () => told(r, 'own')))).toEqual(
    await askAll(withIds.map((r) => () => told(r, 'unknown'))),
  );
});

const unfit: readonly { readonly name: string; readonly token: () => Promise<string> | string }[] = [
  { name: 'no token', token: () => '' },
  { name: 'an expired one', token: () => sign(claims('admin', { iat: now() - 7200, exp: now() - 3600 })) },
  { name: 'one of another issuer', token: () => sign(claims('admin', { iss: 'https://evil.example/issuer' })) },
  { name: 'one for another audience', token: () => sign(claims('admin', { aud: 'another-service' })) },
];

test.each(unfit)('with $name no route but the open ones answers', async ({ token }) => {
  const given = await token();

  const found = await askAll(
    routes.map((route) => async () => [named(route), (await ask(route, 'own', given)).status] as const),
  );

  const wrong = found.filter(([, status], i) => (routes[i]?.role === 'open') === (status === 401));
  expect(wrong).toEqual([]);
  expect(found.filter(([, status]) => status === 401).length).toBeGreaterThan(20);
});
