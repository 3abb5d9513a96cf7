import { type Signal, useSignal } from '@preact/signals';

/** The config of a job as somebody types it. */
export interface ConfigText {
  readonly text: Signal<string>;
  /** Why the text is no JSON. */
  readonly unread: Signal<string | undefined>;
  /** What the text says; undefined where it is no JSON, which is then said. */
  read(): unknown;
}

export function useConfigText(from: object | undefined): ConfigText {
  const text = useSignal(JSON.stringify(from ?? {}, null, 2));
  const unread = useSignal<string | undefined>(undefined);
  const read = (): unknown => {
    unread.value = undefined;
    try {
      return JSON.parse(text.peek());
    } catch (error) {
      unread.value = error instanceof Error ? error.message : 'It cannot be read.';
      return undefined;
    }
  };
  return { text, unread, read };
}

/** Most lines that are shown at once. */
const MOST_ROWS = 16;

export function ConfigTextField({ held: { text, unread } }: { readonly held: ConfigText }) {
  return (
    <>
      <label>
        Configuration of the job as JSON
        <textarea
          class="code"
          rows={Math.min(MOST_ROWS, text.value.split('\n').length + 1)}
          spellcheck={false}
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value;
          }}
        />
      </label>
      {unread.value !== undefined && (
        <p class="note bad" role="alert">
          The configuration is no JSON: {unread.value}
        </p>
      )}
    </>
  );
}
