import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import * as z from 'zod';
import { configSchema } from '../lib/model/config.ts';
import { CommandError, EXIT } from './exit.ts';
import { harmless } from './format.ts';

interface Property {
  readonly type?: string;
  readonly default?: unknown;
  readonly description?: string;
  readonly enum?: readonly string[];
}

// The service knows the strategies; here only the defaults are known, so their flags take any word.
const DEFAULTS = { detectionStrategies: ['hash'], conflictStrategies: ['source_wins'], rule: z.unknown() };

function properties(): [string, Property][] {
  const { properties } = z.toJSONSchema(configSchema(DEFAULTS), { io: 'input' });
  return Object.entries(properties as Record<string, Property>); // configSchema is an object with properties
}

/** Adds a flag for each simple field of a job's config (`batch_size` -> `--batch-size`), and `--config`. */
export function addConfigOptions(command: Command): Command {
  command.addOption(new Option('--config <json>', 'config as JSON, or @file; flags add to it').helpGroup('Config:'));
  for (const [name, property] of properties()) {
    const kind = property.type ?? '';
    if (kind === 'boolean') {
      command.addOption(new Option(flag(name), `${property.description}`).helpGroup('Config:'));
      continue;
    }
    if (!['integer', 'number', 'string'].includes(kind)) continue;
    const words = property.enum && property.enum.length > 1 ? property.enum : undefined;
    const preset = property.default === undefined ? '' : ` Default ${property.default}.`;
    const about = `${property.description}${preset}`;
    const option = new Option(`${flag(name)} <${kind === 'string' ? 'name' : 'n'}>`, about);
    if (words) option.choices(words);
    if (kind !== 'string') option.argParser(toNumber);
    command.addOption(option.helpGroup('Config:'));
  }
  return command;
}

/** What the user asked for and nothing else: the service fills in the defaults. Flags win over `--config`. */
export function readConfig(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const config = options.config === undefined ? {} : parseConfig(String(options.config));
  for (const [name] of properties()) {
    const value = options[new Option(flag(name)).attributeName()];
    if (value !== undefined) config[name] = value;
  }
  return config;
}

function parseConfig(given: string): Record<string, unknown> {
  const text = given.startsWith('@') ? readText(given.slice(1)) : given;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CommandError(`--config is not JSON: ${harmless((error as SyntaxError).message)}`, EXIT.refused, {
      cause: error,
    });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new CommandError('--config needs a JSON object, or @ and the name of a file that holds one.', EXIT.refused);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(`--config: cannot read ${file} (${code}).`, EXIT.refused, { cause: error });
  }
}

function flag(name: string): string {
  return `--${name.replaceAll('_', '-')}`;
}

function toNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}
