import type { JobState } from '../../lib/model/job.ts';
import { JOB_WORDS, type Tone } from '../words.ts';

/** Colour alone says nothing to those who do not see it. */
const SIGN: Readonly<Record<Tone, string>> = { waiting: '○', busy: '◐', good: '✓', warning: '!', bad: '✕' };

export function JobStateChip({ state }: { readonly state: JobState }) {
  return <Chip {...JOB_WORDS[state]} />;
}

export function Chip({ tone, text }: { readonly tone: Tone; readonly text: string }) {
  return (
    <span class={`chip ${tone}`}>
      <span class="sign" aria-hidden="true">
        {SIGN[tone]}
      </span>
      {text}
    </span>
  );
}
