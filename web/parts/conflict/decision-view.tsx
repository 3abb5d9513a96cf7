import type { ConflictView } from '../../../lib/model/conflict-answers.ts';
import { STATE_WORDS } from '../../conflict-words.ts';
import { When } from '../when.tsx';

const WINNER = {
  source: 'The row of the source was taken.',
  target: 'The row of the target was kept.',
  merged: 'The row was put together column by column.',
} as const;

/** What became of a conflict, by whom, and what was written. */
export function DecisionView({ conflict }: { readonly conflict: ConflictView }) {
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
            .map(([column, whose]) => `${column}: ${whose}`)
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
