import { routes } from '../../../functions/api/routes/index.ts';
import { openapiDocument } from '../../../functions/api/routes/openapi.ts';
import { PLACES, REQUESTS } from './api-examples.ts';
import { code, fenced, jsonText, table } from './markdown.ts';
import { sampleOf } from './sample.ts';
import { defaultOf, type Field, fieldsOf, type Schema, valuesOf } from './schema.ts';

interface Answer {
  readonly description: string;
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
  readonly headers?: Readonly<Record<string, { readonly description: string }>>;
}

export interface Operation {
  readonly summary: string;
  readonly 'x-role'?: string;
  readonly parameters: readonly {
    readonly in: string;
    readonly name: string;
    readonly schema: Schema;
    readonly required?: boolean;
  }[];
  readonly requestBody?: { readonly required: boolean; readonly content: NonNullable<Answer['content']> };
  readonly responses: Readonly<Record<string, Answer>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const document = openapiDocument(routes, '') as unknown as Document; // what zod-openapi made, as JSON has it
export const { schemas } = document.components;

export const operationOf = (method: string, path: string): Operation =>
  document.paths[path]?.[method.toLowerCase()] as Operation; // of the same routes

const linkTo = (name: string) => `[${name}](#${name.toLowerCase()})`;
const values = (schema: Schema) => valuesOf(schema, linkTo);
const json = 'application/json';

/** Fields of the job's config are told on a page of their own. */
const told = ({ path }: Field) => !/(^|\.)config\./.test(path);

const fieldTable = (fields: readonly Field[]) =>
  table(
    ['field', 'values', 'default', 'meaning'],
    fields
      .filter(told)
      .map(({ path, required, schema }) => [
        `${code(path)}${required && schema.default === undefined ? '' : ' (optional)'}`,
        path.endsWith('config') ? '[config](configuration.md)' : values(schema),
        path.endsWith('config') ? '' : defaultOf(schema),
        schema.description ?? '',
      ]),
  );

/** The example of a request: a written one, else what the route needs and nothing else. Undefined where it takes no body. */
export function requestExample(method: string, path: string): unknown {
  const written = REQUESTS[`${method} ${path}`];
  if (written !== undefined) return written;
  const schema = operationOf(method, path).requestBody?.content[json]?.schema;
  if (!schema) return undefined;
  const sample = sampleOf(schema, schemas) as Record<string, unknown>; // bodies are objects
  const needs = (side: string) => `${side}_environment` in (whole(schema).properties ?? {});
  const side = (name: string) =>
    needs(name) ? { [`${name}_connection`]: sampleOf({ type: 'string' }, schemas, `${name}_connection`) } : {};
  return { ...side('source'), ...side('target'), ...sample };
}

/** The example of the answer with JSON: of what was made, where a route may also only look. */
export function answerExample(method: string, path: string): { status: number; body: unknown } | undefined {
  const answers = Object.entries(operationOf(method, path).responses).filter(([status]) => /^2/.test(status));
  const told = answers.filter(([, { content }]) => content?.[json]);
  const [status, answer] = told.find(([status]) => status === '201') ?? told[0] ?? [];
  const schema = answer?.content?.[json]?.schema;
  return schema && { status: Number(status), body: sampleOf(schema, schemas) };
}

const whole = (schema: Schema): Schema =>
  schema.$ref === undefined ? schema : (schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {});

function routePart({ method, path }: { readonly method: string; readonly path: string }): string {
  const operation = operationOf(method, path);
  const request = requestExample(method, path);
  const answer = answerExample(method, path);
  const body = operation.requestBody?.content[json]?.schema;
  const own = body && body.$ref === undefined ? fieldsOf(body) : [];
  const head = `${method} ${path}`;
  return [
    `### ${head}`,
    `${operation.summary}. Role: ${operation['x-role'] ?? 'none, it is open'}.`,
    operation.parameters.length > 0 &&
      table(
        ['parameter', 'in', 'values', 'default', 'meaning'],
        operation.parameters.map((p) => [
          `${code(p.name)}${p.required ? '' : ' (optional)'}`,
          p.in,
          values(p.schema),
          defaultOf(p.schema),
          p.schema.description ?? '',
        ]),
      ),
    body?.$ref !== undefined && `Body: ${values(body)}${operation.requestBody?.required ? '' : ' (optional)'}.`,
    own.length > 0 && `Body:\n\n${fieldTable(own)}`,
    request !== undefined &&
      fenced('http', `${method} ${PLACES[path] ?? path}\ncontent-type: ${json}\n\n${jsonText(request)}`),
    Object.entries(operation.responses)
      .filter(([status]) => !/XX$/.test(status))
      .map(([status, { description, content, headers }]) => {
        const schema = content?.[json]?.schema;
        const heads = Object.entries(headers ?? {}).map(([name, h]) => ` Header ${code(name)}: ${h.description}`);
        return `- ${status}: ${description}${schema ? ` ${values(schema)}.` : ''}${heads.join('')}`;
      })
      .join('\n'),
    answer && fenced('json', jsonText(answer.body)),
  ]
    .filter((part) => typeof part === 'string' && part !== '')
    .join('\n\n');
}

const schemaPart = ([name, schema]: [string, Schema]) =>
  [`### ${name}`, schema.description, fieldTable(fieldsOf(schema))].filter((part) => part).join('\n\n');

/** All routes, then the schemas that they name. */
export const apiPage = () =>
  [
    '## Routes',
    ...routes.map(routePart),
    '## Schemas',
    ...Object.entries(schemas)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(schemaPart),
  ].join('\n\n');
