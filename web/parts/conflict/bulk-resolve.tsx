import { useSignal } from '@preact/signals';
import type { ResolutionPreview, ResolutionView } from '../../../lib/model/conflict-answers.ts';
import { number } from '../../../lib/model/figures.ts';
import type { IfMoved } from '../../../lib/model/resolution.ts';
import { noteIn, useCommand } from '../../command.ts';
import { conflictsApi, type ListQuery } from '../../conflict-address.ts';
import { TYPE_WORDS, WAY_NAMES, WAYS, type Way } from '../../conflict-words.ts';
import { Action, Needs } from '../action.tsx';
import { Question } from '../dialog.tsx';
import { NoteField } from '../fields.tsx';
import { ProblemNote } from '../problem.tsx';

interface BulkProps {
  readonly jobId: string;
  /** Of the list: the order is about the open conflicts that it names. */
  readonly filter: ListQuery;
  readonly onOrdered: (orderId: string) => void;
}

/** Decides many alike: how, then how many that are, then the order. */
export function BulkResolve({ jobId, filter, onOrdered }: BulkProps) {
  const way = useSignal<Way>('source');
  const moved = useSignal<IfMoved>('leave');
  const note = useSignal('');
  const counted = useSignal<number | undefined>(undefined);
  const { busy, problem, ask } = useCommand();
  const path = `${conflictsApi(jobId)}/resolve-all`;
  const order = () => {
    const { table, type, opened_from, opened_to } = filter;
    const side = way.peek() === 'source' || way.peek() === 'target';
    return {
      ...(side ? { side: way.peek() } : { strategy: way.peek() }),
      filter: { table, type, opened_from, opened_to }, // what is undefined is left out of the JSON
      if_moved: moved.peek(),
    };
  };
  const count = async (event: Event) => {
    event.preventDefault();
    const answer = await ask<ResolutionPreview>('count', path, { method: 'POST', body: { ...order(), preview: true } });
    if (answer?.kind === 'ok') counted.value = answer.body.count;
  };
  const send = async (expected_count: number) => {
    counted.value = undefined;
    const body = { ...order(), expected_count, ...noteIn(note.peek()) };
    const answer = await ask<Pick<ResolutionView, 'resolution_id'>>('order', path, { method: 'POST', body });
    if (answer?.kind === 'ok') onOrdered(answer.body.resolution_id);
  };

  return (
    <details class="bulk">
      <summary>
        Decide many alike
        <Needs to="resolveMany" />
      </summary>
      <form onSubmit={count}>
        <p class="fine">
          About {whichText(filter)}. First they are counted; nothing is decided before you have seen how many.
        </p>
        <fieldset>
          <legend>Decision</legend>
          {WAY_NAMES.map((name) => (
            <label key={name}>
              <input type="radio" name="way" checked={way.value === name} onChange={() => (way.value = name)} />
              {WAYS[name]}
            </label>
          ))}
        </fieldset>
        <label>
          <input
            type="checkbox"
            checked={moved.value === 'decide'}
            onChange={(event) => (moved.value = event.currentTarget.checked ? 'decide' : 'leave')}
          />
          Also those of which a side has moved since they were listed, as they are then
        </label>
        <NoteField text="Note, kept with each decision" note={note} />
        <Action to="resolveMany" type="submit" aria-busy={busy.value !== undefined} disabled={busy.value !== undefined}>
          Count them
        </Action>
      </form>
      {problem.value && <ProblemNote problem={problem.value} />}
      {counted.value === 0 && <p role="status">No open conflict fits: there is nothing to decide.</p>}
      {counted.value !== undefined && counted.value > 0 && (
        <Question
          title={`Decide ${number(counted.value)} ${counted.value === 1 ? 'conflict' : 'conflicts'}?`}
          yes={`Decide ${number(counted.value)}`}
          no="Leave them open"
          danger
          onYes={() => void send(counted.peek() ?? 0)}
          onNo={() => (counted.value = undefined)}
        >
          <p>
            {WAYS[way.value]}, for each of {whichText(filter)}. A decision cannot be taken back; what each row was stays
            in the audit trail as fingerprints.
          </p>
        </Question>
      )}
    </details>
  );
}

function whichText({ table, type, opened_from, opened_to }: ListQuery): string {
  const words = type === undefined ? undefined : Object.entries(TYPE_WORDS).find(([name]) => name === type)?.[1].text;
  return [
    'the open conflicts of this job',
    ...(table ? [`in ${table}`] : []),
    ...(type ? [`of the kind “${words ?? type}”`] : []),
    ...(opened_from ? [`opened from ${opened_from} on`] : []),
    ...(opened_to ? [`opened before ${opened_to}`] : []),
  ].join(', ');
}
