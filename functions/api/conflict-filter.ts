import * as z from 'zod';
import type { Problem } from '../../lib/model/errors.ts';

interface Age {
  readonly opened_from?: string | undefined;
  readonly opened_to?: string | undefined;
}

const INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?$/;

/** In UTC; undefined for what is no instant. A day counts from its beginning, a time without offset is in UTC. */
function utc(text: string): string | undefined {
  if (!INSTANT.test(text)) return undefined;
  const at = new Date(text.includes('T') && !/(Z|[+-]\d\d:\d\d)$/.test(text) ? `${text}Z` : text);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

/** What is wrong with an age, by JSON Pointer; `prefix` is `/` in a query. Looks only at what is text. */
export function ageProblems(given: unknown, prefix: string): readonly Problem[] {
  const { opened_from: from, opened_to: to } = z
    .looseObject({
      opened_from: z.string().optional().catch(undefined),
      opened_to: z.string().optional().catch(undefined),
    })
    .catch({})
    .parse(given) as Age;
  const bad = Object.entries({ opened_from: from, opened_to: to }).flatMap(([name, text]): Problem[] =>
    text === undefined || utc(text) !== undefined
      ? []
      : [{ code: 'range_invalid', message: 'expected an instant as ISO 8601', field: `${prefix}${name}` }],
  );
  if (bad.length > 0 || from === undefined || to === undefined) return bad;
  return (utc(from) ?? '') < (utc(to) ?? '')
    ? []
    : [{ code: 'range_invalid', message: 'opened_from must be before opened_to', field: `${prefix}opened_to` }];
}

/** The age of a filter in UTC, once it has been checked. */
export function ageOf({ opened_from, opened_to }: Age): { opened_from?: string; opened_to?: string } {
  const [from, to] = [opened_from && utc(opened_from), opened_to && utc(opened_to)];
  return { ...(from && { opened_from: from }), ...(to && { opened_to: to }) };
}
