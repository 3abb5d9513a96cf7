import * as z from 'zod';
import { type Problem, problemsError } from '../../lib/model/errors.ts';
import type { CoreServices } from '../runtime.ts';
import { type RawBody, readJsonObject } from './body.ts';
import type { Route } from './route.ts';
import { bare, schemaProblems } from './schema-problems.ts';

/** The body as the route's schema reads it. Throws every problem at once. */
export function parseBody(route: Route, raw: RawBody, services: CoreServices): unknown {
  if (!route.body) return undefined;
  const json = route.bodyOptional && !raw.body ? {} : readJsonObject(raw);
  return parse(route.body, json, route.alsoCheck?.(json, services) ?? []);
}

/** The query string as the route's schema reads it; a route without a schema takes no parameter. */
export function parseQuery(route: Route, queryString: string | undefined): unknown {
  const schema = route.query ?? noParameters;
  const fields: Readonly<Record<string, unknown>> = schema instanceof z.ZodObject ? schema.shape : {};
  const given: Record<string, unknown> = {};
  const twice: Problem[] = [];
  for (const [name, text] of new URLSearchParams(queryString ?? '')) {
    if (Object.hasOwn(given, name)) twice.push({ code: 'invalid_request', message: 'a parameter is given twice' });
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    const value = field instanceof z.ZodType && bare(field) instanceof z.ZodNumber ? wholeNumber(text) : text;
    // Not an assignment: __proto__ would vanish in it.
    Object.defineProperty(given, name, { value, enumerable: true, configurable: true });
  }
  return parse(schema, given, [...twice, ...(route.alsoCheckQuery?.(given) ?? [])]);
}

/** Text that is not a whole number stays text, for the schema to refuse. */
function wholeNumber(text: string): number | string {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}

const ID_HINTS: Readonly<Record<string, string>> = {
  job_id: 'Use the job_id as the start answered it.',
  conflict_id: 'Use the conflict_id as the list of conflicts has it.',
  resolution_id: 'Use the resolution_id as resolve-all answered it.',
  order_id: 'Use the order_id as the order was answered.',
  approval_id: 'Use the approval_id as the refused call, or the list of approvals, has it.',
  name: 'Use the name as the list has it: lower case letters, digits, - and _, 63 at most.',
};

/** The values in the path. Throws `id_format` for one that does not fit its schema. */
export function parseParams(route: Route, params: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const bad = Object.keys(params).filter((name) => !route.params?.[name]?.safeParse(params[name]).success);
  if (bad.length === 0) return params;
  throw problemsError(
    bad.map((name) => ({
      code: 'id_format',
      message: `${name} is not an id of this API`,
      field: `/${name}`,
      ...(ID_HINTS[name] !== undefined && { hint: ID_HINTS[name] }),
    })),
  );
}

const noParameters = z.strictObject({});

function parse(schema: z.ZodType, value: unknown, alsoFound: readonly Problem[]): unknown {
  const parsed = schema.safeParse(value);
  const problems = parsed.success ? [] : schemaProblems(schema, value, parsed.error.issues);
  if (parsed.success && alsoFound.length === 0) return parsed.data;
  throw problemsError([...problems, ...alsoFound]);
}
