import type { JobMode } from '../../../lib/model/job.ts';
import type { ConfigField, StrategyHelp } from '../../../lib/model/web-facts.ts';

interface StrategyProps {
  readonly legend: string;
  readonly field: ConfigField | undefined;
  readonly help: readonly StrategyHelp[];
  readonly mode: JobMode;
  readonly text: string;
  readonly onChange: (text: string) => void;
}

/** Choices of one kind, each with what it does and costs. */
export function StrategyChoice({ legend, field, help, mode, text, onChange }: StrategyProps) {
  const usual = String(field?.default);
  const chosen = text === '' ? usual : text;
  return (
    <fieldset class="strategies">
      <legend>{legend}</legend>
      {help.map(({ name, summary, reads }) => (
        <label key={name} class={name === chosen ? 'chosen' : ''}>
          <input
            type="radio"
            name={field?.name}
            value={name}
            checked={name === chosen}
            onChange={() => onChange(name === usual ? '' : name)}
          />
          <span>
            <strong>{name}</strong>
            {name === usual && <span class="fine"> default</span>}
            <span class="about">{summary}</span>
            {reads && <span class="fine">Reads {(mode === 'incremental' && reads.incremental) || reads.full}.</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
