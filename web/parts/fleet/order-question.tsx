import type { FleetPreview } from '../../../lib/model/fleet-view.ts';
import type { OrderDraft } from '../../fleet/order-draft.ts';
import { ACTION_WORDS, pairsText } from '../../fleet/words.ts';
import { Question } from '../dialog.tsx';

/** What was counted. `before`: what somebody had agreed to, where it was another count by then. */
export interface Counted extends FleetPreview {
  readonly before?: number;
}

interface QuestionProps {
  readonly counted: Counted;
  readonly draft: OrderDraft;
  readonly onYes: (agreed: number) => void;
  readonly onNo: () => void;
}

/** Asks whether it shall be done with those that were counted. */
export function OrderQuestion({
  counted: { count, pairs, before },
  draft: { action, dryRun },
  onYes,
  onNo,
}: QuestionProps) {
  const { text, meaning, danger } = ACTION_WORDS[action];
  return (
    <Question
      title={`${text} ${pairsText(count)}?`}
      yes={`${text} ${pairsText(count)}`}
      no="Leave them as they are"
      {...(danger && { danger })}
      onYes={() => onYes(count)}
      onNo={onNo}
    >
      {before !== undefined && (
        <p class="note warning" role="alert">
          Nothing was done: {pairsText(before)} had been counted, and {count} {count === 1 ? 'is' : 'are'} meant now.
        </p>
      )}
      <p>
        {meaning}
        {action === 'start' && dryRun && ' Dry: nothing is written.'}
      </p>
      <p>
        {pairs.join(', ')}
        {count > pairs.length && `, and ${count - pairs.length} more`}
      </p>
    </Question>
  );
}
