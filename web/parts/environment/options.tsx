import type { EnvironmentView } from '../../../lib/model/answers.ts';

interface OptionsProps {
  readonly side: 'source' | 'target';
  readonly environments: readonly EnvironmentView[];
}

/** Environments of a `select`. */
export function EnvironmentOptions({ side, environments }: OptionsProps) {
  return (
    <>
      <option value="">{environments.length === 0 ? 'There is none yet' : 'Choose one'}</option>
      {environments.map((e) => (
        <option key={e.name} value={e.name}>
          {e.name} · {e.database} on {e.host}
          {side === 'target' && !e.writable ? ' (read only)' : ''}
        </option>
      ))}
    </>
  );
}
