import * as z from 'zod';
import type { ErrorCode, Problem } from '../../lib/model/errors.ts';
import { didYouMean } from './did-you-mean.ts';

type Path = readonly PropertyKey[];

/**
 * What is wrong with `value` under `schema`, as problems: unknown fields first, each field and code once. No message holds
 * a value that was sent; a field's name only where it looks like one.
 */
export function schemaProblems(schema: z.ZodType, value: unknown, issues: readonly z.core.$ZodIssue[]): Problem[] {
  const all = issues.flatMap((issue) => problems(schema, value, issue));
  const unique = [...new Map(all.map((p) => [`${p.code} ${p.field} ${p.message}`, p])).values()];
  return unique.sort((a, b) => Number(b.code === 'unknown_field') - Number(a.code === 'unknown_field'));
}

/** A problem that a schema's own check found; see `refuse`. */
const FOUND = 'problems';

/** For a schema's transform: adds problems to what is wrong with the value. */
export function refuse(context: { issues: z.core.$ZodRawIssue[] }, input: unknown, found: readonly Problem[]): void {
  context.issues.push({ code: 'custom', input, params: { [FOUND]: found } });
}

function problems(schema: z.ZodType, value: unknown, issue: z.core.$ZodIssue): Problem[] {
  if (issue.code === 'custom') return (issue.params?.[FOUND] as Problem[] | undefined) ?? [invalid(issue.path)]; // set by refuse
  const at = valueAt(value, issue.path);
  const expected = schemaAt(schema, issue.path, value);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => unknownField(issue.path, key, fieldsOf(expected), at));
  const option = likeliest(expected, at);
  const inside = option?.safeParse(at);
  if (!option || !inside || inside.success) return [fieldProblem(issue.path, expected, at)];
  const place = pointer(issue.path);
  return schemaProblems(option, at, inside.error.issues).map((p) => ({ ...p, field: `${place}${p.field ?? ''}` }));
}

/** Which object of a union is meant: the one that knows most of the fields that are given, where one knows most. */
function likeliest(schema: z.ZodType | undefined, value: unknown): z.ZodObject | undefined {
  if (!(schema instanceof z.ZodUnion) || schema instanceof z.ZodDiscriminatedUnion) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const given = Object.keys(value);
  const [best, next] = schema.options
    .map((o) => bare(o as z.ZodType)) // options are zod schemas of the classic kind here
    .filter((o) => o instanceof z.ZodObject)
    .map((option) => ({ option, known: given.filter((key) => Object.hasOwn(option.shape, key)).length }))
    .sort((a, b) => b.known - a.known);
  return best && best.known > (next?.known ?? 0) ? best.option : undefined;
}

/** The field's schema and value decide; which check of zod's stumbled first does not. */
function fieldProblem(path: Path, schema: z.ZodType | undefined, value: unknown): Problem {
  const say = (code: ErrorCode, message: string, hint?: string): Problem => ({
    code,
    message,
    field: pointer(path),
    ...(hint !== undefined && { hint }),
  });
  if (value === undefined) return say('required', `expected ${noun(schema)}, found nothing`);
  if (schema instanceof z.ZodEnum) {
    const words = schema.options.map(String);
    if (typeof value !== 'string') return say('type_string', `expected a string, found ${kind(value)}`);
    const near = didYouMean(value, words);
    return say('invalid_enum', `expected one of: ${words.join(', ')}`, near && `did you mean "${near}"?`);
  }
  if (schema instanceof z.ZodNumber) {
    const message = `expected ${noun(schema)}`;
    const { whole } = numberFacts(schema);
    if (typeof value !== 'number')
      return say(whole ? 'type_integer' : 'type_mismatch', `${message}, found ${kind(value)}`);
    if (whole && Number.isFinite(value) && !Number.isInteger(value))
      return say('type_integer', `${message}, found a fraction`);
    return say('out_of_range', message);
  }
  if (schema instanceof z.ZodString && typeof value !== 'string')
    return say('type_string', `expected a string, found ${kind(value)}`);
  if (
    schema instanceof z.ZodUnion &&
    isText(schema) &&
    (typeof value !== 'object' || value === null || Array.isArray(value))
  )
    return say('type_string', `expected a string, found ${kind(value)}`);
  if (schema instanceof z.ZodUnion) return say('invalid_request', `expected ${choices(schema)}`);
  if (schema instanceof z.ZodObject) return say('type_mismatch', `expected an object, found ${kind(value)}`);
  return invalid(path);
}

/** Text in the first place, and an object where there is more to say. */
const isText = ({ options }: z.ZodUnion) =>
  options.length === 2 && options[0] instanceof z.ZodString && options[1] instanceof z.ZodObject;

