import { type Signal, useSignal } from '@preact/signals';
import type { ProblemItem } from '../../../lib/model/answers.ts';
import type { ProposalFinding } from '../../../lib/model/proposal.ts';
import type { MappingCheck } from '../../../lib/model/suggestion.ts';
import { useCommand } from '../../command.ts';
import { type Place, placeOf } from '../../json-place.ts';
import { type Checked, errorsIn, pointerOf, verdictOf } from '../../mapping/checked.ts';
import { type HeldSides, SIDE_FIELDS } from '../../mapping/use-sides.ts';
import { placeErrors } from '../../start/field-errors.ts';
import { pairBody } from '../../start/request.ts';
import { Action } from '../action.tsx';
import { BothSides } from '../both-sides.tsx';
import { ProblemNote } from '../problem.tsx';
import { Chip } from '../state.tsx';
import { Findings } from './findings.tsx';
import { Preview } from './preview.tsx';

type Show = (place: Place) => void;

interface CheckProps {
  readonly sides: HeldSides;
  /** The mapping as JSON, as it is now. */
  readonly text: string;
  /** Leads to a place of the text, where it can be changed. */
  readonly show?: Show;
  readonly checked: Signal<Checked | undefined>;
}

/** Asks two databases what they say of a mapping, and shows some rows as it would make them. */
export function CheckMapping({ sides, text, show, checked }: CheckProps) {
  const { busy, problem, ask } = useCommand();
  const unread = useSignal<string | undefined>(undefined);
  const sent = useSignal('');
  const check = async () => {
    checked.value = undefined;
    problem.value = undefined;
    const read = parsed(text);
    unread.value = 'wrong' in read ? read.wrong : undefined;
    if ('wrong' in read) return;
    sent.value = text;
    const body = { mapping: read.mapping, ...pairBody(sides.form.peek()) };
    const answer = await ask<MappingCheck>('check', '/api/sync/mappings/suggest', { method: 'POST', body });
    if (answer?.kind === 'ok') checked.value = { found: answer.body, text: sent.peek() };
  };
  const misplaced = (problem.value?.errors ?? []).filter(isInMapping);
  const placed = problem.value && misplaced.length === 0 ? placeErrors(problem.value, SIDE_FIELDS) : undefined;
  return (
    <section class="check" aria-label="Check and preview">
      <BothSides sides={sides} errors={placed?.byField} />
      <Action
        to="suggestMapping"
        class="secondary"
        aria-busy={busy.value !== undefined}
        disabled={busy.value !== undefined}
        onClick={() => void check()}
      >
        Check and preview
      </Action>
      {unread.value !== undefined && (
        <p class="note bad" role="alert">
          It is no JSON: {unread.value}
        </p>
      )}
      {misplaced.length > 0 && <Misplaced what="It was not checked." items={misplaced} text={sent.value} show={show} />}
      {placed?.rest && <ProblemNote problem={placed.rest} />}
      {checked.value && <Result checked={checked.value} text={text} show={show} />}
    </section>
  );
}

/** A mapping that somebody has written, or why it is no JSON. */
export function parsed(text: string): { readonly mapping: unknown } | { readonly wrong: string } {
  try {
    return { mapping: JSON.parse(text) };
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : 'It cannot be read.' };
  }
}

interface ResultProps {
  readonly checked: Checked;
  readonly text: string;
  readonly show: Show | undefined;
}

function Result({ checked: { found, text: then }, text, show }: ResultProps) {
  const good = errorsIn(found) === 0;
  const placed = (finding: ProposalFinding) =>
    show && <LineButton place={placeOf(then, pointerOf(finding))} show={show} />;
  return (
    <>
      <p role="status">
        <Chip tone={good ? 'good' : 'bad'} text={verdictOf(found)} />
        {text !== then && <span class="fine"> The text has changed since.</span>}
      </p>
      <Findings findings={found.findings} placeOf={text === then ? placed : undefined} />
      {found.preview.map((preview) => (
        <Preview key={preview.table} preview={preview} />
      ))}
    </>
  );
}

const LineButton = ({ place, show }: { readonly place: Place; readonly show: Show }) => (
  <button type="button" class="quiet" onClick={() => show(place)}>
    Line {place.line}
  </button>
);

interface MisplacedProps {
  /** What became of it. */
  readonly what: string;
  readonly items: readonly (ProblemItem & { readonly field: string })[];
  /** What the items are about. */
  readonly text: string;
  readonly show: Show | undefined;
}

/** What the service finds wrong with a mapping, each with its line. */
export function Misplaced({ what, items, text, show }: MisplacedProps) {
  return (
    <section class="note bad" role="alert">
      <p class="what">{what}</p>
      <ul>
        {items.map((item) => {
          const place = placeOf(text, item.field.replace(/^\/mapping/, ''));
          return (
            <li key={item.field}>
              {show ? <LineButton place={place} show={show} /> : `Line ${place.line}`} {item.message}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

export const isInMapping = (item: ProblemItem): item is ProblemItem & { readonly field: string } =>
  item.field?.startsWith('/mapping') === true;
