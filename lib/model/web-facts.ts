import type { NotificationType } from './notification.ts';
import type { RouteRole } from './roles.ts';
import type { WebAction } from './web-actions.ts';

/** One field of a job's config, for a form. `json`: a list or an object, or either. */
export interface ConfigField {
  readonly name: string;
  readonly kind: 'word' | 'boolean' | 'integer' | 'number' | 'text' | 'json';
  readonly description: string;
  readonly default?: unknown;
  readonly words?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
}

export interface StrategyHelp {
  readonly name: string;
  readonly summary: string;
  /** What a job of each mode reads; without `incremental` it reads what a full one does. */
  readonly reads?: { readonly full: string; readonly incremental?: string };
  /** Fields of the config that it alone honours, with others that do. */
  readonly options?: readonly string[];
}

/** What the build knows of the API and puts into the pages. */
export interface WebFacts {
  readonly config: readonly ConfigField[];
  readonly detection: readonly StrategyHelp[];
  readonly conflict: readonly StrategyHelp[];
  /** What a webhook can be told of. */
  readonly notifications: readonly { readonly type: NotificationType; readonly meaning: string }[];
  /** The least role that each needs. */
  readonly needed: Readonly<Record<WebAction, RouteRole>>;
}