/** What a union takes: the fields of each of its objects, the words for the others. */
function choices(schema: z.ZodUnion): string {
  const options = schema.options.map((o) => {
    const option = bare(o as z.ZodType); // options are zod schemas of the classic kind here
    return option instanceof z.ZodObject ? `{${fieldsOf(option).join(', ')}}` : noun(option);
  });
  return [...new Set(options)].join(' or ');
}

function invalid(path: Path): Problem {
  return { code: 'invalid_request', message: 'is not as expected', field: pointer(path) };
}

function unknownField(path: Path, key: string, known: readonly string[], parent: unknown): Problem {
  // A name that does not look like one may be anything, a password too: it is not repeated.
  if (!/^[A-Za-z_][\w.-]{0,63}$/.test(key))
    return { code: 'unknown_field', message: 'a field has a name this API does not know', field: pointer(path) };
  const free = known.filter((name) => !(typeof parent === 'object' && parent !== null && Object.hasOwn(parent, name)));
  const near = didYouMean(key, free) ?? didYouMean(key, known);
  return {
    code: 'unknown_field',
    message: `this API does not know a field ${key} here`,
    field: pointer([...path, key]),
    hint: near ? `did you mean ${near}?` : `known here: ${known.join(', ')}`,
  };
}

/**
 * What a number's schema asks for, from its checks. Not by zod's getters (`isInt`, `minValue`): they need its JSON schema
 * code, which this bundle leaves out (infra/left-out.ts).
 */
function numberFacts(schema: z.ZodNumber): { readonly whole: boolean; readonly from?: number; readonly to?: number } {
  const checks = (schema.def.checks ?? []).map(
    (c) => c._zod.def as { readonly check: string; readonly value?: number },
  );
  const bound = (check: string) => checks.find((c) => c.check === check)?.value;
  const [from, to] = [bound('greater_than'), bound('less_than')];
  const { check } = schema.def as { readonly check?: string }; // of z.int() and its like
  return { whole: check === 'number_format', ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}

function noun(schema: z.ZodType | undefined): string {
  if (schema instanceof z.ZodNumber) {
    const { whole, from, to } = numberFacts(schema);
    const what = whole ? 'a whole number' : 'a number';
    return from === undefined || to === undefined ? what : `${what} from ${from} to ${to}`;
  }
  if (schema instanceof z.ZodObject) return 'an object';
  if (schema instanceof z.ZodEnum) return `one of: ${schema.options.join(', ')}`;
  return schema instanceof z.ZodString ? 'a string' : 'a value';
}

function kind(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  return `a ${typeof value}`;
}

function fieldsOf(schema: z.ZodType | undefined): readonly string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** What a union that goes by one field is for this value: the object that the field names, where it names one. */
function chosen(schema: z.ZodType, value: unknown): z.ZodType {
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return schema;
  const { discriminator } = schema.def;
  const named = valueAt(value, [discriminator]);
  return optionsOf(schema).find((o) => o.name === named)?.option ?? schema;
}

/** Its objects by the word that stands for each. */
function optionsOf({ def, options }: z.ZodDiscriminatedUnion) {
  return options.flatMap((option) => {
    const field = option instanceof z.ZodObject ? option.shape[def.discriminator] : undefined;
    return field instanceof z.ZodLiteral ? [{ name: field.def.values[0], option: option as z.ZodType }] : [];
  });
}

/** The schema of what is inside of a value, by its name or place. */
function inside(schema: z.ZodType | undefined, key: string): unknown {
  if (schema instanceof z.ZodRecord) return schema.valueType;
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodObject) return schema.shape[key];
  if (schema instanceof z.ZodDiscriminatedUnion && schema.def.discriminator === key)
    return z.enum(optionsOf(schema).map((o) => String(o.name)));
  return undefined;
}

function schemaAt(schema: z.ZodType, path: Path, value: unknown): z.ZodType | undefined {
  let found: z.ZodType | undefined = bare(schema);
  let at = value;
  for (const key of path) {
    const next = inside(found, String(key));
    at = valueAt(at, [key]);
    found = next instanceof z.ZodType ? chosen(bare(next), at) : undefined;
  }
  return found;
}

/** A schema without its defaults and optionality; of a pipe the end that says most. */
export function bare(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
    return bare(schema.unwrap() as z.ZodType); // typed as the core type, is the class
  if (schema instanceof z.ZodPipe) {
    const side = schema.in instanceof z.ZodTransform ? schema.out : schema.in;
    return bare(side as z.ZodType); // typed as the core type, is the class
  }
  return schema;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, key)
        ? (at as Record<PropertyKey, unknown>)[key]
        : undefined,
    value,
  );
}

/** RFC 6901. */
function pointer(path: Path): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
