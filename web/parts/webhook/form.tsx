import facts from 'virtual:facts';
import { useSignal } from '@preact/signals';
import type { WebhookView } from '../../../lib/model/answers.ts';
import type { NotificationType } from '../../../lib/model/notification.ts';
import { webhookApi } from '../../admin-address.ts';
import { useCommand } from '../../command.ts';
import { Action } from '../action.tsx';
import { NameField, SecretField } from '../fields.tsx';
import { ProblemNote } from '../problem.tsx';

interface FormProps {
  /** Undefined: a new one. */
  readonly from: WebhookView | undefined;
  readonly tag: string | undefined;
  readonly onPut: (webhook: WebhookView) => void;
}

const ALL: readonly NotificationType[] = facts.notifications.map(({ type }) => type);

/** All of a webhook. Its URL can be written and is never read: left empty, it stays. */
export function WebhookForm({ from, tag, onPut }: FormProps) {
  const { busy, problem, ask } = useCommand();
  const name = useSignal(from?.name ?? '');
  const url = useSignal('');
  const events = useSignal<readonly NotificationType[]>(from?.events ?? ALL);
  const paused = useSignal(from?.paused ?? false);
  const put = async (event: Event) => {
    event.preventDefault();
    const leads = url.peek().trim();
    const body = { events: events.peek(), paused: paused.peek(), ...(leads !== '' && { url: leads }) };
    const guard = from ? { ifMatch: tag } : { tag: '*' };
    const answer = await ask<WebhookView>('put', webhookApi(name.peek().trim()), { method: 'PUT', body, ...guard });
    if (answer?.kind !== 'ok') return;
    url.value = '';
    if (!from) name.value = '';
    onPut(answer.body);
  };
  return (
    <form onSubmit={put} autocomplete="off">
      <div class="form-columns">
        {!from && (
          <NameField
            value={name.value}
            onInput={(event) => {
              name.value = event.currentTarget.value;
            }}
          />
        )}
        <SecretField
          text={from ? 'New URL; left empty, it stays as it is' : 'URL'}
          required={!from}
          placeholder="https://hooks.example.org/terrafusion"
          value={url.value}
          onInput={(event) => {
            url.value = event.currentTarget.value;
          }}
        />
      </div>
      <p class="fine">Many URLs carry a secret: it is kept like one, and only its origin is ever shown.</p>
      <fieldset>
        <legend>It is told of</legend>
        {facts.notifications.map(({ type, meaning }) => (
          <label key={type}>
            <input
              type="checkbox"
              checked={events.value.includes(type)}
              onChange={({ currentTarget: { checked } }) => {
                events.value = ALL.filter((other) => (other === type ? checked : events.peek().includes(other)));
              }}
            />
            <code>{type}</code> <span class="fine">{meaning}</span>
          </label>
        ))}
      </fieldset>
      <label>
        <input
          type="checkbox"
          checked={paused.value}
          onChange={(event) => {
            paused.value = event.currentTarget.checked;
          }}
        />
        Paused: it is told of nothing
      </label>
      {problem.value && <ProblemNote problem={problem.value} />}
      {events.value.length === 0 && <p class="note warning">Choose something that it is told of.</p>}
      <Action
        to="putWebhook"
        type="submit"
        aria-busy={busy.value !== undefined}
        disabled={busy.value !== undefined || events.value.length === 0}
      >
        {from ? 'Save' : 'Make it'}
      </Action>
    </form>
  );
}
