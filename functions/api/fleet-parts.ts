import type { SeenVersion } from '../../lib/model/entity-tag.ts';
import { SyncError } from '../../lib/model/errors.ts';
import type { KeptPair, PairFilter, PairLast } from '../../lib/model/fleet.ts';
import type { FleetOrder } from '../../lib/model/fleet-order.ts';
import type { PairPage } from '../../lib/orchestrator/find-pairs.ts';
import type { FleetRequest, previewFleet } from '../../lib/orchestrator/fleet-order.ts';
import type { PutPair } from '../../lib/orchestrator/keep-pairs.ts';
import type { FleetOrderStore, PairStore } from '../../lib/ports.ts';

/** What the routes of pairs and orders over them are answered by. */
export interface FleetParts {
  readonly pairs: Pick<PairStore, 'get'>;
  readonly orders: Pick<FleetOrderStore, 'get' | 'page' | 'list'>;
  find(filter: PairFilter, page: { readonly limit: number; readonly after?: string | undefined }): Promise<PairPage>;
  jobs(pair: KeptPair): Promise<readonly PairLast[]>;
  put(pair: PutPair): Promise<{ readonly pair: KeptPair; readonly created: boolean }>;
  remove(name: string, seen: SeenVersion): Promise<void>;
  preview(filter: PairFilter): ReturnType<typeof previewFleet>;
  order(request: FleetRequest): Promise<FleetOrder>;
  cancel(request: { readonly orderId: string; readonly actor: string }): Promise<FleetOrder>;
}

/** Throws where another function serves the route. */
export function fleetOf({ fleet }: { readonly fleet?: FleetParts }): FleetParts {
  if (!fleet) throw new SyncError('internal', 'this function does not serve such a command');
  return fleet;
}
