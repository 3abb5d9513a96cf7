import type { ConflictView } from '../../../lib/model/conflict-answers.ts';
import { STATE_WORDS } from '../../conflict-words.ts';
import { When } from '../when.tsx';

const WINNER = {
  source: 'The row of the source was taken.',
  target: 'The row of the target was kept.',
  merged: 'The row was put together column by column.',
} as const;

/** Where the value of a column came from; a rule of the config that made one of both goes by its own name. */
const CAME: Readonly<Record<string, string>> = { source: 'from the source', target: 'kept', value: 'typed' };

/** Characters of a value in the sentence about it. */
const SHOWN = 60;

const said = (value: string | null): string =>
  value === null ? 'NULL' : `“${value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value}”`;

interface DecisionProps {
  readonly conflict: ConflictView;
  /** Values of the row as it was written, where they are known. */
  readonly written?: Readonly<Record<string, string | null | undefined>> | undefined;
}

/** What became of a conflict, by whom, and what was written. */
export function DecisionView({ conflict, written: values = {} }: DecisionProps) {
  const { decision } = conflict;
  if (!decision) return <p class="note good">{STATE_WORDS[conflict.state]?.meaning ?? conflict.state}</p>;
  const written =
    decision.before === decision.after
      ? 'Nothing had to be written to the target.'
      : decision.after === null
        ? 'The row was deleted from the target.'
        : decision.before === null
          ? 'The row was inserted into the target.'
          : 'The row of the target was updated.';
  return (
    <section class="note good" aria-label="The decision">
      <p class="what">{WINNER[decision.winner]}</p>
      <p>{written} The source is not written to.</p>
      {decision.fields && (
        <p>
          {Object.entries(decision.fields)
            .map(([column, whose]) => {
              const value = values[column];
              return `${column}: ${value === undefined ? '' : `${said(value)} `}${CAME[whose] ?? whose}`;
            })
            .join(' · ')}
        </p>
      )}
      {decision.note !== undefined && <p>Note: {decision.note}</p>}
      <p class="fine">
        {decision.rule === 'manual' ? 'Decided' : `By ${decision.rule}`} by {decision.actor}, <When at={decision.at} />
      </p>
    </section>
  );
}
