import type { EnvironmentView } from '../../../lib/model/answers.ts';

interface OptionsProps {
  readonly side: 'source' | 'target';
  readonly environments: readonly EnvironmentView[];
  /** It is among them though it is not known, or not yet. */
  readonly chosen?: string;
}

/** Environments of a `select`. */
export function EnvironmentOptions({ side, environments, chosen = '' }: OptionsProps) {
  return (
    <>
      <option value="">{environments.length === 0 ? 'There is none yet' : 'Choose one'}</option>
      {chosen !== '' && !environments.some(({ name }) => name === chosen) && <option value={chosen}>{chosen}</option>}
      {environments.map((e) => (
        <option key={e.name} value={e.name}>
          {e.name} · {e.database} on {e.host}
          {side === 'target' && !e.writable ? ' (read only)' : ''}
        </option>
      ))}
    </>
  );
}
