import type { ConfigField } from '../../lib/model/web-facts.ts';

export interface ConfigRow {
  readonly name: string;
  readonly value: string;
  /** It has its default. */
  readonly usual: boolean;
  readonly description: string;
}

const spelled = (value: unknown): string =>
  value === undefined ? '–' : typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value);

/** Every field of a job's config, those that were given first. Fields that this build does not know are shown too. */
export function configRows(
  config: Readonly<Record<string, unknown>>,
  fields: readonly ConfigField[],
): readonly ConfigRow[] {
  const known = fields.map((field): ConfigRow => {
    const value = config[field.name];
    const usual = value === undefined || JSON.stringify(value) === JSON.stringify(field.default);
    return { name: field.name, value: spelled(value), usual, description: field.description };
  });
  const others = Object.keys(config)
    .filter((name) => !fields.some((field) => field.name === name))
    .map((name): ConfigRow => ({ name, value: spelled(config[name]), usual: false, description: '' }));
  const all = [...known, ...others];
  return [...all.filter(({ usual }) => !usual), ...all.filter(({ usual }) => usual)];
}
