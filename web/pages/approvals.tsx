import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ApprovalView } from '../../lib/model/answers.ts';
import { approvalApi, approvalsPath, environmentsPath } from '../admin-address.ts';
import { useCommand } from '../command.ts';
import { Action } from '../parts/action.tsx';
import { Question } from '../parts/dialog.tsx';
import { Freshness } from '../parts/freshness.tsx';
import { Back, PageStates } from '../parts/page-states.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { Chip } from '../parts/state.tsx';
import { When } from '../parts/when.tsx';
import { useLive, useUi } from '../ui.ts';
import type { Tone } from '../words.ts';
import '../styles/admin.css';

const EVERY_MS = 5000;

/** Requests to write to protected environments; those that wait first. */
export function ApprovalsPage() {
  const { address } = useUi();
  useEffect(() => {
    document.title = 'Approvals · TerraFusion Sync';
  }, []);
  const all = address.url.value.searchParams.get('state') === 'all';
  const live = useLive<{ readonly approvals: readonly ApprovalView[] }>(
    all ? '/api/sync/approvals' : '/api/sync/approvals?state=pending',
    { everyMs: EVERY_MS },
  );
  const { body } = live.state.value;
  return (
    <>
      <Back href={environmentsPath}>Environments</Back>
      <div class="heading">
        <h1>Approvals</h1>
        <Freshness state={live.state.value} />
        <div class="actions">
          {all ? (
            <a href={approvalsPath}>Only what waits</a>
          ) : (
            <a href={`${approvalsPath}?state=all`}>All of the past</a>
          )}
        </div>
      </div>
      <p class="fine">
        A start that writes to a protected environment waits here for a second person. Whoever asked then repeats
        exactly the same call.
      </p>
      <PageStates state={live.state.value} what="the requests" />
      {body && body.approvals.length === 0 && <p class="empty">{all ? 'Nobody has asked yet.' : 'Nothing waits.'}</p>}
      {body?.approvals.map((approval) => (
        <Request key={approval.id} approval={approval} refresh={live.refresh} />
      ))}
    </>
  );
}

const TONES: Readonly<Record<string, Tone>> = { pending: 'warning', approved: 'good', rejected: 'bad' };

interface RequestProps {
  readonly approval: ApprovalView;
  readonly refresh: () => void;
}

function Request({ approval: a, refresh }: RequestProps) {
  const { nowMs } = useUi();
  const asking = useSignal<'approve' | 'reject' | undefined>(undefined);
  const note = useSignal('');
  const { busy, problem, ask } = useCommand();
  const decide = async (word: 'approve' | 'reject') => {
    asking.value = undefined;
    const said = note.peek().trim();
    const body = said === '' ? {} : { note: said };
    const answer = await ask(word, `${approvalApi(a.id)}/${word}`, { method: 'POST', body });
    if (answer?.kind === 'ok') refresh();
  };
  const over = Date.parse(a.expires_at) <= nowMs.value;
  const decidable = a.state === 'pending' && !over;
  const leave = () => {
    asking.value = undefined;
  };
  return (
    <article class="panel">
      <div class="heading">
        <h2>
          {a.schedule ? `Schedule ${a.schedule.name}` : `A ${a.mode} job`} into {a.protected.join(', ')}
        </h2>
        <Chip tone={TONES[a.state] ?? 'waiting'} text={a.state === 'pending' && over ? 'too late' : a.state} />
      </div>
      <dl class="facts">
        <div class="wide">
          <dt>From</dt>
          <dd>
            {a.source.database}{' '}
            <span class="fine">
              {a.source.host}:{a.source.port}
            </span>
          </dd>
        </div>
        <div class="wide">
          <dt>Into</dt>
          <dd>
            {a.target.database}{' '}
            <span class="fine">
              {a.target.host}:{a.target.port}
            </span>
          </dd>
        </div>
        <div>
          <dt>Asked</dt>
          <dd>
            by {a.asked_by}, <When at={a.asked_at} />
          </dd>
        </div>
        {a.decided_by !== undefined && a.decided_at !== undefined && (
          <div>
            <dt>Decided</dt>
            <dd>
              by {a.decided_by}, <When at={a.decided_at} />
              {a.note !== undefined && `: ${a.note}`}
            </dd>
          </div>
        )}
        {a.schedule && (
          <div>
            <dt>Runs</dt>
            <dd>
              {a.schedule.expression}, {a.schedule.timezone}
            </dd>
          </div>
        )}
      </dl>
      <Config id={a.id} />
      {problem.value && <ProblemNote problem={problem.value} />}
      {decidable && (
        <div class="doings">
          <Action to="approve" disabled={busy.value !== undefined} onClick={() => (asking.value = 'approve')}>
            Approve
          </Action>
          <Action
            to="reject"
            class="danger"
            disabled={busy.value !== undefined}
            onClick={() => (asking.value = 'reject')}
          >
            Refuse
          </Action>
        </div>
      )}
      {asking.value && (
        <Question
          title={asking.value === 'approve' ? 'Approve this?' : 'Refuse this?'}
          yes={asking.value === 'approve' ? 'Approve it' : 'Refuse it'}
          no="Not yet"
          danger={asking.value === 'reject'}
          onYes={() => asking.value && void decide(asking.value)}
          onNo={leave}
        >
          <p>
            {asking.value === 'approve'
              ? `${a.asked_by} can then write to ${a.protected.join(', ')} with exactly this configuration.`
              : 'The same is then refused until it would have expired.'}
          </p>
          <label>
            Note, kept with the decision
            <input
              type="text"
              maxLength={2000}
              value={note.value}
              onInput={(event) => {
                note.value = event.currentTarget.value;
              }}
            />
          </label>
        </Question>
      )}
    </article>
  );
}

/** What would be approved, once somebody looks. */
function Config({ id }: { readonly id: string }) {
  const open = useSignal(false);
  return (
    <details
      onToggle={(event) => {
        open.value = event.currentTarget.open;
      }}
    >
      <summary>The configuration that would be approved</summary>
      {open.value && <ConfigText id={id} />}
    </details>
  );
}

function ConfigText({ id }: { readonly id: string }) {
  const { state } = useLive<ApprovalView>(approvalApi(id), { everyMs: 0, isLast: () => true });
  return (
    <>
      <PageStates state={state.value} what="the configuration" />
      {state.value.body && (
        <pre>
          <code>{JSON.stringify(state.value.body.config, null, 2)}</code>
        </pre>
      )}
    </>
  );
}
