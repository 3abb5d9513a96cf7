import { useSignal } from '@preact/signals';
import type { MappingPreview, Suggestion } from '../../../lib/model/suggestion.ts';
import { mappingPath } from '../../admin-address.ts';
import { useCommand } from '../../command.ts';
import { Action, Needs } from '../action.tsx';
import { NameField, SecretField } from '../fields.tsx';
import { ProblemNote } from '../problem.tsx';

/** Asks the service to propose a mapping for two databases. What it stores is a draft; some rows show what it would make. */
export function ProposeMapping() {
  const { busy, problem, ask } = useCommand();
  const found = useSignal<Suggestion | undefined>(undefined);
  const draft = useSignal({ name: '', source_connection: '', target_connection: '' });
  const options = useSignal({ mask: true, samples: false, model: true });
  const text = (name: keyof typeof draft.value) => ({
    required: true,
    spellcheck: false,
    value: draft.value[name],
    onInput: (event: Event) => {
      draft.value = { ...draft.peek(), [name]: (event.currentTarget as HTMLInputElement).value.trim() }; // its own handler
    },
  });
  const tick = (name: keyof typeof options.value) => ({
    type: 'checkbox' as const,
    checked: options.value[name],
    onChange: (event: Event) => {
      options.value = { ...options.peek(), [name]: (event.currentTarget as HTMLInputElement).checked };
    },
  });
  const propose = async (event: Event) => {
    event.preventDefault();
    found.value = undefined;
    const body = { ...draft.peek(), ...options.peek() };
    const answer = await ask<Suggestion>('propose', '/api/sync/mappings/suggest', { method: 'POST', body });
    if (answer?.kind !== 'ok') return;
    found.value = answer.body;
    draft.value = { ...draft.peek(), source_connection: '', target_connection: '' };
  };
  return (
    <details class="panel">
      <summary>
        Have one proposed
        <Needs to="suggestMapping" />
      </summary>
      <form onSubmit={propose} autocomplete="off">
        <div class="form-columns">
          <NameField {...text('name')} />
          <SecretField text="Source connection" {...text('source_connection')} />
          <SecretField text="Target connection" {...text('target_connection')} />
        </div>
        <label>
          <input {...tick('mask')} /> Mask columns that seem to hold personal data
        </label>
        <label>
          <input {...tick('samples')} /> Look at values of both databases too; none is sent to a language model
        </label>
        <label>
          <input {...tick('model')} /> Ask the language model of this service, if it has one; it gets names, and no
          value
        </label>
        {problem.value && <ProblemNote problem={problem.value} />}
        <Action
          to="suggestMapping"
          type="submit"
          aria-busy={busy.value !== undefined}
          disabled={busy.value !== undefined}
        >
          Propose
        </Action>
      </form>
      {found.value && <Proposal proposal={found.value} />}
    </details>
  );
}

function Proposal({ proposal: p }: { readonly proposal: Suggestion }) {
  const { source, target } = p.unmatched_tables;
  return (
    <section class="proposal" aria-labelledby="proposal-title">
      <h2 id="proposal-title">
        <a href={mappingPath(p.name, p.version)}>
          {p.name}, version {p.version}
        </a>
      </h2>
      <p role="status">
        A draft, proposed by {p.model === null ? 'rules' : `rules and ${p.model}`}. Nobody uses it until it is approved.
      </p>
      {p.notes.map((note) => (
        <p class="fine">{note}</p>
      ))}
      {target.length > 0 && <p>Tables of the target without a source: {target.join(', ')}</p>}
      {source.length > 0 && <p>Tables of the source that go nowhere: {source.join(', ')}</p>}
      <ul class="plain">
        {p.tables.map(({ table, from, confidence }) => (
          <li key={table}>
            <strong>{table}</strong> from {from}, {Math.round(confidence * 100)} % sure
          </li>
        ))}
      </ul>
      {p.preview.map((preview) => (
        <Preview key={preview.table} preview={preview} />
      ))}
    </section>
  );
}

function Preview({ preview: { table, columns, rows, hidden } }: { readonly preview: MappingPreview }) {
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard */}
      <section class="scroll" aria-label={`Rows of ${table} as they would arrive`} tabIndex={0}>
        <table class="made">
          <caption>
            <strong>{table}</strong>, rows as they would arrive
          </caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr>
                {row.map((value) => (
                  <td>{value ?? <em>NULL</em>}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {rows.length === 0 && <p class="fine">The source has no rows of it.</p>}
      {hidden.length > 0 && <p class="fine">Not shown, because not masked: {hidden.join(', ')}</p>}
    </>
  );
}
