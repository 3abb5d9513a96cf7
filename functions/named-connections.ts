import type { Connection, Side } from '../lib/model/connection.ts';
import { SyncError } from '../lib/model/errors.ts';
import { connectionOf, namedPair } from '../lib/orchestrator/named-pair.ts';
import type { ConnectionPair } from '../lib/ports.ts';
import type { SaidPair } from './api/pair-fields.ts';
import { environmentServices } from './environment-services.ts';
import type { CoreServices } from './runtime.ts';

/** Both connections of a call that only looks: what rules of environments allow is asked by those who write rows. */
export const connectionsOf = ({ pair, environments }: SaidPair, core: CoreServices): Promise<ConnectionPair> =>
  namedPair(pair, environments, environmentServices(core));

/** As many of them as were said. */
export async function sidesOf(
  { pair, environments = {} }: SaidPair,
  core: CoreServices,
): Promise<Partial<ConnectionPair>> {
  const ports = environmentServices(core);
  const of = async (side: Side): Promise<Connection | undefined> => {
    const name = environments[side];
    return name === undefined ? pair[side] : connectionOf(name, side, ports);
  };
  const [source, target] = await Promise.all([of('source'), of('target')]);
  return { ...(source && { source }), ...(target && { target }) };
}

/** The source alone, which the route has asked for. */
export async function sourceOf(said: SaidPair, core: CoreServices): Promise<Connection> {
  const { source } = await sidesOf(said, core);
  if (!source) throw new SyncError('internal', 'neither a connection nor an environment for the source');
  return source;
}
