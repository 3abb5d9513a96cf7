import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { ProblemItem } from '../../../lib/model/answers.ts';
import type { MappingView } from '../../../lib/model/stored-mapping.ts';
import { mappingApi, mappingPath } from '../../admin-address.ts';
import { noteIn, useCommand } from '../../command.ts';
import { placeOf } from '../../json-place.ts';
import { useUi } from '../../ui.ts';
import { Action, Needs } from '../action.tsx';
import { NoteField } from '../fields.tsx';
import { ProblemNote } from '../problem.tsx';

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
}

/** The mapping as text. What the service finds wrong is named with its line, and leads there. */
export function MappingEditor({ name, from, tag }: EditorProps) {
  const { address } = useUi();
  const text = useSignal(JSON.stringify(from?.mapping ?? BEGINNING, null, 2));
  const note = useSignal('');
  const unread = useSignal<string | undefined>(undefined);
  const sent = useSignal(''); // what the problems are about
  const field = useRef<HTMLTextAreaElement>(null);
  const { busy, problem, ask } = useCommand();
  const store = async (event: Event) => {
    event.preventDefault();
    unread.value = undefined;
    problem.value = undefined;
    let mapping: unknown;
    try {
      mapping = JSON.parse(text.peek());
    } catch (error) {
      unread.value = error instanceof Error ? error.message : 'It cannot be read.';
      return;
    }
    sent.value = text.peek();
    const answer = await ask<MappingView>('store', mappingApi(name), {
      method: 'PUT',
      body: { mapping, ...noteIn(note.peek()) },
      ...(tag === 'new' ? { tag: '*' } : { ifMatch: tag }),
    });
    if (answer?.kind === 'ok') address.go(mappingPath(name, answer.body.version));
  };
  const show = (at: { readonly from: number; readonly to: number }) => {
    field.current?.focus();
    field.current?.setSelectionRange(at.from, at.to);
  };
  const placed = (problem.value?.errors ?? []).filter(isInMapping);
  return (
    <details class="panel" open={from === undefined}>
      <summary>
        {from ? 'Write the next version' : 'The mapping'}
        <Needs to="putMapping" />
      </summary>
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
          <section class="note bad" role="alert">
            <p class="what">Nothing was stored.</p>
            <ul>
              {placed.map((item) => {
                const place = placeOf(sent.value, item.field.replace(/^\/mapping/, ''));
                return (
                  <li key={item.field}>
                    <button type="button" class="quiet" onClick={() => show(place)}>
                      Line {place.line}
                    </button>{' '}
                    {item.message}
                  </li>
                );
              })}
            </ul>
          </section>
        )}
        {problem.value && placed.length === 0 && <ProblemNote problem={problem.value} />}
        <NoteField text="Note, kept with the version" note={note} />
        <Action to="putMapping" type="submit" aria-busy={busy.value !== undefined} disabled={busy.value !== undefined}>
          Store as a draft
        </Action>
        <p class="fine">It is compared with the databases when a job is started with it, or in a dry run.</p>
      </form>
    </details>
  );
}

const isInMapping = (item: ProblemItem): item is ProblemItem & { readonly field: string } =>
  item.field?.startsWith('/mapping') === true;
