import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { WebhookView } from '../../lib/model/answers.ts';
import { webhookPath } from '../admin-address.ts';
import { Needs } from '../parts/action.tsx';
import { Freshness } from '../parts/freshness.tsx';
import { PageStates } from '../parts/page-states.tsx';
import { Chip } from '../parts/state.tsx';
import { WebhookForm } from '../parts/webhook/form.tsx';
import { LastDelivery } from '../parts/webhook/last.tsx';
import { NewSecret } from '../parts/webhook/secret.tsx';
import { useLive } from '../ui.ts';
import '../styles/admin.css';

const EVERY_MS = 10_000;

/** Webhooks: where each leads, what it is told of, and what became of its last delivery. */
export function WebhooksPage() {
  useEffect(() => {
    document.title = 'Webhooks · TerraFusion Sync';
  }, []);
  const live = useLive<{ readonly webhooks: readonly WebhookView[] }>('/api/sync/webhooks', { everyMs: EVERY_MS });
  const { body } = live.state.value;
  const made = useSignal<WebhookView | undefined>(undefined);
  return (
    <>
      <div class="heading">
        <h1>Webhooks</h1>
        <Freshness state={live.state.value} />
      </div>
      <p class="fine">Receivers that are told, with a signature, when a job ends, waits or finds conflicts.</p>
      <PageStates state={live.state.value} what="the webhooks" />
      {made.value?.secret !== undefined && <NewSecret name={made.value.name} secret={made.value.secret} />}
      {body && body.webhooks.length === 0 && <p class="empty">There is no webhook yet.</p>}
      {body && body.webhooks.length > 0 && (
        <div class="scroll">
          <table class="cards webhooks">
            <caption class="only-read">Webhooks, by name</caption>
            <thead>
              <tr>
                <th scope="col">Webhook</th>
                <th scope="col">Leads to</th>
                <th scope="col">Told of</th>
                <th scope="col">Last delivery</th>
                <th scope="col" class="figure">
                  Given up
                </th>
              </tr>
            </thead>
            <tbody>
              {body.webhooks.map((webhook) => (
                <tr key={webhook.name}>
                  <th scope="row">
                    <a href={webhookPath(webhook.name)}>{webhook.name}</a>{' '}
                    {webhook.paused && <Chip tone="warning" text="paused" />}
                  </th>
                  <td>{webhook.origin}</td>
                  <td class="fine">{webhook.events.join(', ')}</td>
                  <td data-label="Last">
                    <LastDelivery webhook={webhook} />
                  </td>
                  <td class={`figure ${webhook.given_up > 0 ? 'issue' : 'zero'}`} data-label="Given up">
                    {webhook.given_up}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {body && (
        <details class="panel">
          <summary>
            Make a webhook
            <Needs to="putWebhook" />
          </summary>
          <WebhookForm
            from={undefined}
            tag={undefined}
            onPut={(webhook) => {
              made.value = webhook;
              live.refresh();
            }}
          />
        </details>
      )}
    </>
  );
}
