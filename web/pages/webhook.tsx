import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { WebhookTested, WebhookView } from '../../lib/model/answers.ts';
import { webhookApi, webhooksPath } from '../admin-address.ts';
import { useCommand } from '../command.ts';
import type { PageParams } from '../page-params.ts';
import { Action, Needs } from '../parts/action.tsx';
import { AskFirst } from '../parts/ask-first.tsx';
import { Back, PageStates } from '../parts/page-states.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { Remove } from '../parts/remove.tsx';
import { Chip } from '../parts/state.tsx';
import { WebhookForm } from '../parts/webhook/form.tsx';
import { LastDelivery } from '../parts/webhook/last.tsx';
import { NewSecret } from '../parts/webhook/secret.tsx';
import { When } from '../parts/when.tsx';
import { useLive } from '../ui.ts';
import '../styles/admin.css';

/** One webhook: its deliveries, a test, and the form that changes it. */
export function WebhookPage({ params }: { readonly params: PageParams }) {
  const name = params.name ?? '';
  useEffect(() => {
    document.title = `Webhook ${name} · TerraFusion Sync`;
  }, [name]);
  const live = useLive<WebhookView>(webhookApi(name), { everyMs: 0, isLast: () => true });
  const { body: webhook, tag } = live.state.value;
  return (
    <>
      <Back href={webhooksPath}>Webhooks</Back>
      <div class="heading">
        <h1>{name}</h1>
        {webhook?.paused && <Chip tone="warning" text="paused" />}
      </div>
      <PageStates state={live.state.value} what="the webhook" />
      {webhook && (
        <>
          <Facts webhook={webhook} />
          <Test name={name} onTested={live.refresh} />
          <details class="panel">
            <summary>
              Change it, or pause it
              <Needs to="putWebhook" />
            </summary>
            <WebhookForm key={tag} from={webhook} tag={tag} onPut={live.refresh} />
          </details>
          <Rotate name={name} onRotated={live.refresh} />
          <Remove
            to="deleteWebhook"
            what="the webhook"
            name={name}
            api={webhookApi(name)}
            tag={tag}
            then={webhooksPath}
          >
            It is told of nothing any more; its URL and secret are forgotten, and what is on its way to it is dropped.
          </Remove>
        </>
      )}
    </>
  );
}

function Facts({ webhook: w }: { readonly webhook: WebhookView }) {
  return (
    <dl class="facts">
      <div class="wide">
        <dt>Leads to</dt>
        <dd>
          {w.origin} <span class="fine">the rest of the URL is kept secret</span>
        </dd>
      </div>
      <div class="wide">
        <dt>Told of</dt>
        <dd>{w.events.join(', ')}</dd>
      </div>
      <div>
        <dt>Last delivery</dt>
        <dd>
          <LastDelivery webhook={w} />
        </dd>
      </div>
      <div>
        <dt>Given up</dt>
        <dd title="They lie, or lay, in the queue of dead letters">{w.given_up}</dd>
      </div>
      <div>
        <dt>Changed</dt>
        <dd>
          <When at={w.updated_at} /> by {w.actor}
        </dd>
      </div>
      {w.rotated_at !== undefined && (
        <div>
          <dt>Secret of</dt>
          <dd>
            <When at={w.rotated_at} />
            {w.overlap_until !== undefined && <span class="fine"> the one before still signs too</span>}
          </dd>
        </div>
      )}
    </dl>
  );
}

interface TestProps {
  readonly name: string;
  readonly onTested: () => void;
}

function Test({ name, onTested }: TestProps) {
  const tested = useSignal<WebhookTested | undefined>(undefined);
  const { busy, problem, ask } = useCommand();
  const test = async () => {
    tested.value = undefined;
    const answer = await ask<WebhookTested>('test', `${webhookApi(name)}/test`, { method: 'POST' });
    if (answer?.kind !== 'ok') return;
    tested.value = answer.body;
    onTested();
  };
  const outcome = tested.value;
  return (
    <section class="panel" aria-labelledby="test-title">
      <div class="heading">
        <h2 id="test-title">Test</h2>
        <div class="actions">
          <Action
            to="testWebhook"
            aria-busy={busy.value !== undefined}
            disabled={busy.value !== undefined}
            onClick={() => void test()}
          >
            Post a test
          </Action>
        </div>
      </div>
      <p class="fine">Posts a signed notification of type webhook.test, once, and says what was answered.</p>
      {problem.value && <ProblemNote problem={problem.value} />}
      {outcome && (
        <p role="status">
          <Chip tone={outcome.delivered ? 'good' : 'bad'} text={outcome.delivered ? 'delivered' : 'not delivered'} />{' '}
          {[outcome.status !== undefined && `HTTP ${outcome.status}`, outcome.message, outcome.code]
            .filter(Boolean)
            .join(', ')}
        </p>
      )}
    </section>
  );
}

function Rotate({ name, onRotated }: { readonly name: string; readonly onRotated: () => void }) {
  const secret = useSignal<string | undefined>(undefined);
  const { busy, problem, ask } = useCommand();
  const rotate = async () => {
    const answer = await ask<WebhookView>('rotate', `${webhookApi(name)}/rotate`, { method: 'POST' });
    if (answer?.kind !== 'ok') return;
    secret.value = answer.body.secret;
    onRotated();
  };
  return (
    <>
      {problem.value && <ProblemNote problem={problem.value} />}
      {secret.value !== undefined && <NewSecret name={name} secret={secret.value} />}
      <div class="doings">
        <AskFirst
          to="rotateWebhook"
          class="secondary"
          text="Give it another secret"
          disabled={busy.value !== undefined}
          asked={{ title: `Another secret for ${name}?`, yes: 'Make it', no: 'Keep this one' }}
          onYes={() => void rotate()}
        >
          <p>For a day both sign, so that the receiver can change over.</p>
        </AskFirst>
      </div>
    </>
  );
}
