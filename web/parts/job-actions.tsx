import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { JobAction, JobStatus, Started } from '../../lib/model/answers.ts';
import { number } from '../../lib/model/figures.ts';
import { useCommand } from '../command.ts';
import { deletesIn } from '../job/deletes.ts';
import { Action } from './action.tsx';
import { Question } from './dialog.tsx';
import { ProblemNote } from './problem.tsx';

const LABEL: Readonly<Record<JobAction, string>> = { stop: 'Stop', resume: 'Resume' };

interface JobActionsProps {
  readonly job: JobStatus;
  readonly onDone: () => void;
}

/** What may be asked of the job now, as the service says. A stop, and deletes that wait for a yes, are asked about first. */
export function JobActions({ job, onDone }: JobActionsProps) {
  const asking = useSignal<JobAction | undefined>(undefined);
  const { busy, problem, ask } = useCommand();

  const act = async (action: JobAction, body?: object) => {
    asking.value = undefined;
    const path = `/api/sync/${action}/${encodeURIComponent(job.job_id)}`;
    const answer = await ask<Started>(action, path, { method: 'POST', body });
    if (answer) onDone(); // also after a refusal: the state may not be what was shown
  };
  const isAsked = (action: JobAction) => action === 'stop' || job.pause?.code === 'confirm_required';
  const click = (action: JobAction) => {
    if (isAsked(action)) asking.value = action;
    else void act(action);
  };
  const leave = () => {
    asking.value = undefined;
  };

  const allowed = job.allowed_actions ?? [];
  return (
    <>
      {allowed.length > 0 && (
        <div class="actions">
          {allowed.map((action) => (
            <Action
              key={action}
              to={action}
              class={action === 'stop' ? 'danger' : ''}
              aria-busy={busy.value === action}
              aria-haspopup={isAsked(action) ? 'dialog' : undefined}
              disabled={busy.value !== undefined}
              onClick={() => click(action)}
            >
              {LABEL[action]}
            </Action>
          ))}
        </div>
      )}
      {asking.value === 'stop' && <StopQuestion onYes={() => void act('stop')} onNo={leave} />}
      {asking.value === 'resume' && job.pause && (
        <DeletesQuestion
          reason={job.pause.message}
          onYes={(confirm_deletes) => void act('resume', { confirm_deletes })}
          onNo={leave}
        />
      )}
      {problem.value && (
        <ProblemNote problem={problem.value}>
          <button
            type="button"
            class="quiet"
            onClick={() => {
              problem.value = undefined;
            }}
          >
            Dismiss
          </button>
        </ProblemNote>
      )}
    </>
  );
}

function StopQuestion({ onYes, onNo }: { readonly onYes: () => void; readonly onNo: () => void }) {
  return (
    <Question title="Stop this job?" yes="Stop the job" no="Let it run" danger onYes={onYes} onNo={onNo}>
      <p>
        Rows that are committed stay. Nothing more is written once the job says <em>stopped</em>, and it can be resumed
        from where it was.
      </p>
    </Question>
  );
}

interface DeletesQuestionProps {
  readonly reason: string;
  readonly onYes: (deletes: number) => void;
  readonly onNo: () => void;
}

/** The number is typed, not offered: who types it has read it. */
function DeletesQuestion({ reason, onYes, onNo }: DeletesQuestionProps) {
  const field = useRef<HTMLInputElement>(null);
  const needed = deletesIn(reason);
  const check = (input: HTMLInputElement) => {
    const wrong = needed !== undefined && input.value !== '' && Number(input.value) < needed;
    input.setCustomValidity(
      wrong ? `The job would delete ${number(needed)} rows; with fewer accepted it pauses again.` : '',
    );
  };
  return (
    <Question
      title="Accept these deletes?"
      yes="Resume and delete"
      no="Leave it paused"
      danger
      onYes={() => onYes(Number(field.current?.value))}
      onNo={onNo}
    >
      <p>{reason}</p>
      <label>
        Number of deletes to accept
        <input
          ref={field}
          type="number"
          min={0}
          step={1}
          required
          autocomplete="off"
          onInput={(event) => check(event.currentTarget)}
        />
      </label>
    </Question>
  );
}
