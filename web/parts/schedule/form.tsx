import { useSignal } from '@preact/signals';
import type { ScheduleView } from '../../../lib/model/answers.ts';
import { scheduleApi, schedulePath } from '../../admin-address.ts';
import { useCommand } from '../../command.ts';
import { again, sideFields } from '../../schedule-put.ts';
import { useUi } from '../../ui.ts';
import { Action } from '../action.tsx';
import { NameField, SecretField } from '../fields.tsx';
import { ProblemNote } from '../problem.tsx';

interface FormProps {
  /** Undefined: a new one. */
  readonly from: ScheduleView | undefined;
  readonly onPut?: () => void;
}

const ZONES: readonly string[] = Intl.supportedValuesOf('timeZone');

/** All of a schedule. What it connects to can be written and is not read; left empty, it stays. */
export function ScheduleForm({ from, onPut }: FormProps) {
  const { address } = useUi();
  const { busy, problem, ask } = useCommand();
  const unread = useSignal<string | undefined>(undefined);
  const draft = useSignal({
    name: from?.name ?? '',
    expression: from?.expression ?? 'cron(0 2 * * ? *)',
    timezone: from?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'UTC',
    flexible_minutes: String(from?.flexible_minutes ?? 0),
    mode: from?.mode ?? 'incremental',
    overlap: from?.overlap ?? 'skip',
    source: '',
    target: '',
    config: JSON.stringify(from?.config ?? {}, null, 2),
  });
  const bind = (name: keyof typeof draft.value) => ({
    value: draft.value[name],
    onInput: (event: Event) => {
      draft.value = { ...draft.peek(), [name]: (event.currentTarget as HTMLInputElement).value }; // its own handler
    },
  });
  const put = async (event: Event) => {
    event.preventDefault();
    unread.value = undefined;
    const { name, source, target, config, flexible_minutes, ...rest } = draft.peek();
    let read: unknown;
    try {
      read = JSON.parse(config);
    } catch (error) {
      unread.value = error instanceof Error ? error.message : 'It cannot be read.';
      return;
    }
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
        <label>
          When: rate(1 day), or cron(minutes hours day month weekday year)
          <input type="text" required spellcheck={false} {...bind('expression')} />
        </label>
        <label>
          Time zone of cron(...)
          <select {...bind('timezone')}>
            {[...new Set(['UTC', draft.value.timezone, ...ZONES])].map((zone) => (
              <option key={zone} value={zone}>
                {zone}
              </option>
            ))}
          </select>
        </label>
        <label>
          May come so many minutes late
          <input type="number" min={0} max={1440} step={1} required {...bind('flexible_minutes')} />
        </label>
        <label>
          What is started
          <select {...bind('mode')}>
            <option value="incremental">incremental</option>
            <option value="full">full</option>
          </select>
        </label>
        <label>
          While the run before still works
          <select {...bind('overlap')}>
            <option value="skip">leave the run out</option>
            <option value="queue">let it wait</option>
          </select>
        </label>
      </div>
      <div class="form-columns">
        <SecretField text={sideText('Source')} required={!from} {...bind('source')} />
        <SecretField text={sideText('Target')} required={!from} {...bind('target')} />
      </div>
      <label>
        Configuration of the job as JSON
        <textarea
          class="code"
          rows={Math.min(16, draft.value.config.split('\n').length + 1)}
          spellcheck={false}
          {...bind('config')}
        />
      </label>
      {unread.value !== undefined && (
        <p class="note bad" role="alert">
          The configuration is no JSON: {unread.value}
        </p>
      )}
      {problem.value && <ProblemNote problem={problem.value} />}
      <Action to="putSchedule" type="submit" aria-busy={busy.value !== undefined} disabled={busy.value !== undefined}>
        {from ? 'Save' : 'Check and make it'}
      </Action>
    </form>
  );
}
