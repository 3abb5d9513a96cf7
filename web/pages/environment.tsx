import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { EnvironmentTested, EnvironmentView, SideReportView } from '../../lib/model/answers.ts';
import { environmentApi, environmentsPath } from '../admin-address.ts';
import { useCommand } from '../command.ts';
import type { PageParams } from '../page-params.ts';
import { Action, Needs } from '../parts/action.tsx';
import { EnvironmentForm } from '../parts/environment/form.tsx';
import { Back, PageStates } from '../parts/page-states.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { Remove } from '../parts/remove.tsx';
import { Chip } from '../parts/state.tsx';
import { When } from '../parts/when.tsx';
import { useLive } from '../ui.ts';
import '../styles/admin.css';

/** One environment: its rules, a test of its connection, and the form that changes it. */
export function EnvironmentPage({ params }: { readonly params: PageParams }) {
  const name = params.name ?? '';
  useEffect(() => {
    document.title = `Environment ${name} · TerraFusion Sync`;
  }, [name]);
  const live = useLive<EnvironmentView>(environmentApi(name), { everyMs: 0, isLast: () => true });
  const { body: environment, tag } = live.state.value;
  const jobs = useSignal<number | undefined>(undefined);
  return (
    <>
      <Back href={environmentsPath}>Environments</Back>
      <div class="heading">
        <h1>
          {environment && <span class={`swatch ${environment.colour}`} title={environment.colour} />}
          {name}
        </h1>
        {environment?.protected && <span class="chip warning">needs a second person</span>}
        {environment && <span class="chip waiting">{environment.writable ? 'read and write' : 'read only'}</span>}
      </div>
      <PageStates state={live.state.value} what="the environment" />
      {environment && (
        <>
          <dl class="facts">
            <div class="wide">
              <dt>Database</dt>
              <dd>
                {environment.database}{' '}
                <span class="fine">
                  {environment.user}@{environment.host}:{environment.port}, PostgreSQL {environment.version}
                </span>
              </dd>
            </div>
            <div>
              <dt>Credentials put</dt>
              <dd>
                <When at={environment.connected_at} />
              </dd>
            </div>
            <div>
              <dt>Changed</dt>
              <dd>
                <When at={environment.updated_at} /> by {environment.actor}
              </dd>
            </div>
          </dl>
          {jobs.value !== undefined && (
            <p class="note good" role="status">
              Saved. {jobs.value === 0 ? 'No job' : `${jobs.value} ${jobs.value === 1 ? 'job' : 'jobs'}`} that had
              started before will go on with a new connection.
            </p>
          )}
          <Test name={name} />
          <details class="panel">
            <summary>
              Change it, or give it new credentials
              <Needs to="putEnvironment" />
            </summary>
            <EnvironmentForm
              key={tag}
              from={environment}
              tag={tag}
              onPut={(count) => {
                jobs.value = count;
                live.refresh();
              }}
            />
          </details>
          <Remove
            to="deleteEnvironment"
            what="the environment"
            name={name}
            api={environmentApi(name)}
            tag={tag}
            then={environmentsPath}
          >
            Its credentials are forgotten and its rules end: the database is then as any other. The database itself is
            not touched.
          </Remove>
        </>
      )}
    </>
  );
}

function Test({ name }: { readonly name: string }) {
  const tested = useSignal<EnvironmentTested | undefined>(undefined);
  const { busy, problem, ask } = useCommand();
  const test = async () => {
    tested.value = undefined;
    const answer = await ask<EnvironmentTested>('test', `${environmentApi(name)}/test`, { method: 'POST', body: {} });
    if (answer?.kind === 'ok') tested.value = answer.body;
  };
  const report = tested.value;
  return (
    <section class="panel" aria-labelledby="test-title">
      <div class="heading">
        <h2 id="test-title">Test</h2>
        <div class="actions">
          <Action
            to="testEnvironment"
            aria-busy={busy.value !== undefined}
            disabled={busy.value !== undefined}
            onClick={() => void test()}
          >
            Connect and look
          </Action>
        </div>
      </div>
      <p class="fine">
        Connects, and lists what its role lacks to be the source or the target of all tables. Nothing is written.
      </p>
      {problem.value && <ProblemNote problem={problem.value} />}
      {report && (
        <div role="status">
          <p>
            It answers: PostgreSQL {report.version}, signed in as {report.role}, {report.tables} tables.{' '}
            {!report.same_database && (
              <strong>It is another database than when its connection was put; starts are refused.</strong>
            )}
          </p>
          <SideReport title="As a source" report={report.as_source} />
          <SideReport title="As a target" report={report.as_target} />
          <SideReport title="For some options only" report={report.optional} />
        </div>
      )}
    </section>
  );
}

function SideReport({ title, report }: { readonly title: string; readonly report: SideReportView }) {
  const { problems, grants } = report;
  return (
    <>
      <p>
        {title}:{' '}
        <Chip {...(problems.length === 0 ? GOOD : { text: `${problems.length} missing`, tone: 'warning' as const })} />
      </p>
      {problems.length > 0 && (
        <details>
          <summary>What is missing</summary>
          <ul>
            {problems.map((p) => (
              <li>{[p.object, p.message].filter(Boolean).join(': ')}</li>
            ))}
          </ul>
        </details>
      )}
      {grants.length > 0 && (
        <>
          <p class="fine">An owner of the database can run:</p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard */}
          <pre class="grants" tabIndex={0}>
            <code>{grants.join('\n')}</code>
          </pre>
        </>
      )}
    </>
  );
}

const GOOD = { text: 'all is there', tone: 'good' } as const;
