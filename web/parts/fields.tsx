import type { Signal } from '@preact/signals';
import type { InputHTMLAttributes } from 'preact';

interface NoteProps {
  readonly text: string;
  readonly note: Signal<string>;
}

/** A few words of whoever decides. */
export function NoteField({ text, note }: NoteProps) {
  return (
    <label>
      {text}
      <input
        type="text"
        maxLength={2000}
        value={note.value}
        onInput={(event) => {
          note.value = event.currentTarget.value;
        }}
      />
    </label>
  );
}

type FieldProps = Pick<InputHTMLAttributes, 'value' | 'onInput' | 'required'>;

/** The name of something new, as the service takes it: it stands in addresses. */
export function NameField({ text = 'Name', required = true, ...field }: FieldProps & { readonly text?: string }) {
  return (
    <label>
      {text}
      <input
        type="text"
        required={required}
        pattern="\s*[a-z0-9][a-z0-9_\-]*\s*"
        title="Lower case letters, digits, - and _"
        autocomplete="off"
        spellcheck={false}
        {...field}
      />
    </label>
  );
}

type SecretProps = FieldProps & Pick<InputHTMLAttributes, 'placeholder'> & { readonly text: string };

/** What is typed unseen and never read back. */
export function SecretField({ text, ...field }: SecretProps) {
  return (
    <label>
      {text}
      <input type="password" autocomplete="new-password" spellcheck={false} {...field} />
    </label>
  );
}
