import type { Authority } from './authority.ts';
import type { ConnectionView, ServerIdentity, Side } from './connection.ts';
import type { Problem } from './errors.ts';

/** Colours by which people tell environments apart. */
export const COLOURS = ['red', 'orange', 'yellow', 'green', 'blue', 'purple', 'grey'] as const;
export type Colour = (typeof COLOURS)[number];

/** In place of names: every database, also one that is no environment. */
export const ANY = '*';

/** A named database, and what may be done with it. Its password is a secret elsewhere. */
export interface Environment {
  readonly name: string;
  readonly description: string;
  readonly colour: Colour;
  readonly connection: ConnectionView;
  /** By whom its server is verified; absent or empty: by those that the service knows. */
  readonly authorities?: readonly Authority[];
  /** Which database answered when the connection was put. */
  readonly identity: ServerIdentity;
  /** Whether jobs may write to it at all. */
  readonly writable: boolean;
  /** Whether a job or schedule that writes to it needs a second person. */
  readonly protected: boolean;
  /** Environments into which its rows may go; `*`: into any database. */
  readonly sends_to: readonly string[];
  /** Environments whose rows may come into it; `*`: those of any database. */
  readonly receives_from: readonly string[];
  readonly secret_ref: string;
  /** Who put it last. */
  readonly actor: string;
  readonly created_at: string;
  readonly updated_at: string;
  /** When its credentials were put last. */
  readonly connected_at: string;
  /** Raised by each PUT; a writer must know the one before. */
  readonly revision: number;
}

/** Names that a caller gave in place of connections. */
export type NamedSides = { readonly [S in Side]?: string };

/** What a job knows of one side: the environments that it is, and whether the caller named it. */
export interface SideEnvironments {
  readonly names: readonly string[];
  readonly asked: boolean;
}
export type JobEnvironments = { readonly [S in Side]?: SideEnvironments };

/** The start of a job or schedule, as far as environments matter. */
export type EnvironmentSides = { readonly [S in Side]: readonly Environment[] };

export const sameDatabase = (a: ServerIdentity, b: ServerIdentity): boolean =>
  a.system_identifier === b.system_identifier && a.database_oid === b.database_oid;

export const samePlace = (a: ConnectionView, b: ConnectionView): boolean =>
  a.host.toLowerCase() === b.host.toLowerCase() && a.port === b.port && a.database === b.database;

/**
 * The environments that a database is, however the caller came to it: those at its place; else those that say the same of
 * themselves, because another name of a host leads to the same database. A copy that was restored from a backup says what its
 * original says: until it is an environment of its own it counts as the original.
 */
export function environmentsAt(
  connection: ConnectionView,
  identity: ServerIdentity,
  all: readonly Environment[],
): readonly Environment[] {
  const here = all.filter((e) => samePlace(e.connection, connection));
  return here.length > 0 ? here : all.filter((e) => sameDatabase(e.identity, identity));
}

const opposite = (side: Side): Side => (side === 'source' ? 'target' : 'source');

/** Whether a list of names takes in all environments of an end. An end that is no environment is taken in by `*` alone. */
const takes = (list: readonly string[], end: readonly Environment[]) =>
  list.includes(ANY) || (end.length > 0 && end.every((e) => list.includes(e.name)));

const called = (end: readonly Environment[]) =>
  end.length > 0 ? end.map((e) => e.name).join(', ') : 'a database that is no environment';

function writingProblems(sides: EnvironmentSides, side: Side): Problem[] {
  const [into, from] = [sides[side], sides[opposite(side)]];
  const field = `/${side}_environment`;
  return [
    ...into
      .filter((e) => !e.writable)
      .map(
        (e): Problem => ({
          code: 'environment_read_only',
          side,
          field,
          object: e.name,
          message: `The ${side} is the environment ${e.name}, which may not be written to.`,
        }),
      ),
    ...into
      .filter((e) => !takes(e.receives_from, from))
      .map(
        (e): Problem => ({
          code: 'direction_not_allowed',
          side,
          field,
          object: e.name,
          message: `The environment ${e.name} does not receive rows from ${called(from)}.`,
        }),
      ),
    ...from
      .filter((e) => !takes(e.sends_to, into))
      .map(
        (e): Problem => ({
          code: 'direction_not_allowed',
          side: opposite(side),
          field: `/${opposite(side)}_environment`,
          object: e.name,
          message: `The environment ${e.name} does not send rows to ${called(into)}.`,
        }),
      ),
  ];
}

/** What of the environments speaks against a job that writes to these sides. */
export function directionProblems(sides: EnvironmentSides, writes: readonly Side[]): readonly Problem[] {
  return writes.flatMap((side) => writingProblems(sides, side));
}

/** The protected environments that a job would write to. */
export function protectedOnes(sides: EnvironmentSides, writes: readonly Side[]): readonly Environment[] {
  return writes.flatMap((side) => sides[side].filter((e) => e.protected));
}
