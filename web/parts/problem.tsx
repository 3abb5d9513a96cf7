import type { ComponentChildren } from 'preact';
import type { FailureView, ProblemBody } from '../../lib/model/answers.ts';

/** Why a call was refused or failed, with what to do and the id under which the service's log has it. */
export function ProblemNote({
  problem,
  children,
}: {
  readonly problem: ProblemBody;
  readonly children?: ComponentChildren;
}) {
  const errors = problem.errors.filter((e) => e.message !== problem.detail || e.object !== undefined);
  const hints = [...new Set(problem.errors.flatMap(({ hint }) => hint ?? []))];
  return (
    <section class="note bad" role="alert">
      <p class="what">{problem.detail}</p>
      {errors.length > 0 && (
        <ul>
          {errors.map((e) => (
            <li>{[e.object ?? e.field, e.message].filter(Boolean).join(': ')}</li>
          ))}
        </ul>
      )}
      {hints.map((hint) => (
        <p>{hint}</p>
      ))}
      <p class="fine">
        <code>{problem.code}</code>
        {problem.status > 0 && ` · HTTP ${problem.status}`}
        {problem.request_id !== undefined && (
          <>
            {' · request '}
            <code>{problem.request_id}</code>
          </>
        )}
      </p>
      {children}
    </section>
  );
}

/** Why a job or table failed or waits. */
export function FailureNote({
  title,
  failure,
  tone,
  children,
}: {
  readonly title: string;
  readonly failure: FailureView;
  readonly tone: 'bad' | 'warning';
  readonly children?: ComponentChildren;
}) {
  return (
    <section class={`note ${tone}`}>
      <p class="what">
        {title}: {failure.message}
      </p>
      {failure.hint !== undefined && <p>{failure.hint}</p>}
      {failure.problems && failure.problems.length > 0 && (
        <ul>
          {failure.problems.map((p) => (
            <li>
              {[p.object, p.message].filter(Boolean).join(': ')}
              {p.hint !== undefined && p.hint !== failure.hint && <span class="hint"> {p.hint}</span>}
            </li>
          ))}
        </ul>
      )}
      <p class="fine">
        <code>{failure.code}</code>
      </p>
      {children}
    </section>
  );
}
