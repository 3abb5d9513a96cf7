import type { Schema } from './schema.ts';

const JOB = '0b5e1d3c-6a0f-4a57-9d0e-2f8c8f6f3c11';
const WHEN = '2026-11-23T02:00:00.000Z';

/** Values of fields whose schema does not tell what they look like. */
const BY_NAME: Readonly<Record<string, unknown>> = {
  source_connection: 'postgresql://sync_source:secret@db1.example:5432/county?sslmode=verify-full',
  target_connection: 'postgresql://sync_target:secret@db2.example:5432/county_training?sslmode=verify-full',
  connection: 'postgresql://sync_target:secret@db2.example:5432/county_training?sslmode=verify-full',
  host: 'db1.example',
  port: 5432,
  database: 'county',
  user: 'sync_source',
  version: '18.4',
  table: 'public.parcels',
  tables: ['public.parcels'],
  job_id: JOB,
  status_url: `/api/sync/status/${JOB}`,
  conflict_id: 'd41d8cd98f00b204e9800998ecf8427e',
  name: 'nightly',
  expression: 'cron(0 2 * * ? *)',
  url: 'https://hooks.example.org/terrafusion',
  etag: '"3"',
  actor: 'operator',
  hint: 'What to do.',
  message: 'What happened.',
  description: 'What people learn with',
  sends_to: ['*'],
  receives_from: ['production'],
  column: 'land_value',
  reason: 'Why.',
  reference: 'public.owners',
};

/**
 * A value that a schema takes: what it must have, and of a list one. The same each time. Names in `BY_NAME` count where the
 * type is theirs; `components` are the named schemas.
 */
export function sampleOf(
  schema: Schema,
  components: Readonly<Record<string, Schema>>,
  name = '',
  seen: readonly string[] = [],
): unknown {
  if (schema.$ref !== undefined) {
    const id = schema.$ref.split('/').at(-1) ?? '';
    const whole = components[id];
    if (!whole || seen.includes(id)) return {};
    return sampleOf(whole, components, name, [...seen, id]);
  }
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return sampleOf(options[0] ?? {}, components, name, seen);
  const type = [schema.type].flat()[0] ?? (schema.properties ? 'object' : undefined);
  if (type === 'object') return objectSample(schema, components, seen);
  const ofWords = schema.items?.$ref === undefined && schema.items?.type !== 'object';
  if (type === 'array' && ofWords && Array.isArray(BY_NAME[name])) return BY_NAME[name];
  if (type === 'array') return schema.items ? [sampleOf(schema.items, components, name.replace(/s$/, ''), seen)] : [];
  const own = BY_NAME[name];
  if (own !== undefined && typeof own === (type === 'integer' ? 'number' : type)) return own;
  return plainSample(schema, type);
}

function objectSample(schema: Schema, components: Readonly<Record<string, Schema>>, seen: readonly string[]) {
  const { properties = {}, required = [] } = schema;
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([name, inner]) => required.includes(name) && inner.default === undefined)
      .map(([name, inner]) => [name, sampleOf(inner, components, name, seen)]),
  );
}

function plainSample({ format, pattern, minimum = 0, default: given }: Schema, type: string | undefined): unknown {
  if (given !== undefined) return given;
  if (type === 'boolean') return true;
  if (type === 'integer' || type === 'number') return Math.max(minimum, 1);
  if (type === 'null') return null;
  if (format === 'uuid') return JOB;
  if (format === 'date-time') return WHEN;
  const prefixed = /^\^(\w*)\[0-9a-f\]\{32\}\$$/.exec(pattern ?? '');
  if (prefixed) return `${prefixed[1]}${BY_NAME.conflict_id}`;
  return type === 'string' ? 'text' : {};
}
