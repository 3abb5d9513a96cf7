import type { ProblemItem } from '../../../lib/model/answers.ts';
import type { ConfigField } from '../../../lib/model/web-facts.ts';
import { FieldErrors } from './errors.tsx';

interface OptionProps {
  readonly field: ConfigField;
  /** What was typed; '' is the default. */
  readonly text: string;
  readonly errors: readonly ProblemItem[] | undefined;
  readonly onChange: (text: string) => void;
}

const spelled = (value: unknown): string =>
  value === undefined ? 'none' : typeof value === 'object' ? JSON.stringify(value) : String(value);

/** One field of the config, as the API describes it, with its default in sight. */
export function OptionField({ field, text, errors, onChange }: OptionProps) {
  const id = `option-${field.name}`;
  const bounds = field.minimum === undefined ? '' : `${field.minimum} to ${field.maximum}. `;
  return (
    <div class={`option ${text === '' ? '' : 'changed'}`}>
      <label for={id}>
        <code>{field.name}</code>
      </label>
      <Control id={id} field={field} text={text} invalid={errors !== undefined} onChange={onChange} />
      <FieldErrors id={`${id}-errors`} errors={errors} />
      <small id={`${id}-help`}>
        {field.description}{' '}
        <span class="default">
          {bounds}Default {spelled(field.default)}.
        </span>
      </small>
    </div>
  );
}

interface ControlProps extends Omit<OptionProps, 'errors'> {
  readonly id: string;
  readonly invalid: boolean;
}

function Control({ id, field, text, invalid, onChange }: ControlProps) {
  const common = { id, 'aria-invalid': invalid || undefined, 'aria-describedby': `${id}-help ${id}-errors` };
  const words = field.kind === 'boolean' ? ['false', 'true'] : field.words;
  if (words) {
    const usual = String(field.default);
    return (
      <select
        {...common}
        value={text === '' ? usual : text}
        onChange={({ currentTarget: { value } }) => onChange(value === usual ? '' : value)}
      >
        {words.map((word) => (
          <option key={word} value={word}>
            {word}
            {word === usual ? ' (default)' : ''}
          </option>
        ))}
      </select>
    );
  }
  const typed = { ...common, value: text, placeholder: spelled(field.default), spellcheck: false };
  if (field.kind === 'json')
    return <textarea {...typed} rows={text === '' ? 1 : 4} onInput={(event) => onChange(event.currentTarget.value)} />;
  const mode = field.kind === 'text' ? 'text' : field.kind === 'integer' ? 'numeric' : 'decimal';
  return (
    <input
      {...typed}
      type="text"
      inputMode={mode}
      autocomplete="off"
      onInput={(event) => onChange(event.currentTarget.value)}
    />
  );
}
