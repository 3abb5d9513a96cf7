import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { ProblemBody } from '../../../lib/model/answers.ts';
import type {
  ConflictDecided,
  ConflictDetail,
  ConflictField,
  ConflictPage,
  ConflictView,
} from '../../../lib/model/conflict-answers.ts';
import { noteIn, useCommand } from '../../command.ts';
import { conflictPath, conflictsApi, conflictsPath, FILTERS, type ListQuery } from '../../conflict-address.ts';
import { byAge } from '../../conflict-list.ts';
import {
  allOf,
  type Choice,
  type Choices,
  decisionOf,
  disputed,
  effectOf,
  isByField,
  kept,
  missing,
  type Side,
  suggested,
  writtenBy,
} from '../../decision.ts';
import { fieldProblem } from '../../field-check.ts';
import { goToWrongField } from '../../focus.ts';
import { useKeys } from '../../keys.ts';
import { useLacking } from '../../may.ts';
import { refusedValues } from '../../start/field-errors.ts';
import { useUi } from '../../ui.ts';
import { Action, Button } from '../action.tsx';
import { NoteField } from '../fields.tsx';
import { KeyHelp } from '../key-help.tsx';
import { ProblemNote } from '../problem.tsx';
import { DecisionView } from './decision-view.tsx';
import { FieldTable } from './fields.tsx';

const KEYS = [
  ['s', 'Take the side of the source'],
  ['t', 'Take the side of the target'],
  ['a', 'Apply the decision'],
  ['n', 'Next open conflict'],
  ['u', 'Back to the list'],
  ['?', 'These keys'],
] as const;

interface ResolverProps {
  readonly jobId: string;
  readonly detail: ConflictDetail;
  readonly query: ListQuery;
  /** Chosen at first. */
  readonly take: Side | undefined;
  readonly refresh: () => void;
  /** It is closed now, by this decision or by another. */
  readonly onDecided: (conflict: ConflictView) => void;
}

