import type { ResolutionView } from '../../../lib/model/conflict-answers.ts';
import { number } from '../../../lib/model/figures.ts';
import { conflictPath, conflictsApi, conflictsPath, type ListQuery } from '../../conflict-address.ts';
import { ORDER_WORDS } from '../../conflict-words.ts';
import { FollowedOrder, type Told } from '../followed-order.tsx';

interface OrderProps {
  readonly jobId: string;
  readonly orderId: string;
  /** Of the list. */
  readonly query: ListQuery;
  /** It has ended: the list is another one now. */
  readonly onEnd: () => void;
}

/** How far an order to decide many conflicts has come. */
export function OrderProgress({ jobId, orderId, query, onEnd }: OrderProps) {
  return (
    <FollowedOrder<ResolutionView>
      path={`${conflictsApi(jobId)}/resolutions/${encodeURIComponent(orderId)}`}
      everyMs={1000}
      label="Conflicts met"
      cancel="cancelOrder"
      tell={(order) => toldOf(order, jobId)}
      onEnd={onEnd}
      hideHref={conflictsPath(jobId, { ...query, order: undefined })}
    />
  );
}

function toldOf(order: ResolutionView, jobId: string): Told {
  const { applied, stale, already_resolved, failed } = order.counts;
  const words = ORDER_WORDS[order.state];
  return {
    title: `Order to decide ${number(order.expected_count)}`,
    chip: { tone: words?.tone ?? 'waiting', text: words?.text ?? order.state, title: words?.meaning ?? '' },
    met: applied + stale + already_resolved + failed,
    of: order.expected_count,
    counts: (
      <>
        {number(applied)} decided
        {stale > 0 && `, ${number(stale)} left open because a side moved`}
        {already_resolved > 0 && `, ${number(already_resolved)} had been decided or agree by now`}
        {failed > 0 && `, ${number(failed)} could not be decided so`}
        {order.waits && `; it waits: ${order.waits.code}`}
      </>
    ),
    more: (
      <>
        {order.failure && (
          <p class="note bad">
            {order.failure.message} <code>{order.failure.code}</code>
          </p>
        )}
        {order.failures.length > 0 && (
          <details>
            <summary>Which stayed open, and why</summary>
            <ul>
              {order.failures.map(({ conflict_id, code }) => (
                <li key={conflict_id}>
                  <a href={conflictPath(jobId, conflict_id)}>{conflict_id.slice(0, 8)}</a> <code>{code}</code>
                </li>
              ))}
            </ul>
          </details>
        )}
      </>
    ),
  };
}
