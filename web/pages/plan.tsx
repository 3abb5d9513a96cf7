import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { JobMode } from '../../lib/model/job.ts';
import type { ProjectPlanView } from '../../lib/model/project-plan.ts';
import { useCommand } from '../command.ts';
import { Action, Needs } from '../parts/action.tsx';
import { Commands } from '../parts/commands.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { ProjectFields } from '../parts/project/fields.tsx';
import { ProjectNav } from '../parts/project/nav.tsx';
import { PlanView } from '../parts/project/plan-view.tsx';
import { AllOptions } from '../parts/start/all-options.tsx';
import { Databases } from '../parts/start/databases.tsx';
import { draftOf, noDraft, type ProjectDraft, projectText } from '../project/draft.ts';
import { projectJobPath } from '../project-address.ts';
import { startCommands } from '../start/commands.ts';
import { takes } from '../start/pick.ts';
import { pairBody } from '../start/request.ts';
import { clear, useStartForm } from '../start/use-start-form.ts';
import '../styles/admin.css';
import '../styles/projects.css';

/** A project is in place of tables, and a dry run is a button. */
const APART = ['project', 'tables', 'dry_run'];

/** Plans a project, shows what it is made of, and starts exactly that. */
export function PlanPage() {
  const planning = useCommand();
  const held = useStartForm({ jobHref: projectJobPath, also: planning });
  const { environments, placed, starting, testing, form, asked, pair } = held;
  const draft = useSignal<ProjectDraft>(noDraft);
  const plan = useSignal<{ readonly of: string; readonly plan: ProjectPlanView } | undefined>(undefined);
  useEffect(() => {
    document.title = 'Plan a project · TerraFusion Sync';
  }, []);
  const text = form.value.options.project ?? '';
  useEffect(() => {
    if (text !== projectText(draft.peek())) draft.value = draftOf(text); // of the job that the form begins with
  }, [text]);

  const body = { ...pairBody(form.value), config: asked.config };
  const of = JSON.stringify(body);
  const planned = plan.value?.of === of ? plan.value.plan : undefined;
  const makePlan = async () => {
    clear(starting, testing);
    const found = await planning.ask<ProjectPlanView>('plan', '/api/sync/projects/plan', { method: 'POST', body });
    if (found?.kind === 'ok') plan.value = { of, plan: found.body };
  };
  const start = (mode: JobMode, dryRun: boolean) => {
    form.value = { ...form.value, mode };
    void held.start(dryRun);
  };
  const busy = [planning, starting, testing].some((command) => command.busy.value !== undefined);
  const cannot = busy || planned === undefined;
  return (
    <form
      class="start"
      onSubmit={(event) => {
        event.preventDefault();
        void makePlan();
      }}
    >
      <div class="heading">
        <h1>Plan a project</h1>
        <Needs to="planProject" />
      </div>
      <ProjectNav />
      <p class="fine">
        Some rows of a table, everything that refers to them by foreign keys, and the rows those need. A job makes that
        part of the target follow that part of the source.
      </p>
      {environments.problem && <ProblemNote problem={environments.problem} />}
      <Databases held={held} />
      <ProjectFields
        draft={draft.value}
        tables={pair.value?.tables.filter(takes).map(({ name }) => name) ?? []}
        unreadable={asked.unreadable.includes('project')}
        errors={placed?.byField.get('config/project') ?? []}
        onChange={(to) => {
          draft.value = to;
          held.setOption('project', projectText(to));
        }}
      />
      <AllOptions held={held} apart={APART} />
      <section class="go" aria-label="Plan and start">
        {placed?.rest && <ProblemNote problem={placed.rest} />}
        {placed && !placed.rest && (
          <p class="note bad" role="alert">
            The service refused this: see the fields above.
          </p>
        )}
        <div class="buttons">
          <Action
            to="planProject"
            type="submit"
            disabled={busy || asked.unreadable.length > 0}
            aria-busy={planning.busy.value !== undefined}
          >
            Make the plan
          </Action>
          <span class="fine">
            {planned
              ? 'Nothing was started or written.'
              : plan.value
                ? 'The form has changed since the plan: make it anew.'
                : 'What it would sync is shown before it can be started.'}
          </span>
        </div>
        {planned && (
          <section aria-labelledby="plan-title">
            <h2 id="plan-title">The plan</h2>
            <PlanView plan={planned} />
          </section>
        )}
        {plan.value && (
          <div class="buttons">
            <Action to="full" disabled={cannot} onClick={() => start('full', false)}>
              Start in full
            </Action>
            <Action to="incremental" class="secondary" disabled={cannot} onClick={() => start('incremental', false)}>
              Start incremental
            </Action>
            <Action to="full" class="secondary" disabled={cannot} onClick={() => start('full', true)}>
              Dry run
            </Action>
            <span class="fine">A dry run does everything but write: it ends with what would change.</span>
          </div>
        )}
        <Commands commands={startCommands({ ...form.value, config: asked.config, origin: window.location.origin })} />
      </section>
    </form>
  );
}
