import { useSignal } from '@preact/signals';
import type { ScheduleView } from '../../../lib/model/answers.ts';
import { scheduleApi, schedulePath } from '../../admin-address.ts';
import { useCommand } from '../../command.ts';
import { again, sideFields } from '../../schedule-put.ts';
import { usualTiming } from '../../timing.ts';
import { useUi } from '../../ui.ts';
import { Action } from '../action.tsx';
import { ConfigTextField, useConfigText } from '../config-text.tsx';
import { NameField, SecretField } from '../fields.tsx';
import { ProblemNote } from '../problem.tsx';
import { TimingFields } from './timing.tsx';

interface FormProps {
  /** Undefined: a new one. */
  readonly from: ScheduleView | undefined;
  readonly onPut?: () => void;
}

/** All of a schedule. What it connects to can be written and is not read; left empty, it stays. */
export function ScheduleForm({ from, onPut }: FormProps) {
  const { address } = useUi();
  const { busy, problem, ask } = useCommand();
  const config = useConfigText(from?.config);
  const draft = useSignal({
    name: from?.name ?? '',
    ...usualTiming(),
    ...(from && {
      expression: from.expression,
      timezone: from.timezone,
      flexible_minutes: String(from.flexible_minutes),
      overlap: from.overlap,
    }),
    mode: from?.mode ?? 'incremental',
    source: '',
    target: '',
  });
  const bind = (name: keyof typeof draft.value) => ({
    value: draft.value[name],
    onInput: (event: Event) => {
      draft.value = { ...draft.peek(), [name]: (event.currentTarget as HTMLInputElement).value }; // its own handler
    },
  });
  const put = async (event: Event) => {
    event.preventDefault();
    const { name, source, target, flexible_minutes, ...rest } = draft.peek();
    const read = config.read();
    if (read === undefined) return;
    const body = {
      ...(from && again(from)),
      ...rest,
      flexible_minutes: Number(flexible_minutes),
      config: read,
      ...sideFields('source', source),
      ...sideFields('target', target),
    };
    const answer = await ask<ScheduleView>('put', scheduleApi(name.trim()), { method: 'PUT', body });
    if (answer?.kind !== 'ok') return;
    if (from) onPut?.();
    else address.go(schedulePath(name.trim()));
  };
  const sideText = (side: string) =>
    `${side}: an environment, or postgresql://…${from ? '; both empty: as they are' : ''}`;
  return (
    <form onSubmit={put} autocomplete="off">
      <div class="form-columns">
        {!from && <NameField {...bind('name')} />}
        <TimingFields
          draft={draft.value}
          onInput={(field, value) => {
            draft.value = { ...draft.peek(), [field]: value };
          }}
        />
        <label>
          What is started
          <select {...bind('mode')}>
            <option value="incremental">incremental</option>
            <option value="full">full</option>
          </select>
        </label>
      </div>
      <div class="form-columns">
        <SecretField text={sideText('Source')} required={!from} {...bind('source')} />
        <SecretField text={sideText('Target')} required={!from} {...bind('target')} />
      </div>
      <ConfigTextField held={config} />
      {problem.value && <ProblemNote problem={problem.value} />}
      <Action to="putSchedule" type="submit" aria-busy={busy.value !== undefined} disabled={busy.value !== undefined}>
        {from ? 'Save' : 'Check and make it'}
      </Action>
    </form>
  );
}
