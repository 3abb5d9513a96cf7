import facts from 'virtual:facts';
import type { HeldForm } from '../../start/use-start-form.ts';
import { OptionField } from './options.tsx';

interface AllOptionsProps {
  readonly held: HeldForm;
  /** Fields that have a place of their own on the page, or none. */
  readonly apart: readonly string[];
}

/** Every other field of the config, folded until one is looked for or wrong. */
export function AllOptions({ held: { form, asked, placed, setOption }, apart }: AllOptionsProps) {
  const others = facts.config.filter(({ name }) => !apart.includes(name));
  const changed = others.filter(({ name }) => (form.value.options[name] ?? '') !== '').length;
  const wrong = others.some(({ name }) => placed?.byField.has(`config/${name}`));
  return (
    <details class="options" open={wrong || others.some(({ name }) => asked.unreadable.includes(name)) || undefined}>
      <summary>
        All options <span class="fine">{changed === 0 ? 'all as usual' : `${changed} changed`}</span>
      </summary>
      <div class="option-list">
        {others.map((field) => (
          <OptionField
            key={field.name}
            field={field}
            text={form.value.options[field.name] ?? ''}
            errors={
              asked.unreadable.includes(field.name)
                ? [{ code: 'json', message: 'This is not JSON yet.' }]
                : placed?.byField.get(`config/${field.name}`)
            }
            onChange={(text) => setOption(field.name, text)}
          />
        ))}
      </div>
    </details>
  );
}
