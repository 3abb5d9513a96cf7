import type { JobState } from '../../lib/model/job.ts';
import { JOB_WORDS, type Tone } from '../words.ts';

/** Colour alone says nothing to those who do not see it. */
const SIGN: Readonly<Record<Tone, string>> = { waiting: '○', busy: '◐', good: '✓', warning: '!', bad: '✕' };

export function JobStateChip({ state }: { readonly state: JobState }) {
  return <Chip {...JOB_WORDS[state]} />;
}

export interface ChipProps {
  readonly tone: Tone;
  readonly text: string;
  /** What the word means. */
  readonly title?: string;
}

export function Chip({ tone, text, title }: ChipProps) {
  return (
    <span class={`chip ${tone}`} title={title}>
      <span class="sign" aria-hidden="true">
        {SIGN[tone]}
      </span>
      {text}
    </span>
  );
}
