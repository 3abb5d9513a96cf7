import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { ANSWER_HEADERS } from '../api/answer-headers.ts';
import { PROJECT_BASE, WEB_BASE } from './pages.ts';

type PathEvent = Pick<APIGatewayProxyEventV2, 'rawPath' | 'rawQueryString' | 'headers' | 'requestContext'>;

/** Names the address that was asked for, so that the pages show it as it was (web/address.ts). */
export const MISSING = 'missing';

/** A path below the pages that is none of them is no problem+json for a person: the pages say so, and lead on. */
export function wayToPages(event: PathEvent): APIGatewayProxyStructuredResultV2 | undefined {
  const { rawPath = '', rawQueryString = '', headers = {} } = event;
  if (event.requestContext?.http?.method !== 'GET' || !/\btext\/html\b/.test(headers.accept ?? '')) return undefined;
  if (rawPath !== PROJECT_BASE && !rawPath.startsWith(`${PROJECT_BASE}/`)) return undefined;
  const asked = `${rawPath}${rawQueryString === '' ? '' : `?${rawQueryString}`}`.slice(0, 1024);
  const location = `${WEB_BASE}?${new URLSearchParams({ [MISSING]: asked })}`;
  return { statusCode: 302, headers: { ...ANSWER_HEADERS, location } };
}
