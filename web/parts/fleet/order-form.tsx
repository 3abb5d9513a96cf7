import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { PairFilter } from '../../../lib/model/fleet.ts';
import type { FleetPreview, FleetStarted } from '../../../lib/model/fleet-view.ts';
import { noteIn, useCommand } from '../../command.ts';
import { ordersApi } from '../../fleet/address.ts';
import { orderCommands } from '../../fleet/commands.ts';
import { type OrderDraft, previewBody, usualOrder } from '../../fleet/order-draft.ts';
import { whichText } from '../../fleet/words.ts';
import { useRequestKey } from '../../request-key.ts';
import { Action, Needs } from '../action.tsx';
import { Commands } from '../commands.tsx';
import { NoteField } from '../fields.tsx';
import { ProblemNote } from '../problem.tsx';
import { OrderFields } from './order-fields.tsx';
import { type Counted, OrderQuestion } from './order-question.tsx';

interface OrderFormProps {
  /** On what opens it. */
  readonly summary: string;
  readonly filter: PairFilter;
  readonly onOrdered: (orderId: string) => void;
}

/** Does something with many pairs: what, then how many those are, then the order. */
export function OrderForm({ summary, filter, onOrdered }: OrderFormProps) {
  const draft = useSignal<OrderDraft>(usualOrder());
  const note = useSignal('');
  const counted = useSignal<Counted | undefined>(undefined);
  const { busy, problem, ask } = useCommand();
  const key = useRequestKey();
  useEffect(() => {
    counted.value = undefined; // it was of other pairs
    problem.value = undefined;
  }, [JSON.stringify(filter)]);

  const count = async (before?: number) => {
    counted.value = undefined;
    const body = previewBody(draft.peek(), filter);
    const answer = await ask<FleetPreview>('count', ordersApi, { method: 'POST', body });
    if (answer?.kind === 'ok') counted.value = { ...answer.body, ...(before !== undefined && { before }) };
  };
  const send = async (expected: number) => {
    counted.value = undefined;
    const body = { ...previewBody(draft.peek(), filter), expected_count: expected, ...noteIn(note.peek()) };
    const ordered = { method: 'POST', body, idempotencyKey: key.of(body) } as const;
    const answer = await ask<FleetStarted>('order', ordersApi, ordered);
    if (answer?.kind === 'ok') {
      key.used();
      onOrdered(answer.body.order_id);
    } else if (answer?.problem.code === 'count_changed') await count(expected);
  };
  const idle = busy.value === undefined;
  return (
    <details class="panel">
      <summary>
        {summary}
        <Needs to="orderPairs" />
      </summary>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void count();
        }}
      >
        <p class="fine">
          About {whichText(filter)}. First they are counted; nothing is done before you have seen which those are.
        </p>
        <OrderFields draft={draft} />
        <NoteField text="Note, kept with the order" note={note} />
        <Action to="orderPairs" type="submit" aria-busy={!idle} disabled={!idle}>
          Count them
        </Action>
      </form>
      {problem.value && <ProblemNote problem={problem.value} />}
      {counted.value?.count === 0 && <p role="status">No pair is meant: there is nothing to do.</p>}
      {counted.value !== undefined && counted.value.count > 0 && (
        <OrderQuestion
          counted={counted.value}
          draft={draft.value}
          onYes={(agreed) => void send(agreed)}
          onNo={() => {
            counted.value = undefined;
          }}
        />
      )}
      <Commands
        commands={orderCommands({ draft: draft.value, filter, note: note.value, origin: window.location.origin })}
      />
    </details>
  );
}
