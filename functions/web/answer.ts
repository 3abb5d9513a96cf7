import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { SyncError } from '../../lib/model/errors.ts';
import { ANSWER_HEADERS } from '../api/answer-headers.ts';
import { matchRoute } from '../api/match.ts';
import { problemOf } from '../api/problem.ts';
import type { WebFile, WebFiles } from './files.ts';
import { pages, WEB_BASE } from './pages.ts';
import type { SignInSettings } from './sign-in.ts';

export type PageEvent = Pick<APIGatewayProxyEventV2, 'rawPath' | 'headers' | 'requestContext'>;

/**
 * What the document may load and do: its own files, the API beside it and the identity provider, and no script that is
 * written into it. Text can become no markup, whatever a script tries.
 */
const documentPolicy = (origins: readonly string[]): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:", // arrows and ticks in Pico's style sheet
    ["connect-src 'self'", ...origins].join(' '),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');

/** Answers a call of a page or of a file that a page loads. The document is asked for each time, files never again. */
export function answerPage(
  event: PageEvent,
  files: () => WebFiles,
  signIn: () => SignInSettings,
): APIGatewayProxyStructuredResultV2 {
  try {
    const { route, params } = matchRoute(pages, event.requestContext.http.method, event.rawPath);
    if (route.answers === 'redirect') return { statusCode: 302, headers: { ...ANSWER_HEADERS, location: WEB_BASE } };
    if (route.answers === 'config') {
      const headers = { ...ANSWER_HEADERS, 'cache-control': 'no-cache', 'content-type': 'application/json' };
      return { statusCode: 200, headers, body: JSON.stringify(signIn().config) };
    }
    const name = route.answers === 'document' ? 'index.html' : (params.file ?? '');
    const file = files().get(name);
    if (!file || (route.answers === 'file' && name === 'index.html'))
      throw new SyncError('route_not_found', 'there is no such file');
    return send(file, event.headers['accept-encoding'], {
      ...ANSWER_HEADERS,
      ...(route.answers === 'document'
        ? {
            'cache-control': 'no-cache',
            'content-security-policy': documentPolicy(signIn().origins),
            ...DOCUMENT_HEADERS,
          }
        : { 'cache-control': 'public, max-age=31536000, immutable' }),
    });
  } catch (error) {
    const problem = problemOf(error, { path: event.rawPath.slice(0, 512), requestId: event.requestContext.requestId });
    if (problem.status >= 500) console.error(error);
    return {
      statusCode: problem.status,
      headers: { ...ANSWER_HEADERS, 'content-type': 'application/problem+json' },
      body: JSON.stringify(problem),
    };
  }
}

const DOCUMENT_HEADERS = {
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
} as const;

function send(file: WebFile, acceptEncoding: string | undefined, headers: Readonly<Record<string, string>>) {
  const brotli = /\bbr\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(acceptEncoding ?? '');
  const body = brotli ? file.brotli : file.plain;
  return {
    statusCode: 200,
    headers: {
      ...headers,
      'content-type': file.type,
      vary: 'accept-encoding',
      ...(brotli && { 'content-encoding': 'br' }),
    },
    body: body.toString('base64'),
    isBase64Encoded: true,
  };
}
