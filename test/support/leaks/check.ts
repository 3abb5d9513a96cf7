import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CANARIES, formsOf } from '../canaries.ts';
import type { Heard, Told } from './record.ts';

/** Where a service's life is written down. */
export interface Life {
  /** What `record` wrote. */
  readonly heardFile: string;
  readonly secretsFile: string;
  /** Everything that the service keeps. */
  readonly dataDir: string;
  /** What it printed. */
  readonly output: string;
  /** Bundles and template; 3.5 s, so one service looks there: they are the same for all. */
  readonly assembly?: string;
}

/** Files of a data folder that are there to hold secrets: the secret store, the issuer's key, the demo server's password. */
const KEEPS_SECRETS = /^(secrets\.json|issuer-key\.pem|token|postgres\/password)$/;
/** The server's own files are a database, and what it logs may name values; masked-refresh.test.ts looks into those of a target. */
const A_DATABASE = /^postgres\//;

/** Answers with a row's values for those who may see them (docs/roles.md); a viewer may not. */
const SHOWS_VALUES = /^\w+ \/api\/sync\/conflicts\/[^/?]+\/[^/?]+/;
const SEES_VALUES = /^(resolver|admin)$/;
/** A webhook's secret is shown once, to whoever makes it. */
const SHOWS_ITS_SECRET = /^(PUT|POST) \/api\/sync\/webhooks\//;

interface Wanted {
  readonly name: string;
  readonly needles: readonly string[];
  readonly allowed: (heard: Heard) => boolean;
}

/** A short or ordinary password is some word; only where it stands in a connection string is it one. */
const needlesOf = (secret: string) => (secret.length < 12 ? [`:${secret}@`] : formsOf(secret));

function wantedOf(told: readonly Told[]): readonly Wanted[] {
  const byValue = new Map(told.map((one) => [one.value, one]));
  return [
    ...[...byValue.values()].map(({ name, value }) => ({
      name,
      needles: needlesOf(value),
      allowed: (heard: Heard) =>
        heard.kind === 'answer' && /\/webhook\//.test(name) && SHOWS_ITS_SECRET.test(heard.name),
    })),
    {
      name: 'a value of a tagged column',
      needles: CANARIES,
      allowed: ({ kind, name, roles = [] }) =>
        kind === 'answer' && SHOWS_VALUES.test(name) && roles.some((role) => SEES_VALUES.test(role)),
    },
  ];
}

const linesOf = <T>(file: string): readonly T[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line.endsWith('}')) // a killed process may have been writing
        .map((line) => JSON.parse(line) as T)
    : [];

function filesIn(folder: string): readonly (readonly [string, string])[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.flatMap(({ parentPath, name }) => {
    const path = relative(folder, join(parentPath, name));
    if (KEEPS_SECRETS.test(path) || A_DATABASE.test(path)) return [];
    return [[path, readFileSync(join(parentPath, name), 'latin1')] as const];
  });
}

const NAMES: Readonly<Record<Heard['kind'], string>> = {
  answer: 'the answer to',
  call: 'the call',
  result: 'what came back from',
};

/**
 * Where a secret or a value of a tagged column is to be found that has no business there: in anything that ever left the
 * functions (not only in what is still there), in every file of the data folder but the secret store, and in what was printed.
 * Names the places, never what was found.
 */
export function leaksOf(life: Life): readonly string[] {
  const wanted = wantedOf(linesOf<Told>(life.secretsFile));
  const heard = linesOf<Heard>(life.heardFile);
  const texts: readonly (readonly [string, string])[] = [
    ['what the service printed', life.output],
    ...[life.dataDir, ...(life.assembly === undefined ? [] : [life.assembly])]
      .flatMap(filesIn)
      .map(([path, text]) => [`the file ${path}`, text] as const),
  ];
  const has = (text: string, { needles }: Wanted) => needles.some((needle) => text.includes(needle));
  const found = wanted.flatMap((one) => [
    ...heard
      .filter((h) => has(h.text, one) && !one.allowed(h))
      .map((h) => `${one.name}, in ${NAMES[h.kind]} ${h.name}`),
    ...texts.filter(([, text]) => has(text, one)).map(([place]) => `${one.name}, in ${place}`),
  ]);
  return [...new Set(found)];
}

/** Throws where something leaked; and, of a service that `ran`, where nothing was recorded: then nothing was looked at. */
export function checkLeaks(life: Life, { ran }: { readonly ran: boolean }): void {
  const heard = linesOf<Heard>(life.heardFile);
  if (ran && !heard.some(({ kind }) => kind === 'call'))
    throw new Error('The service called nothing: what left it was not recorded.');
  const leaks = leaksOf(life);
  if (leaks.length > 0) throw new Error(`Secrets were found where they must not be:\n${leaks.slice(0, 20).join('\n')}`);
}
