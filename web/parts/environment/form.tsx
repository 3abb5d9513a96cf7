import { useSignal } from '@preact/signals';
import type { EnvironmentView } from '../../../lib/model/answers.ts';
import { COLOURS, type Colour } from '../../../lib/model/environment.ts';
import { environmentApi, environmentPath } from '../../admin-address.ts';
import { useCommand } from '../../command.ts';
import { namesIn } from '../../list-text.ts';
import { useUi } from '../../ui.ts';
import { Action } from '../action.tsx';
import { NameField, SecretField } from '../fields.tsx';
import { ProblemNote } from '../problem.tsx';

interface FormProps {
  /** Undefined: a new one. */
  readonly from: EnvironmentView | undefined;
  readonly tag: string | undefined;
  readonly onPut?: (jobs: number) => void;
}

/** All of an environment. Its connection can be written and is never read: left empty, it stays. */
export function EnvironmentForm({ from, tag, onPut }: FormProps) {
  const { address } = useUi();
  const { busy, problem, ask } = useCommand();
  const draft = useSignal({
    name: from?.name ?? '',
    connection: '',
    description: from?.description ?? '',
    colour: from?.colour ?? ('grey' as Colour),
    writable: from?.writable ?? false,
    protected: from?.protected ?? false,
    sends_to: (from?.sends_to ?? ['*']).join(', '),
    receives_from: (from?.receives_from ?? ['*']).join(', '),
  });
  type Draft = typeof draft.value;
  const set = <K extends keyof Draft>(name: K, value: Draft[K]) => {
    draft.value = { ...draft.peek(), [name]: value };
  };
  const text = (name: 'name' | 'connection' | 'description' | 'sends_to' | 'receives_from') => ({
    value: draft.value[name],
    onInput: (event: Event) => set(name, (event.currentTarget as HTMLInputElement).value), // its own handler
  });
  const put = async (event: Event) => {
    event.preventDefault();
    const { name, connection, sends_to, receives_from, ...rest } = draft.peek();
    const body = {
      ...rest,
      sends_to: namesIn(sends_to),
      receives_from: namesIn(receives_from),
      ...(connection.trim() !== '' && { connection: connection.trim() }),
    };
    const guard = from ? { ifMatch: tag } : { tag: '*' };
    const answer = await ask<{ readonly jobs: number }>('put', environmentApi(name.trim()), {
      method: 'PUT',
      body,
      ...guard,
    });
    if (answer?.kind !== 'ok') return;
    set('connection', '');
    if (from) onPut?.(answer.body.jobs);
    else address.go(environmentPath(name.trim()));
  };
  return (
    <form onSubmit={put} autocomplete="off">
      <div class="form-columns">
        {!from && <NameField {...text('name')} />}
        <label>
          Description
          <input type="text" maxLength={500} {...text('description')} />
        </label>
        <label>
          Colour
          <select
            value={draft.value.colour}
            onChange={(event) => set('colour', event.currentTarget.value as Colour) /* of the options below */}
          >
            {COLOURS.map((colour) => (
              <option key={colour} value={colour}>
                {colour}
              </option>
            ))}
          </select>
        </label>
      </div>
      <SecretField
        text={from ? 'New connection; left empty, it stays as it is' : 'Connection'}
        required={!from}
        placeholder="postgresql://user:password@host:5432/database?sslmode=verify-full"
        {...text('connection')}
      />
      <p class="fine">It is tried before anything is changed, kept in the secret store, and never shown again.</p>
      <div class="form-columns">
        <label>
          <input
            type="checkbox"
            checked={draft.value.writable}
            onChange={(event) => set('writable', event.currentTarget.checked)}
          />
          Jobs may write to it
        </label>
        <label>
          <input
            type="checkbox"
            checked={draft.value.protected}
            onChange={(event) => set('protected', event.currentTarget.checked)}
          />
          Writing to it needs a second person
        </label>
      </div>
      <div class="form-columns">
        <label>
          Its rows may go to (* is any database)
          <input type="text" spellcheck={false} {...text('sends_to')} />
        </label>
        <label>
          Rows may come from (* is any database)
          <input type="text" spellcheck={false} {...text('receives_from')} />
        </label>
      </div>
      {problem.value && <ProblemNote problem={problem.value} />}
      <Action
        to="putEnvironment"
        type="submit"
        aria-busy={busy.value !== undefined}
        disabled={busy.value !== undefined}
      >
        {from ? 'Save' : 'Try and make it'}
      </Action>
    </form>
  );
}
