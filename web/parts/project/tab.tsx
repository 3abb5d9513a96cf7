import facts from 'virtual:facts';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { JobStatus } from '../../../lib/model/answers.ts';
import type { ProjectPlanView } from '../../../lib/model/project-plan.ts';
import { useCommand } from '../../command.ts';
import { useLacking } from '../../may.ts';
import { environmentsBody } from '../../project/again.ts';
import { rowsOf } from '../../project/words.ts';
import { planPath } from '../../project-address.ts';
import { Needs } from '../action.tsx';
import { ProblemNote } from '../problem.tsx';
import { PlanView } from './plan-view.tsx';
import '../../styles/projects.css';

/** What a job's project is, and what it is made of now. */
export function ProjectTab({ job }: { readonly job: JobStatus }) {
  const { project } = job.config;
  if (!project) return null;
  const names = (list: readonly string[] | undefined, none: string) => list?.join(', ') ?? none;
  return (
    <section aria-labelledby="project-title">
      <div class="heading">
        <h2 id="project-title">Project</h2>
        <div class="actions">
          <a href={planPath(job.job_id)}>Plan another one like it</a>
        </div>
      </div>
      <dl class="facts">
        {(
          [
            ['Root table', project.root],
            ['Root rows', rowsOf(project)],
            ['Child tables', names(project.include, 'all')],
            ['Left out', names(project.exclude, 'none')],
            ['Depth', project.depth === undefined ? 'all' : String(project.depth)],
            ['Parents', project.parents],
          ] as const
        ).map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <h2>Its tables now</h2>
      <PlanNow job={job} />
    </section>
  );
}

/** Asks both databases once, and again when somebody wants to. */
function PlanNow({ job }: { readonly job: JobStatus }) {
  const { busy, problem, ask } = useCommand();
  const plan = useSignal<ProjectPlanView | undefined>(undefined);
  const body = environmentsBody(job, facts.config);
  const look = async () => {
    const found = body && (await ask<ProjectPlanView>('plan', '/api/sync/projects/plan', { method: 'POST', body }));
    if (found?.kind === 'ok') plan.value = found.body;
  };
  const may = useLacking()('planProject') === undefined;
  useEffect(() => {
    if (may) void look();
  }, [job.job_id, may]);
  if (!may)
    return (
      <p class="empty">
        Looking at both databases
        <Needs to="planProject" />. How its tables have come along is on the tab <a href="?tab=tables">Tables</a>.
      </p>
    );
  if (!body)
    return (
      <p>
        The job was started with connection URLs, which no page can read.{' '}
        <a href={planPath(job.job_id)}>Type them again</a> to see the plan; how its tables have come along is on the tab{' '}
        <a href="?tab=tables">Tables</a>.
      </p>
    );
  return (
    <>
      {problem.value && <ProblemNote problem={problem.value} />}
      {busy.value !== undefined && !plan.value && (
        <p class="empty" aria-busy="true">
          Looking at both databases…
        </p>
      )}
      {plan.value && <PlanView plan={plan.value} />}
      {(plan.value || problem.value) && (
        <button
          type="button"
          class="quiet"
          aria-busy={busy.value !== undefined}
          disabled={busy.value !== undefined}
          onClick={() => void look()}
        >
          Look again
        </button>
      )}
    </>
  );
}
