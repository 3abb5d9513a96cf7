import { describe, expect, it } from 'vitest';
import { httpAnswer } from '../../../local/gateway/http-answer.ts';
import { type HttpCall, httpEvent } from '../../../local/gateway/http-event.ts';
import { type GatewayRoute, matchRoute } from '../../../local/gateway/routes.ts';

const call = (changes: Partial<HttpCall> = {}): HttpCall => ({
  method: 'POST',
  target: '/a%20b?x=1&y=2&x=3',
  headers: { host: 'localhost:5000', 'content-type': 'application/json', 'user-agent': 'test', cookie: 'a=1; b=2' },
  body: Buffer.from('{"n":1}'),
  sourceIp: '127.0.0.1',
  requestId: 'r1',
  at: new Date('2026-11-03T07:05:09Z'),
  ...changes,
});

describe('an event of payload format 2.0', () => {
  it('has the shape that API Gateway sends', () => {
    const authorizer = { jwt: { claims: { sub: 'u' }, scopes: null } };
    const event = httpEvent({
      call: call(),
      routeKey: 'POST /{name}',
      apiId: 'api',
      pathParameters: { name: 'a b' },
      authorizer,
    });

    expect(event).toEqual({
      version: '2.0',
      routeKey: 'POST /{name}',
      rawPath: '/a b',
      rawQueryString: 'x=1&y=2&x=3',
      cookies: ['a=1', 'b=2'],
      headers: {
        host: 'localhost:5000',
        'content-type': 'application/json',
        'user-agent': 'test',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'http',
      },
      queryStringParameters: { x: '1,3', y: '2' },
      pathParameters: { name: 'a b' },
      requestContext: {
        accountId: '000000000000',
        apiId: 'api',
        authorizer,
        domainName: 'localhost',
        domainPrefix: 'api',
        http: { method: 'POST', path: '/a b', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
        requestId: 'r1',
        routeKey: 'POST /{name}',
        stage: '$default',
        time: '03/Nov/2026:07:05:09 +0000',
        timeEpoch: Date.parse('2026-11-03T07:05:09Z'),
      },
      body: '{"n":1}',
      isBase64Encoded: false,
    });
  });

  it('leaves out what a plain GET does not have', () => {
    const event = httpEvent({
      call: call({ method: 'GET', target: '/', body: Buffer.alloc(0) }),
      routeKey: 'GET /',
      apiId: 'api',
      pathParameters: {},
    });

    expect(Object.keys(event as object)).toEqual(
      expect.not.arrayContaining(['body', 'queryStringParameters', 'pathParameters']),
    );
    expect(event).toMatchObject({ isBase64Encoded: false, rawQueryString: '' });
  });

  it('hands a body that is not text over in base64', () => {
    const binary = call({ headers: { 'content-type': 'application/octet-stream' }, body: Buffer.from([0, 255]) });

    expect(httpEvent({ call: binary, routeKey: 'x', apiId: 'api', pathParameters: {} })).toMatchObject({
      body: 'AP8=',
      isBase64Encoded: true,
    });
  });
});

describe('an answer of a function', () => {
  it.each([
    ['text', 'hi', 200, 'application/json', 'hi'],
    ['an object without statusCode', { a: 1 }, 200, 'application/json', '{"a":1}'],
    ['no content type', { statusCode: 201, body: 'x' }, 201, 'text/plain; charset=utf-8', 'x'],
    [
      'a base64 body',
      { statusCode: 200, headers: { 'Content-Type': 'a/b' }, body: 'AP8=', isBase64Encoded: true },
      200,
      'a/b',
      '\x00\uFFFD',
    ],
    [
      'a status that is none',
      { statusCode: 'abc', body: 'x' },
      500,
      'application/json',
      '{"message":"Internal Server Error"}',
    ],
  ])('with %s', (_name, result, status, type, body) => {
    const answer = httpAnswer(result);

    expect([answer.status, answer.headers['content-type'], answer.body.toString()]).toEqual([status, type, body]);
  });
});

describe('route matching', () => {
  const route = (routeKey: string): GatewayRoute => ({ routeKey, functionName: 'f', timeoutMs: 1, scopes: [] });
  const routes = ['GET /a/{id}', 'GET /a/list', 'ANY /a/{id}', 'GET /a/{id}/b', 'ANY /a/{rest+}'].map(route);

  it.each([
    ['GET', '/a/list', 'GET /a/list', {}],
    ['GET', '/a/7', 'GET /a/{id}', { id: '7' }],
    ['PUT', '/a/7', 'ANY /a/{id}', { id: '7' }],
    ['GET', '/a/7/b', 'GET /a/{id}/b', { id: '7' }],
    ['GET', '/a/7/c/d', 'ANY /a/{rest+}', { rest: '7/c/d' }],
  ])('%s %s is %s', (method, path, key, parameters) => {
    const found = matchRoute(routes, method, path);

    expect([found?.route.routeKey, found?.pathParameters]).toEqual([key, parameters]);
  });

  it('finds nothing for another path', () => {
    expect(matchRoute(routes, 'GET', '/b')).toBeUndefined();
    expect(matchRoute([route('GET /x/{id}')], 'GET', '/x/')).toBeUndefined();
  });
});