/** The three-way view with a choice for each column, and what is sent of it. What another has done is shown in place. */
export function Resolver({ jobId, detail: given, query, take, refresh, onDecided }: ResolverProps) {
  const { address } = useUi();
  const detail = useSignal(given);
  const side = useSignal<Side | undefined>(isByField(given) ? undefined : take);
  const choices = useSignal<Choices>(take && isByField(given) ? allOf(given, take) : {});
  const note = useSignal('');
  const moved = useSignal(false);
  const done = useSignal<ConflictView | undefined>(undefined);
  const winner = useSignal<ProblemBody | undefined>(undefined);
  const help = useSignal(false);
  const refused = useSignal<Readonly<Record<string, string>>>({});
  const table = useRef<HTMLDivElement>(null);
  const { busy, problem, ask } = useCommand();
  const may = useLacking()('resolveConflict') === undefined;
  const result = useRef<HTMLDivElement>(null);
  const now = detail.value;
  const byField = isByField(now);

  const takeSide = (taken: Side) => {
    if (byField) choices.value = allOf(now, taken);
    else side.value = taken;
  };
  const wrong = byField ? disputed(now).filter((f) => problemIn(f, choices.value[f.column]) !== undefined) : [];
  const lacking = byField ? missing(now, choices.value) : [];
  const decision = byField ? decisionOf(now, choices.value) : side.value && { side: side.value };
  const ready =
    may && decision !== undefined && wrong.length === 0 && busy.value === undefined && !done.value && !winner.value;

  const apply = async () => {
    if (!ready) return;
    const path = `${conflictsApi(jobId)}/${now.conflict_id}/resolve`;
    const body = { ...decision, expected: now.expected, ...noteIn(note.peek()) };
    const answer = await ask<ConflictDecided>('resolve', path, { method: 'POST', body });
    if (!answer) return;
    if (answer.kind === 'ok') {
      done.value = answer.body.conflict;
      return;
    }
    refused.value = refusedValues(answer.problem);
    requestAnimationFrame(() => goToWrongField(table.current)); // once it is marked
    if (answer.problem.code === 'conflict_stale') takeFresh(answer.problem);
    else if (answer.problem.code === 'already_resolved') {
      winner.value = answer.problem;
      done.value = conflictIn(answer.problem);
      problem.value = undefined;
    }
  };
  const takeFresh = (stale: ProblemBody) => {
    const fresh = conflictIn(stale) as ConflictDetail | undefined;
    if (!fresh?.fields) return refresh(); // the answer of an older service shows no rows
    choices.value = kept(now, fresh, choices.peek());
    side.value = undefined;
    detail.value = fresh;
    moved.value = true;
    problem.value = undefined;
  };
  const next = async () => {
    const asked = new URLSearchParams({ limit: '100' });
    for (const name of FILTERS) if (query[name]) asked.set(name, query[name]);
    asked.set('status', 'open');
    const answer = await ask<ConflictPage>('next', `${conflictsApi(jobId)}?${asked}`, {});
    if (answer?.kind !== 'ok') return;
    const all = answer.body.conflicts.toSorted(byAge);
    const others = all.filter(({ conflict_id }) => conflict_id !== now.conflict_id);
    const found = others.find((other) => byAge(other, now) > 0) ?? others[0];
    address.go(found ? conflictPath(jobId, found.conflict_id, query) : conflictsPath(jobId, query));
  };
  useKeys({
    s: () => takeSide('source'),
    t: () => takeSide('target'),
    a: () => void apply(),
    n: () => void next(),
    u: () => address.go(conflictsPath(jobId, query)),
    '?': () => (help.value = true),
  });
  useEffect(() => {
    if (!done.value) return;
    result.current?.focus();
    onDecided(done.value);
  }, [done.value]);
  const proposal = suggested(now);
  // what somebody else has written is not known here
  const written = done.value && !winner.value && decision ? writtenBy(now, decision) : undefined;

  return (
    <>
      {moved.value && !done.value && (
        <p class="note warning" role="alert">
          A side has moved since you looked, so nothing was written. These are both rows as they are now; look again at
          what differs.
        </p>
      )}
      {done.value && (
        <div ref={result} tabIndex={-1} role="status" class="result">
          {winner.value && <p class="note warning">Not applied: {winner.value.detail}</p>}
          <DecisionView conflict={done.value} written={written} />
          <p class="after">
            <Button disabled={busy.value !== undefined} onClick={() => void next()}>
              Next open conflict
            </Button>
            <a href={conflictsPath(jobId, query)}>Back to the list</a>
          </p>
        </div>
      )}
      {!done.value && (
        <section class="suggestion" aria-label="Suggestion">
          <p>
            <strong>{proposal ? 'Suggested: ' : 'No suggestion. '}</strong>
            {proposal && suggestionText(now)} {now.suggestion.reason}
          </p>
          <div class="takes">
            {proposal && (
              <button
                type="button"
                class="quiet"
                onClick={() => {
                  if (byField) choices.value = proposal;
                  else if (now.suggestion.decision && 'side' in now.suggestion.decision)
                    takeSide(now.suggestion.decision.side);
                }}
              >
                Take the suggestion
              </button>
            )}
            <button type="button" class="quiet" aria-keyshortcuts="s" onClick={() => takeSide('source')}>
              {byField ? 'All from the source' : 'Take the side of the source'}
            </button>
            <button type="button" class="quiet" aria-keyshortcuts="t" onClick={() => takeSide('target')}>
              {byField ? 'All from the target' : 'Take the side of the target'}
            </button>
          </div>
        </section>
      )}
      <div ref={table}>
        <FieldTable
          fields={now.fields}
          sides={now.sides}
          past={done.value !== undefined}
          written={written}
          {...(byField &&
            !done.value && {
              choices: choices.value,
              refused: refused.value,
              onChoose: (column: string, choice: Choice) => {
                choices.value = { ...choices.peek(), [column]: choice };
                const { [column]: _, ...others } = refused.peek();
                refused.value = others;
              },
            })}
        />
      </div>
      {!done.value && (
        <form
          class="apply"
          onSubmit={(event) => {
            event.preventDefault();
            void apply();
          }}
        >
          <p role="status">
            {decision === undefined
              ? byField
                ? `Still to be chosen: ${lacking.join(', ')}.`
                : 'Choose a side.'
              : 'side' in decision
                ? `The side of the ${decision.side}. ${effectOf(now, decision.side)}`
                : 'The row of the target is updated with the result.'}
            {wrong.length > 0 && ` Not fit for its type: ${wrong.map((f) => f.column).join(', ')}.`}
          </p>
          <NoteField text="Note, kept with the decision" note={note} />
          {problem.value && <ProblemNote problem={problem.value} />}
          <div class="takes">
            <Action
              to="resolveConflict"
              type="submit"
              aria-keyshortcuts="a"
              aria-busy={busy.value === 'resolve'}
              disabled={!ready}
            >
              Apply the decision
            </Action>
            <Button class="secondary" disabled={busy.value !== undefined} onClick={() => void next()}>
              Leave it, next one
            </Button>
            <button type="button" class="secondary" aria-haspopup="dialog" onClick={() => (help.value = true)}>
              Keys
            </button>
          </div>
        </form>
      )}
      {help.value && <KeyHelp keys={KEYS} onClose={() => (help.value = false)} />}
    </>
  );
}

/** A refusal carries the conflict as it is now. */
const conflictIn = (problem: ProblemBody): ConflictView | undefined =>
  (problem as ProblemBody & { readonly conflict?: ConflictView }).conflict; // the API's promise of these two codes

function problemIn(field: ConflictField, choice: Choice | undefined): string | undefined {
  return choice && 'value' in choice && choice.value !== null ? fieldProblem(field, choice.value) : undefined;
}

function suggestionText({ suggestion: { decision } }: ConflictDetail): string {
  if (!decision) return '';
  if ('side' in decision) return `the side of the ${decision.side}.`;
  return `${Object.entries(decision.fields)
    .map(([column, { side }]) => `${column} from the ${side}`)
    .join(', ')}.`;
}
