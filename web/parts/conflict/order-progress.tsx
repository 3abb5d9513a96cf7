import { useEffect } from 'preact/hooks';
import type { ResolutionView } from '../../../lib/model/conflict-answers.ts';
import { number } from '../../../lib/model/figures.ts';
import { useCommand } from '../../command.ts';
import { conflictPath, conflictsApi } from '../../conflict-address.ts';
import { ORDER_WORDS } from '../../conflict-words.ts';
import { useLive } from '../../ui.ts';
import { Action } from '../action.tsx';
import { ProblemNote } from '../problem.tsx';
import { Chip } from '../state.tsx';

interface OrderProps {
  readonly jobId: string;
  readonly orderId: string;
  /** It has ended: the list is another one now. */
  readonly onEnd: () => void;
}

/** How far an order to decide many conflicts has come. */
export function OrderProgress({ jobId, orderId, onEnd }: OrderProps) {
  const path = `${conflictsApi(jobId)}/resolutions/${encodeURIComponent(orderId)}`;
  const live = useLive<ResolutionView>(path, { everyMs: 1000, isLast: ({ ended_at }) => ended_at !== undefined });
  const { busy, problem, ask } = useCommand();
  const { body: order, problem: unread } = live.state.value;
  const ended = order?.ended_at !== undefined;
  useEffect(() => {
    if (ended) onEnd();
  }, [ended]);
  const cancel = async () => {
    await ask('cancel', `${path}/cancel`, { method: 'POST', body: {} });
    live.refresh();
  };
  if (!order) return unread ? <ProblemNote problem={unread} /> : null;
  const { applied, stale, already_resolved, failed } = order.counts;
  const met = applied + stale + already_resolved + failed;
  const words = ORDER_WORDS[order.state];

  return (
    <section class="order" aria-labelledby="order-title">
      <div class="heading">
        <h2 id="order-title">Order to decide {number(order.expected_count)}</h2>
        <Chip tone={words?.tone ?? 'waiting'} text={words?.text ?? order.state} title={words?.meaning ?? ''} />
        {!ended && (
          <div class="actions">
            <Action to="cancelOrder" class="danger" disabled={busy.value !== undefined} onClick={() => void cancel()}>
              Cancel the order
            </Action>
          </div>
        )}
      </div>
      <progress value={met} max={Math.max(1, order.expected_count)} aria-label="Conflicts met" />
      <p role="status">
        {number(applied)} decided
        {stale > 0 && `, ${number(stale)} left open because a side moved`}
        {already_resolved > 0 && `, ${number(already_resolved)} had been decided or agree by now`}
        {failed > 0 && `, ${number(failed)} could not be decided so`}
        {order.waits && `; it waits: ${order.waits.code}`}
      </p>
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
      {problem.value && <ProblemNote problem={problem.value} />}
    </section>
  );
}
