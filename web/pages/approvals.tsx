import { useEffect } from 'preact/hooks';
import type { ApprovalView } from '../../lib/model/answers.ts';
import { approvalApi, approvalsPath, environmentsPath } from '../admin-address.ts';
import { useCommand } from '../command.ts';
import { AskFirst } from '../parts/ask-first.tsx';
import { Freshness } from '../parts/freshness.tsx';
import { Back, PageStates } from '../parts/page-states.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { Chip } from '../parts/state.tsx';
import { Unfold } from '../parts/unfold.tsx';
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

const NOTED = 'Note, kept with the decision';

function Request({ approval: a, refresh }: RequestProps) {
  const { nowMs } = useUi();
  const { busy, problem, ask } = useCommand();
  const decide = async (word: 'approve' | 'reject', body: object) => {
    const answer = await ask(word, `${approvalApi(a.id)}/${word}`, { method: 'POST', body });
    if (answer?.kind === 'ok') refresh();
  };
  const over = Date.parse(a.expires_at) <= nowMs.value;
  const decidable = a.state === 'pending' && !over;
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
      <Unfold summary="The configuration that would be approved">{() => <Config id={a.id} />}</Unfold>
      {problem.value && <ProblemNote problem={problem.value} />}
      {decidable && (
        <div class="doings">
          <AskFirst
            to="approve"
            text="Approve"
            disabled={busy.value !== undefined || a.own}
            asked={{ title: 'Approve this?', yes: 'Approve it', no: 'Not yet' }}
            noted={NOTED}
            onYes={(note) => void decide('approve', note)}
          >
            <p>
              {a.asked_by} can then write to {a.protected.join(', ')} with exactly this configuration.
            </p>
          </AskFirst>
          <AskFirst
            to="reject"
            class="danger"
            text={a.own ? 'Take it back' : 'Refuse'}
            disabled={busy.value !== undefined}
            asked={{
              title: a.own ? 'Take this back?' : 'Refuse this?',
              yes: a.own ? 'Take it back' : 'Refuse it',
              no: 'Not yet',
              danger: true,
            }}
            noted={NOTED}
            onYes={(note) => void decide('reject', note)}
          >
            <p>The same is then refused until it would have expired.</p>
          </AskFirst>
          {a.own && <span class="fine">You have asked for it: another person has to approve it.</span>}
        </div>
      )}
    </article>
  );
}

/** What would be approved. */
function Config({ id }: { readonly id: string }) {
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
