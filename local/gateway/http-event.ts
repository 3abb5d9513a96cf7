import type { IncomingHttpHeaders } from 'node:http';
import type { Json, JsonObject } from '../json.ts';

export interface HttpCall {
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly sourceIp: string;
  readonly requestId: string;
  readonly at: Date;
}

export interface RoutedCall {
  readonly call: HttpCall;
  readonly routeKey: string;
  readonly apiId: string;
  readonly pathParameters: Readonly<Record<string, string>>;
  /** Claims as the JWT authorizer passes them on; absent on an open route. */
  readonly authorizer?: JsonObject;
}

/** Content types whose body API Gateway hands over as text; everything else comes in base64. */
const TEXTUAL = /^(text\/|application\/(json|javascript|xml|x-www-form-urlencoded|.*\+(json|xml)))/;

/** The decoded path, or undefined where its percent-encoding is broken. */
export function decodedPath(target: string): string | undefined {
  try {
    return decodeURIComponent(target.split('?')[0] ?? '/');
  } catch {
    return undefined;
  }
}

/** The event of payload format 2.0, as API Gateway shapes it for a Lambda integration. */
export function httpEvent({ call, routeKey, apiId, pathParameters, authorizer }: RoutedCall): Json {
  const { cookie, ...others } = call.headers;
  const headers = Object.fromEntries(
    Object.entries(others).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : (value ?? '')]),
  );
  const rawPath = decodedPath(call.target) ?? '/';
  const rawQueryString = call.target.includes('?') ? call.target.slice(call.target.indexOf('?') + 1) : '';
  const query = joinedQuery(rawQueryString);
  const isText = TEXTUAL.test(headers['content-type'] ?? 'text/plain');
  const host = headers.host ?? '';
  return {
    version: '2.0',
    routeKey,
    rawPath,
    rawQueryString,
    ...(cookie === undefined ? {} : { cookies: cookie.split(/;\s*/) }),
    headers: { ...headers, 'x-forwarded-for': call.sourceIp, 'x-forwarded-proto': 'http' },
    ...(Object.keys(query).length === 0 ? {} : { queryStringParameters: query }),
    ...(Object.keys(pathParameters).length === 0 ? {} : { pathParameters }),
    requestContext: {
      accountId: '000000000000',
      apiId,
      ...(authorizer === undefined ? {} : { authorizer }),
      domainName: host.split(':')[0] ?? '',
      domainPrefix: apiId,
      http: {
        method: call.method,
        path: rawPath,
        protocol: 'HTTP/1.1',
        sourceIp: call.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: call.requestId,
      routeKey,
      stage: '$default',
      time: logTime(call.at),
      timeEpoch: call.at.getTime(),
    },
    ...(call.body.length === 0 ? {} : { body: call.body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: call.body.length > 0 && !isText,
  };
}

/** Values of a repeated name are joined by commas, in order. */
function joinedQuery(raw: string): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(raw)) {
    joined[name] = joined[name] === undefined ? value : `${joined[name]},${value}`;
  }
  return joined;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `23/Nov/2026:07:05:09 +0000` */
function logTime(at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${two(at.getUTCDate())}/${MONTHS[at.getUTCMonth()]}/${at.getUTCFullYear()}`;
  return `${day}:${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000`;
}
