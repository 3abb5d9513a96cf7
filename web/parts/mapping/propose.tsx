import { useSignal } from '@preact/signals';
import type { Suggestion } from '../../../lib/model/suggestion.ts';
import { mappingPath } from '../../admin-address.ts';
import { useCommand } from '../../command.ts';
import { SIDE_FIELDS, useSides, withoutConnections } from '../../mapping/use-sides.ts';
import { placeErrors } from '../../start/field-errors.ts';
import { pairBody } from '../../start/request.ts';
import { Action, Needs } from '../action.tsx';
import { BothSides } from '../both-sides.tsx';
import { NameField } from '../fields.tsx';
import { ProblemNote } from '../problem.tsx';
import { Preview } from './preview.tsx';

/** Asks the service to propose a mapping for two databases. What it stores is a draft; some rows show what it would make. */
export function ProposeMapping() {
  const { busy, problem, ask } = useCommand();
  const found = useSignal<Suggestion | undefined>(undefined);
  const name = useSignal('');
  const sides = useSides();
  const options = useSignal({ mask: true, samples: false, model: true });
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
    const body = { name: name.peek().trim(), ...pairBody(sides.form.peek()), ...options.peek() };
    const answer = await ask<Suggestion>('propose', '/api/sync/mappings/suggest', { method: 'POST', body });
    if (answer?.kind !== 'ok') return;
    found.value = answer.body;
    sides.form.value = withoutConnections(sides.form.peek());
  };
  const placed = problem.value && placeErrors(problem.value, SIDE_FIELDS);
  return (
    <details class="panel">
      <summary>
        Have one proposed
        <Needs to="suggestMapping" />
      </summary>
      <form onSubmit={propose} autocomplete="off">
        <NameField
          value={name.value}
          onInput={(event) => {
            name.value = event.currentTarget.value;
          }}
        />
        <BothSides sides={sides} errors={placed?.byField} />
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
        {placed?.rest && <ProblemNote problem={placed.rest} />}
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
