import { SyncError } from '../../../lib/model/errors.ts';
import type { FleetOrder, FleetPage } from '../../../lib/model/fleet-order.ts';
import { ITEMS_PER_PAGE } from '../../../lib/model/fleet-order.ts';
import type { FleetList, FleetOrderStore, OpenOrder } from '../../../lib/ports.ts';
import { calling } from '../errors.ts';
import { QueryCommand } from './document.ts';
import { registryItems } from './registry-items.ts';
import { getAll, type Table } from './table.ts';

const LISTED = 'fleet_listed';

const pageName = (page: number) => `page#${String(page).padStart(5, '0')}`;

/**
 * Orders over many pairs, in the registry:
 *
 *     kind                   name        further
 *     fleet_order            <order_id>  the order
 *     fleet_page#<order_id>#<list>  page#00012  its pairs, and what became of each
 *     fleet_listed           <created_at>#<order_id>  says that there may be an order of this id
 *     fleet_open             <order_id>  there until the order has ended
 */
export function dynamoFleetOrderStore(table: Table): FleetOrderStore {
  const orders = registryItems<FleetOrder>(table, 'fleet_order');
  const open = registryItems<Omit<OpenOrder, 'order_id'>>(table, 'fleet_open');
  const listed = registryItems<{ readonly revision: number }>(table, LISTED);
  const pages = ({ order_id, list }: FleetList) => registryItems<FleetPage>(table, `fleet_page#${order_id}#${list}`);
  return {
    async create(order, items) {
      for (let page = 0; page < order.pages; page++) {
        const here = items.slice(page * ITEMS_PER_PAGE, (page + 1) * ITEMS_PER_PAGE);
        // false: a call before has died and left the same page, because lists of other pairs are named otherwise
        await pages(order).put(pageName(page), { items: here, at: order.created_at, revision: 1 });
      }
      await open.put(order.order_id, { revision: 1 });
      await listed.put(`${order.created_at}#${order.order_id}`, { revision: 1 });
      if (await orders.put(order.order_id, order)) return order;
      const faster = await orders.get(order.order_id);
      if (!faster) throw new SyncError('unavailable', 'the order could not be stored');
      return faster;
    },
    get: (id) => orders.get(id),
    async advance(order) {
      if (!(await orders.put(order.order_id, order))) return false;
      if (order.state === 'working') return true;
      const noted = await open.get(order.order_id);
      if (noted) await open.remove(order.order_id, noted.revision); // one that was noted anew goes at the next look
      return true;
    },
    page: async (of, page) => (await pages(of).get(pageName(page))) ?? { items: [], at: '', revision: 0 },
    putPage: (of, page, content) => pages(of).put(pageName(page), content),
    list: (limit) => calling('registry table', () => newest(table, limit)),
    open: async () => (await open.entries()).map(([order_id, noted]) => ({ order_id, ...noted })),
    async resent({ order_id, revision }, at) {
      await open.put(order_id, { sent_at: at, revision: revision + 1 });
    },
  };
}

/** As many orders as there are names for them, the newest first; a call that died has left a name and no order. */
async function newest(table: Table, limit: number): Promise<readonly FleetOrder[]> {
  const { Items = [] } = await table.client().send(
    new QueryCommand({
      TableName: table.name(),
      KeyConditionExpression: '#kind = :kind',
      ExpressionAttributeNames: { '#kind': 'kind' },
      ExpressionAttributeValues: { ':kind': LISTED },
      ConsistentRead: true,
      ScanIndexForward: false,
      Limit: limit,
    }),
  );
  const ids = new Set(Items.map(({ name }) => String(name).slice(String(name).indexOf('#') + 1)));
  const keys = [...ids].map((name) => ({ kind: 'fleet_order', name }));
  const found = (await getAll(table, keys)).map(({ item }) => JSON.parse(String(item)) as FleetOrder); // create wrote it
  return found.sort((a, b) => (a.created_at < b.created_at ? 1 : -1));
}
