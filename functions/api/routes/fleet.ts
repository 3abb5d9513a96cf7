import type { Route } from '../route.ts';
import { cancelFleetOrder, listFleetOrders, orderFleet, showFleetOrder } from './fleet-orders.ts';
import { deletePair, listPairs, putPair, showPair } from './keep-pairs.ts';

/** Routes of the `fleet` function: one line each. */
export const fleetRoutes: readonly Route[] = [
  listPairs,
  showPair,
  putPair,
  deletePair,
  orderFleet,
  listFleetOrders,
  showFleetOrder,
  cancelFleetOrder,
];
