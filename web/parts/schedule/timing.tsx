import type { TimingDraft } from '../../timing.ts';

const ZONES: readonly string[] = Intl.supportedValuesOf('timeZone');

interface TimingProps {
  readonly draft: TimingDraft;
  readonly onInput: (name: keyof TimingDraft, value: string) => void;
}

/** When something runs, how late that may be, and what happens while the run before still works. */
export function TimingFields({ draft, onInput }: TimingProps) {
  const bind = (name: keyof TimingDraft) => ({
    value: draft[name],
    onInput: (event: Event) => onInput(name, (event.currentTarget as HTMLInputElement).value), // its own handler
  });
  return (
    <>
      <label>
        When: rate(1 day), or cron(minutes hours day month weekday year)
        <input type="text" required spellcheck={false} {...bind('expression')} />
      </label>
      <label>
        Time zone of cron(...)
        <select {...bind('timezone')}>
          {[...new Set(['UTC', draft.timezone, ...ZONES])].map((zone) => (
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
        While the run before still works
        <select {...bind('overlap')}>
          <option value="skip">leave the run out</option>
          <option value="queue">let it wait</option>
        </select>
      </label>
    </>
  );
}
