import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { WebAction } from '../../lib/model/web-actions.ts';
import { useCommand } from '../command.ts';
import { useLive } from '../ui.ts';
import { Action } from './action.tsx';
import { ProblemNote } from './problem.tsx';
import { Chip, type ChipProps } from './state.tsx';

/** What is said of an order. */
export interface Told {
  readonly title: string;
  readonly chip: ChipProps;
  /** So many of what it is about have been met. */
  readonly met: number;
  readonly of: number;
  /** In a sentence. */
  readonly counts: ComponentChildren;
  /** What else there is to say. */
  readonly more: ComponentChildren;
}

interface OrderProps<Order> {
  /** Of the order in the API. */
  readonly path: string;
  readonly everyMs: number;
  /** What is met, such as `Conflicts met`. */
  readonly label: string;
  readonly cancel: WebAction;
  readonly tell: (order: Order) => Told;
  /** It has ended: what it was about is another now. */
  readonly onEnd: () => void;
  /** The page without it. */
  readonly hideHref: string;
}

/** How far an order to do many alike has come. */
export function FollowedOrder<Order extends { readonly ended_at?: string | undefined }>(props: OrderProps<Order>) {
  const { path, everyMs, label, cancel, tell, onEnd, hideHref } = props;
  const live = useLive<Order>(path, { everyMs, isLast: ({ ended_at }) => ended_at !== undefined });
  const { busy, problem, ask } = useCommand();
  const { body: order, problem: unread } = live.state.value;
  const ended = order?.ended_at !== undefined;
  useEffect(() => {
    if (ended) onEnd();
  }, [ended]);
  const end = async () => {
    await ask('cancel', `${path}/cancel`, { method: 'POST', body: {} });
    live.refresh();
  };
  if (!order) return unread ? <ProblemNote problem={unread} /> : null;
  const { title, chip, met, of, counts, more } = tell(order);

  return (
    <section class="order" aria-labelledby="order-title">
      <div class="heading">
        <h2 id="order-title">{title}</h2>
        <Chip {...chip} />
        <div class="actions">
          {ended ? (
            <a href={hideHref}>Hide it</a>
          ) : (
            <Action to={cancel} class="danger" disabled={busy.value !== undefined} onClick={() => void end()}>
              Cancel the order
            </Action>
          )}
        </div>
      </div>
      <progress value={met} max={Math.max(1, of)} aria-label={label} />
      <p role="status">{counts}</p>
      {more}
      {unread && <ProblemNote problem={unread} />}
      {problem.value && <ProblemNote problem={problem.value} />}
    </section>
  );
}
