import facts from 'virtual:facts';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { EnvironmentView } from '../../../lib/model/answers.ts';
import type { PairView } from '../../../lib/model/fleet-view.ts';
import { environmentsPath } from '../../admin-address.ts';
import { useCommand } from '../../command.ts';
import { pairApi } from '../../fleet/address.ts';
import { namesIn } from '../../list-text.ts';
import { changedIn } from '../../start/request.ts';
import { Action } from '../action.tsx';
import { ConfigTextField, useConfigText } from '../config-text.tsx';
import { EnvironmentOptions } from '../environment/options.tsx';
import { NameField } from '../fields.tsx';
import { ProblemNote } from '../problem.tsx';

interface FormProps {
  /** Undefined: a new one. */
  readonly from: PairView | undefined;
  readonly tag: string | undefined;
  readonly onPut: (name: string, put: { readonly pair: PairView; readonly tag: string | undefined }) => void;
}

/** All of a pair. */
export function PairForm({ from, tag, onPut }: FormProps) {
  const { busy, problem, ask } = useCommand();
  const environments = useEnvironments();
  const config = useConfigText(from && changedIn(from.config, facts.config));
  const draft = useSignal({
    name: from?.name ?? '',
    description: from?.description ?? '',
    groups: (from?.groups ?? []).join(', '),
    source: from?.source_environment ?? '',
    target: from?.target_environment ?? '',
    mode: from?.mode ?? 'incremental',
  });
  const bind = (name: keyof typeof draft.value) => ({
    value: draft.value[name],
    onInput: (event: Event) => {
      draft.value = { ...draft.peek(), [name]: (event.currentTarget as HTMLInputElement).value }; // its own handler
    },
  });
  const put = async (event: Event) => {
    event.preventDefault();
    const { name: typed, source, target, groups, description, mode } = draft.peek();
    const read = config.read();
    if (read === undefined) return;
    const sides = { source_environment: source, target_environment: target };
    const body = { ...sides, description, mode, groups: namesIn(groups), config: read };
    const guard = from ? { ifMatch: tag } : { tag: '*' };
    const name = typed.trim();
    const answer = await ask<PairView>('put', pairApi(name), { method: 'PUT', body, ...guard });
    if (answer?.kind === 'ok') onPut(name, { pair: answer.body, tag: answer.tag });
  };
  return (
    <form onSubmit={put} autocomplete="off">
      <div class="form-columns">
        {!from && <NameField {...bind('name')} />}
        {(['source', 'target'] as const).map((side) => (
          <label key={side}>
            {side === 'source' ? 'From the environment' : 'Into the environment'}
            <select required {...bind(side)}>
              <EnvironmentOptions side={side} environments={environments} chosen={draft.value[side]} />
            </select>
          </label>
        ))}
        <label>
          Mode of its jobs
          <select {...bind('mode')}>
            <option value="incremental">incremental</option>
            <option value="full">full</option>
          </select>
        </label>
        <label>
          Groups, with commas between them
          <input type="text" spellcheck={false} {...bind('groups')} />
        </label>
        <label>
          Description
          <input type="text" maxLength={500} {...bind('description')} />
        </label>
      </div>
      <p class="fine">
        The <a href={environmentsPath}>environments</a> say what may be read and written; a start of the pair checks it,
        keeping it opens no database. What is left out of the configuration has its default.
      </p>
      <ConfigTextField held={config} />
      {problem.value && <ProblemNote problem={problem.value} />}
      <Action to="putPair" type="submit" aria-busy={busy.value !== undefined} disabled={busy.value !== undefined}>
        {from ? 'Save' : 'Keep it'}
      </Action>
    </form>
  );
}

/** All environments, once they are read; that they cannot be, the service says of a PUT too. */
function useEnvironments(): readonly EnvironmentView[] {
  const found = useSignal<readonly EnvironmentView[]>([]);
  const { ask } = useCommand();
  useEffect(() => {
    const read = async () => {
      const answer = await ask<{ environments: readonly EnvironmentView[] }>('list', '/api/sync/environments', {});
      if (answer?.kind === 'ok') found.value = answer.body.environments;
    };
    void read();
  }, []);
  return found.value;
}
