import { commandRoutes } from '../functions/api/routes/commands.ts';
import { openapiDocument } from '../functions/api/routes/openapi.ts';
import { detectionStrategies } from '../lib/change-detector/registry.ts';
import { conflictStrategies } from '../lib/conflict-resolver/registry.ts';
import type { ConfigField, StrategyHelp, WebFacts } from '../lib/model/web-facts.ts';

/** A field of the config as the API describes it. */
interface Described {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

interface StartDescribed {
  readonly properties: { readonly config: { readonly properties: Readonly<Record<string, Described>> } };
}

function configFields(): readonly ConfigField[] {
  const document = openapiDocument(commandRoutes, '');
  const schemas = document.components?.schemas as unknown as Record<string, StartDescribed> | undefined; // our own route's
  const described = Object.entries(schemas?.StartRequest?.properties.config.properties ?? {});
  return described.map(([name, field]) => ({
    name,
    kind: kindOf(field),
    description: field.description ?? '',
    ...(field.default !== undefined && { default: field.default }),
    ...(field.enum && { words: field.enum }),
    ...(field.minimum !== undefined && { minimum: field.minimum }),
    ...(field.maximum !== undefined && { maximum: field.maximum }),
  }));
}

function kindOf({ type, enum: words }: Described): ConfigField['kind'] {
  if (words) return 'word';
  if (type === 'boolean' || type === 'integer' || type === 'number') return type;
  return type === 'string' ? 'text' : 'json';
}

const detection = (): readonly StrategyHelp[] =>
  detectionStrategies.map(({ name, summary, full, incremental, options }) => ({
    name,
    summary,
    reads: { full: full.reads, ...(incremental && { incremental: incremental.reads }) },
    options,
  }));

/**
 * What the pages say of a job's config: the words, bounds and defaults of the schema that checks requests, and what the
 * strategies say of themselves. Put into the browser's files when they are built, so that nothing is written twice.
 */
export const webFacts = (): WebFacts => ({
  config: configFields(),
  detection: detection(),
  conflict: conflictStrategies.map(({ name, summary }) => ({ name, summary })),
});
