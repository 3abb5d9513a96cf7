import { commandRoutes } from '../functions/api/routes/commands.ts';
import { routes } from '../functions/api/routes/index.ts';
import { openapiDocument } from '../functions/api/routes/openapi.ts';
import { detectionStrategies } from '../lib/change-detector/registry.ts';
import { conflictStrategies } from '../lib/conflict-resolver/registry.ts';
import { NOTIFICATION_MEANINGS, SUBSCRIBABLE } from '../lib/model/notification.ts';
import type { RouteRole } from '../lib/model/roles.ts';
import { WEB_ACTIONS, type WebAction } from '../lib/model/web-actions.ts';
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

/** Of the same registry as docs/roles.md. Throws where an action names no route. */
function neededRoles(): Readonly<Record<WebAction, RouteRole>> {
  const roles = new Map<string, RouteRole>(routes.map(({ method, path, role }) => [`${method} ${path}`, role]));
  const needed = Object.entries(WEB_ACTIONS).map(([action, route]) => {
    const role = roles.get(route);
    if (role === undefined) throw new Error(`${action}: there is no route ${route}`);
    return [action, role];
  });
  return Object.fromEntries(needed);
}

/**
 * What the pages say of a job's config: the words, bounds and defaults of the schema that checks requests, and what the
 * strategies say of themselves; and what role each action needs. Put into the browser's files when they are built, so that nothing is written twice.
 */
export const webFacts = (): WebFacts => ({
  config: configFields(),
  detection: detection(),
  conflict: conflictStrategies.map(({ name, summary }) => ({ name, summary })),
  notifications: SUBSCRIBABLE.map((type) => ({ type, meaning: NOTIFICATION_MEANINGS[type].replaceAll('`', '') })),
  needed: neededRoles(),
});
