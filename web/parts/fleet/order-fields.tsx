import type { Signal } from '@preact/signals';
import type { OrderDraft } from '../../fleet/order-draft.ts';
import { ACTION_WORDS, ACTIONS } from '../../fleet/words.ts';
import { TimingFields } from '../schedule/timing.tsx';

interface DraftProps {
  readonly draft: Signal<OrderDraft>;
}

const set = (draft: Signal<OrderDraft>, over: Partial<OrderDraft>) => {
  draft.value = { ...draft.peek(), ...over };
};

/** What is to be done with each pair, and how. */
export function OrderFields({ draft }: DraftProps) {
  const { action, timing } = draft.value;
  return (
    <>
      <ActionChoice draft={draft} />
      {action === 'start' && <StartFields draft={draft} />}
      {action === 'schedule' && (
        <div class="form-columns">
          <TimingFields
            draft={timing}
            onInput={(field, value) => set(draft, { timing: { ...draft.peek().timing, [field]: value } })}
          />
        </div>
      )}
    </>
  );
}

function ActionChoice({ draft }: DraftProps) {
  return (
    <fieldset>
      <legend>What</legend>
      {ACTIONS.map((action) => (
        <label key={action}>
          <input
            type="radio"
            name="action"
            checked={draft.value.action === action}
            onChange={() => set(draft, { action })}
          />
          {ACTION_WORDS[action].text} <span class="fine">{ACTION_WORDS[action].meaning}</span>
        </label>
      ))}
    </fieldset>
  );
}

function StartFields({ draft }: DraftProps) {
  const { mode, dryRun, atOnce } = draft.value;
  return (
    <>
      <div class="form-columns">
        <label>
          Mode
          <select
            value={mode}
            onChange={
              (event) => set(draft, { mode: event.currentTarget.value as OrderDraft['mode'] }) /* of those below */
            }
          >
            <option value="">as each pair has it</option>
            <option value="incremental">incremental</option>
            <option value="full">full</option>
          </select>
        </label>
        <label>
          So many of its jobs work at once
          <input
            type="number"
            min={1}
            max={500}
            step={1}
            required
            value={atOnce}
            onInput={(event) => set(draft, { atOnce: event.currentTarget.value })}
          />
        </label>
      </div>
      <label>
        <input
          type="checkbox"
          checked={dryRun}
          onChange={(event) => set(draft, { dryRun: event.currentTarget.checked })}
        />
        Dry run: only say what would change
      </label>
    </>
  );
}
