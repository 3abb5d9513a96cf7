import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { MappingView } from '../../../lib/model/stored-mapping.ts';
import { mappingApi, mappingPath } from '../../admin-address.ts';
import { noteIn, useCommand } from '../../command.ts';
import type { Place } from '../../json-place.ts';
import { useKeptText } from '../../kept-text.ts';
import type { Checked } from '../../mapping/checked.ts';
import type { HeldSides } from '../../mapping/use-sides.ts';
import { useUi } from '../../ui.ts';
import { useUnsaved } from '../../unsaved.tsx';
import { Action, Needs } from '../action.tsx';
import { NoteField } from '../fields.tsx';
import { ProblemNote } from '../problem.tsx';
import { CheckMapping, isInMapping, Misplaced, parsed } from './check.tsx';

/** What a new mapping begins with: one table, by its parts. */
const BEGINNING = {
  'schema.table_of_the_target': { from: 'schema.table_of_the_source', columns: { column: 'column_of_the_source' } },
};

interface EditorProps {
  readonly name: string;
  /** The version that is written anew; undefined: a new name. */
  readonly from: MappingView | undefined;
  /** Its ETag: where somebody has stored another version since, nothing is stored. `new`: there must be none yet. */
  readonly tag: string | undefined;
  readonly sides: HeldSides;
}

/** The mapping as text. What the service finds wrong is named with its line, and leads there. */
export function MappingEditor({ name, from, tag, sides }: EditorProps) {
  const { address } = useUi();
  const beginning = JSON.stringify(from?.mapping ?? BEGINNING, null, 2);
  const { text, found, reset, forget } = useKeptText(`mapping.${name}.${from?.version ?? 'new'}`, beginning);
  const opened = useRef(from === undefined || found.peek());
  const kept = useSignal(beginning); // what somebody has stored
  const checked = useSignal<Checked | undefined>(undefined);
  const leaving = useUnsaved(() => text.peek() !== kept.peek(), 'what you are writing', forget);
  const note = useSignal('');
  const unread = useSignal<string | undefined>(undefined);
  const sent = useSignal(''); // what the problems are about
  const field = useRef<HTMLTextAreaElement>(null);
  const { busy, problem, ask } = useCommand();
  const store = async (event: Event) => {
    event.preventDefault();
    unread.value = undefined;
    problem.value = undefined;
    const read = parsed(text.peek());
    if ('wrong' in read) {
      unread.value = read.wrong;
      return;
    }
    sent.value = text.peek();
    const answer = await ask<MappingView>('store', mappingApi(name), {
      method: 'PUT',
      body: { mapping: read.mapping, ...noteIn(note.peek()) },
      ...(tag === 'new' ? { tag: '*' } : { ifMatch: tag }),
    });
    if (answer?.kind !== 'ok') return;
    kept.value = sent.peek();
    forget();
    address.go(mappingPath(name, answer.body.version));
  };
  const show = (at: Place) => {
    field.current?.focus();
    field.current?.setSelectionRange(at.from, at.to);
  };
  const placed = (problem.value?.errors ?? []).filter(isInMapping);
  return (
    <>
      {leaving}
      <details class="panel" open={opened.current}>
        <summary>
          {from ? 'Write the next version' : 'The mapping'}
          <Needs to="putMapping" />
        </summary>
        {found.value && (
          <p class="note warning" role="status">
            This is what you had written here before.{' '}
            <button type="button" class="quiet" onClick={reset}>
              Begin again
            </button>
          </p>
        )}
        <form onSubmit={store}>
          <label>
            Mapping as JSON
            <textarea
              ref={field}
              class="code"
              rows={Math.min(30, text.value.split('\n').length + 2)}
              spellcheck={false}
              value={text.value}
              aria-invalid={unread.value !== undefined || placed.length > 0 || undefined}
              onInput={(event) => {
                text.value = event.currentTarget.value;
              }}
            />
          </label>
          {unread.value !== undefined && (
            <p class="note bad" role="alert">
              It is no JSON: {unread.value}
            </p>
          )}
          {problem.value && placed.length > 0 && (
            <Misplaced what="Nothing was stored." items={placed} text={sent.value} show={show} />
          )}
          {problem.value && placed.length === 0 && <ProblemNote problem={problem.value} />}
          <NoteField text="Note, kept with the version" note={note} />
          <Action
            to="putMapping"
            type="submit"
            aria-busy={busy.value !== undefined}
            disabled={busy.value !== undefined}
          >
            Store as a draft
          </Action>
          <p class="fine">
            A draft does nothing until it is approved. Check it before, against two databases; a start does it too.
          </p>
        </form>
        <CheckMapping sides={sides} text={text.value} show={show} checked={checked} />
      </details>
    </>
  );
}
