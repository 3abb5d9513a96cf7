import type { WebhookView } from '../../../lib/model/answers.ts';
import type { DeliveryOutcome } from '../../../lib/model/webhook.ts';
import type { Tone } from '../../words.ts';
import { Chip } from '../state.tsx';
import { When } from '../when.tsx';

const OUTCOME: Readonly<
  Record<DeliveryOutcome, { readonly text: string; readonly tone: Tone; readonly title: string }>
> = {
  delivered: { text: 'delivered', tone: 'good', title: 'The receiver answered 2xx.' },
  failed: { text: 'failed, tried again', tone: 'warning', title: 'It is tried again by itself.' },
  given_up: { text: 'given up', tone: 'bad', title: 'It lies in the queue of dead letters.' },
};

/** What became of the last attempt of all deliveries. */
export function LastDelivery({ webhook: { last } }: { readonly webhook: WebhookView }) {
  if (!last) return <span class="fine">none yet</span>;
  const words = OUTCOME[last.outcome] ?? { text: last.outcome, tone: 'waiting', title: '' };
  return (
    <>
      <Chip {...words} /> <When at={last.at} />
      {last.outcome !== 'delivered' && (
        <span class="fine">
          {' '}
          {[
            last.type,
            last.status !== undefined && `HTTP ${last.status}`,
            last.message?.replace(/\.$/, '') ?? last.code,
            `attempt ${last.attempt}`,
          ]
            .filter(Boolean)
            .join(', ')}
        </span>
      )}
    </>
  );
}
