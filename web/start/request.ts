import type { JobMode } from '../../lib/model/job.ts';
import type { ConfigField } from '../../lib/model/web-facts.ts';

/** One side as somebody gives it. `connection` may hold a password: it goes to the service and nowhere else. */
export interface SideForm {
  readonly kind: 'environment' | 'connection';
  readonly environment: string;
  readonly connection: string;
}

export interface StartForm {
  readonly source: SideForm;
  readonly target: SideForm;
  readonly mode: JobMode;
  /** What was typed, by field of the config; a field that is absent or '' has its default. */
  readonly options: Readonly<Record<string, string>>;
  /** Of the config, made by the picker of tables; absent: all. */
  readonly tables?: { readonly include: readonly string[] } | { readonly exclude: readonly string[] };
}

export const SIDES = ['source', 'target'] as const;
export type SideName = (typeof SIDES)[number];

export const noSide: SideForm = { kind: 'environment', environment: '', connection: '' };

/** The fields of a request that name both sides. A side of which nothing is given is left out: the service says so. */
export function pairBody({ source, target }: Pick<StartForm, 'source' | 'target'>): Record<string, string> {
  const of = (side: SideName, { kind, environment, connection }: SideForm) => {
    const text = kind === 'environment' ? environment : connection.trim();
    return text === '' ? {} : { [`${side}_${kind}`]: text };
  };
  return { ...of('source', source), ...of('target', target) };
}

/** A value that was typed, as its field takes it. What is no number is sent as it is: the service says what it expected. */
function typed(field: ConfigField, text: string): unknown {
  if (field.kind === 'boolean') return text === 'true';
  if (field.kind === 'integer' || field.kind === 'number') {
    const value = Number(text);
    return Number.isFinite(value) ? value : text;
  }
  return field.kind === 'json' ? JSON.parse(text) : text;
}

export interface ConfigOf {
  /** What differs from the defaults. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Fields that hold no JSON. */
  readonly unreadable: readonly string[];
}

/** The config that a form asks for, without defaults. */
export function configOf(
  { options, tables }: Pick<StartForm, 'options' | 'tables'>,
  fields: readonly ConfigField[],
): ConfigOf {
  const config: Record<string, unknown> = {};
  const unreadable: string[] = [];
  for (const field of fields) {
    const text = (options[field.name] ?? '').trim();
    if (text === '') continue;
    try {
      const value = typed(field, text);
      if (JSON.stringify(value) !== JSON.stringify(field.default)) config[field.name] = value;
    } catch {
      unreadable.push(field.name);
    }
  }
  return { config: { ...config, ...(tables && { tables }) }, unreadable };
}

/** What of a config differs from the defaults. Fields that this build does not know do. */
export const changedIn = (
  config: Readonly<Record<string, unknown>>,
  fields: readonly ConfigField[],
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(config).filter(([name, value]) => {
      const usual = fields.find((field) => field.name === name)?.default;
      return JSON.stringify(value) !== JSON.stringify(usual);
    }),
  );

/** A config as it would be typed into the form: what differs from the defaults. `tables` has a picker of its own. */
export function optionsOf(
  config: Readonly<Record<string, unknown>>,
  fields: readonly ConfigField[],
): Record<string, string> {
  const texts = fields.flatMap(({ name, kind, default: usual }): [string, string][] => {
    const value = config[name];
    if (value === undefined || name === 'tables' || JSON.stringify(value) === JSON.stringify(usual)) return [];
    return [[name, kind === 'json' ? JSON.stringify(value, null, 2) : String(value)]];
  });
  return Object.fromEntries(texts);
}
