import * as z from 'zod';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { code, table } from './markdown.ts';
import { defaultOf, fieldsOf, type Schema, valuesOf } from './schema.ts';

const schema = z.toJSONSchema(jobConfigSchema, { io: 'input' }) as unknown as Schema; // the part of it that pages read
const top = Object.entries(schema.properties ?? {});

/** One row a field. */
export const configTable = () =>
  table(
    ['field', 'values', 'default', 'meaning'],
    top.map(([name, field]) => [code(name), valuesOf(field), defaultOf(field) || '(none)', field.description ?? '']),
  );

/** What is inside of fields that are objects: a table each. */
export const configInside = () =>
  top
    .map(([name, field]) => [name, fieldsOf({ properties: { [name]: field } }).slice(1)] as const)
    .filter(([, inner]) => inner.length > 0)
    .map(
      ([name, inner]) =>
        `### Inside ${name}\n\n${table(
          ['field', 'values', 'default', 'meaning'],
          inner.map(({ path, required, schema: field }) => [
            `${code(path)}${required && field.default === undefined ? '' : ' (optional)'}`,
            valuesOf(field),
            defaultOf(field),
            field.description ?? '',
          ]),
        )}`,
    )
    .join('\n\n');
