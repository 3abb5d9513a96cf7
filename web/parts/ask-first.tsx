import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { noteIn } from '../command.ts';
import { Action, type ActionProps } from './action.tsx';
import { type Asked, Question } from './dialog.tsx';
import { NoteField } from './fields.tsx';

interface AskFirstProps extends Pick<ActionProps, 'to' | 'class' | 'disabled' | 'aria-busy'> {
  /** On the button. */
  readonly text: string;
  readonly asked: Asked;
  /** What stands before the field of a note that is kept with it; absent: there is no such field. */
  readonly noted?: string | undefined;
  readonly onYes: (note: { readonly note?: string }) => void;
  readonly children: ComponentChildren;
}

/** A button whose deed is asked about before it is done. */
export function AskFirst({ text, asked, noted, onYes, children, ...button }: AskFirstProps) {
  const asking = useSignal(false);
  const note = useSignal('');
  return (
    <>
      <Action
        {...button}
        aria-haspopup="dialog"
        onClick={() => {
          asking.value = true;
        }}
      >
        {text}
      </Action>
      {asking.value && (
        <Question
          {...asked}
          onYes={() => {
            asking.value = false;
            onYes(noteIn(note.peek()));
          }}
          onNo={() => {
            asking.value = false;
          }}
        >
          {children}
          {noted !== undefined && <NoteField text={noted} note={note} />}
        </Question>
      )}
    </>
  );
}
