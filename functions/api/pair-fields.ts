import * as z from 'zod';
import type { Side } from '../../lib/model/connection.ts';
import type { NamedSides } from '../../lib/model/environment.ts';
import type { Problem } from '../../lib/model/errors.ts';
import type { ConnectionPair } from '../../lib/ports.ts';
import { connectionField } from './connection-field.ts';
import { environmentName } from './environment-name.ts';

const SIDES = ['source', 'target'] as const;

const named = (side: Side) =>
  environmentName.optional().meta({
    description: `Name of an environment, in place of ${side}_connection.`,
    example: side === 'source' ? 'production' : 'training',
  });

/** Both sides of what is asked for: each a connection or the name of an environment. */
export const pairFields = {
  source_connection: connectionField('source').optional(),
  source_environment: named('source'),
  target_connection: connectionField('target').optional(),
  target_environment: named('target'),
};

type PairFields = z.output<z.ZodObject<typeof pairFields>>;

/** What was said of the two sides. */
export interface SaidPair {
  readonly pair: Partial<ConnectionPair>;
  readonly environments?: NamedSides;
}

export function saidPair(body: PairFields): SaidPair {
  const { source_connection: source, target_connection: target } = body;
  const { source_environment: from, target_environment: to } = body;
  const environments = { ...(from !== undefined && { source: from }), ...(to !== undefined && { target: to }) };
  return {
    pair: { ...(source && { source }), ...(target && { target }) },
    ...(Object.keys(environments).length > 0 && { environments }),
  };
}

/** The fields of a side that are given. */
function saidOf(json: unknown, side: Side): readonly string[] {
  const given = z.looseObject({}).safeParse(json).data ?? {};
  return [`${side}_connection`, `${side}_environment`].filter((field) => given[field] !== undefined);
}

/** A side may be said in one way. */
function twiceSaid(json: unknown, side: Side): Problem[] {
  if (saidOf(json, side).length < 2) return [];
  const message = `expected ${side}_connection or ${side}_environment, found both`;
  return [{ code: 'invalid_request', side, field: `/${side}_environment`, message }];
}

/** Where one side alone is asked for. */
export const sourceFields = {
  source_connection: pairFields.source_connection,
  source_environment: pairFields.source_environment,
};

export function sourceProblems(json: unknown): Problem[] {
  if (saidOf(json, 'source').length > 0) return twiceSaid(json, 'source');
  return [
    { code: 'required', side: 'source', field: '/source_connection', message: 'expected a string, found nothing' },
  ];
}

/** Where one side will do. */
export function someSideProblems(json: unknown): Problem[] {
  if (SIDES.some((side) => saidOf(json, side).length > 0)) return SIDES.flatMap((side) => twiceSaid(json, side));
  const message = 'expected a connection or an environment, found neither';
  return [{ code: 'required', field: '/source_connection', message }];
}

/** One of the two for each side; with `orNone`, or nothing at all. */
export function pairProblems(json: unknown, orNone = false): Problem[] {
  const said = (side: Side) => saidOf(json, side);
  if (orNone && SIDES.every((side) => said(side).length === 0)) return [];
  return SIDES.flatMap((side): Problem[] => {
    if (said(side).length === 0) {
      const message = orNone
        ? 'expected both sides, or none: then it keeps what it has'
        : 'expected a string, found nothing';
      return [{ code: 'required', side, field: `/${side}_connection`, message }];
    }
    return twiceSaid(json, side);
  });
}
