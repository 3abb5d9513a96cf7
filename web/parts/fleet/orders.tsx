import type { FleetView } from '../../../lib/model/fleet-view.ts';
import { ordersApi } from '../../fleet/address.ts';
import { ACTION_WORDS, countsText, orderChip, pairsText } from '../../fleet/words.ts';
import { useLive } from '../../ui.ts';
import { PageStates } from '../page-states.tsx';
import { Chip } from '../state.tsx';
import { When } from '../when.tsx';

const EVERY_MS = 10_000;

/** The newest orders over many pairs. */
export function RecentOrders({ hrefOf }: { readonly hrefOf: (orderId: string) => string }) {
  const { state } = useLive<{ readonly orders: readonly FleetView[] }>(ordersApi, { everyMs: EVERY_MS });
  const { body } = state.value;
  return (
    <>
      <PageStates state={state.value} what="the orders" />
      {body && body.orders.length === 0 && <p class="fine">Nothing has been ordered yet.</p>}
      {body && body.orders.length > 0 && (
        <div class="scroll">
          <table class="cards">
            <caption class="only-read">Orders over many pairs, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Order</th>
                <th scope="col">State</th>
                <th scope="col">What became of the pairs</th>
                <th scope="col">Given</th>
                <th scope="col">By</th>
              </tr>
            </thead>
            <tbody>
              {body.orders.map((order) => (
                <tr key={order.order_id}>
                  <th scope="row">
                    <a href={hrefOf(order.order_id)} title={order.order_id}>
                      {ACTION_WORDS[order.action]?.text ?? order.action} {pairsText(order.count)}
                    </a>
                    {order.note !== undefined && <span class="fine line">{order.note}</span>}
                  </th>
                  <td>
                    <Chip {...orderChip(order)} />
                  </td>
                  <td>{countsText(order)}</td>
                  <td class="short" data-label="Given">
                    <When at={order.created_at} />
                  </td>
                  <td data-label="By">{order.actor}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
