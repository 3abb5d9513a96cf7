import type { FleetView } from '../../../lib/model/fleet-view.ts';
import { orderApi, pairPath } from '../../fleet/address.ts';
import { ACTION_WORDS, countsText, orderChip, pairsText } from '../../fleet/words.ts';
import { FollowedOrder, type Told } from '../followed-order.tsx';
import { When } from '../when.tsx';

interface OrderProps {
  readonly orderId: string;
  readonly onEnd: () => void;
  /** The page without it. */
  readonly hideHref: string;
}

/** How far an order over many pairs has come. */
export function PairsOrder({ orderId, ...rest }: OrderProps) {
  return (
    <FollowedOrder<FleetView>
      path={orderApi(orderId)}
      everyMs={2000}
      label="Pairs asked"
      cancel="cancelPairsOrder"
      tell={toldOf}
      {...rest}
    />
  );
}

function toldOf(order: FleetView): Told {
  const { action, count, done, skipped, failed, failures } = order;
  return {
    title: `${ACTION_WORDS[action]?.text ?? action} ${pairsText(count)}`,
    chip: orderChip(order),
    met: done + skipped + failed,
    of: count,
    counts: countsText(order),
    more: (
      <>
        <p class="fine">
          Given <When at={order.created_at} /> by {order.actor}
          {order.cancelled_by !== undefined && `, cancelled by ${order.cancelled_by}`}
          {order.note !== undefined && `: ${order.note}`}
        </p>
        {failures.length > 0 && (
          <details open>
            <summary>Which failed, and why{failed > failures.length && ` (the first ${failures.length})`}</summary>
            <ul>
              {failures.map(({ pair, code, message }) => (
                <li key={pair}>
                  <a href={pairPath(pair)}>{pair}</a>: {message} <code>{code}</code>
                </li>
              ))}
            </ul>
          </details>
        )}
      </>
    ),
  };
}
