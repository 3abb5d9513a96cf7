import { code } from './markdown.ts';

/** What the pages read of a JSON Schema. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly propertyNames?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

/** Above this a bound is that of the number format, and says nothing. */
const LARGEST_TOLD = 1e15;

const nameOf = (ref: string) => ref.split('/').at(-1) ?? '';
const choices = (schema: Schema) => schema.anyOf ?? schema.oneOf;

/** In words what values a schema takes; `link` says where the fields of a named schema are told. */
export function valuesOf(schema: Schema, link: (name: string) => string = code): string {
  if (schema.$ref !== undefined) return link(nameOf(schema.$ref));
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum) return schema.enum.map((value) => code(String(value))).join(', ');
  const options = choices(schema);
  if (options) return options.map((option) => valuesOf(option, link)).join(' or ');
  if (schema.items) return `list of ${valuesOf(schema.items, link)}`;
  if (schema.type === 'object' || schema.properties) return objectWords(schema, link);
  const words = [schema.type, schema.format].flat().filter((word) => word !== undefined);
  return `${words.join(', ')}${bounds(schema)}` || 'any';
}

function objectWords(schema: Schema, link: (name: string) => string): string {
  const { additionalProperties: more, properties = {} } = schema;
  if (Object.keys(properties).length > 0) return 'object';
  return typeof more === 'object' ? `object: by name ${valuesOf(more, link)}` : 'object';
}

function bounds({ minimum, maximum, maxLength }: Schema): string {
  const told = (n: number | undefined) => (n !== undefined && Math.abs(n) < LARGEST_TOLD ? n : undefined);
  const [least, most] = [told(minimum), told(maximum)];
  if (least !== undefined && most !== undefined) return `, ${least} to ${most}`;
  if (least !== undefined) return `, ${least} or more`;
  return maxLength === undefined ? '' : `, at most ${maxLength} characters`;
}

export interface Field {
  readonly path: string;
  readonly required: boolean;
  readonly schema: Schema;
}

/** The fields of an object and of objects in it: `a`, `a.b`, `list[].c`, `map.*.d`. Named schemas are not entered. */
export function fieldsOf(schema: Schema, prefix = ''): readonly Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => {
    const path = `${prefix}${name}`;
    return [{ path, required: schema.required?.includes(name) ?? false, schema: inner }, ...inside(inner, path)];
  });
}

function inside(schema: Schema, path: string): readonly Field[] {
  if (schema.$ref !== undefined) return [];
  if (schema.properties) return fieldsOf(schema, `${path}.`);
  if (schema.items) return inside(schema.items, `${path}[]`);
  if (typeof schema.additionalProperties === 'object') return inside(schema.additionalProperties, `${path}.*`);
  return together((choices(schema) ?? []).map((option) => inside(option, path)));
}

/** Fields of several shapes as those of one: what one shape lacks is optional, and values of all are told. */
function together(shapes: readonly (readonly Field[])[]): readonly Field[] {
  const byPath = Map.groupBy(shapes.flat(), (field) => field.path);
  return [...byPath].map(([path, fields]) => {
    const distinct = [...new Map(fields.map(({ schema }) => [JSON.stringify(schema), schema])).values()];
    const required = fields.length === shapes.length && fields.every((field) => field.required);
    return { path, required, schema: distinct.length === 1 ? (distinct[0] as Schema) : { anyOf: distinct } };
  });
}

export const defaultOf = ({ default: value }: Schema) => (value === undefined ? '' : code(JSON.stringify(value)));
