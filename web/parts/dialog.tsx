import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';

interface QuestionProps {
  readonly title: string;
  readonly yes: string;
  readonly no: string;
  readonly danger?: boolean;
  readonly onYes: () => void;
  readonly onNo: () => void;
  readonly children: ComponentChildren;
}

/** A question over the page. Escape is a no; the browser keeps the focus inside and gives it back afterwards. */
export function Question({ title, yes, no, danger, onYes, onNo, children }: QuestionProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => dialog.current?.showModal(), []); // not after the next paint: an Escape until then would be lost
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onYes();
  };
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onNo}>
      <article>
        <h2 id={id}>{title}</h2>
        <form onSubmit={submit}>
          {children}
          <footer>
            <button type="button" class="secondary" onClick={() => dialog.current?.close()}>
              {no}
            </button>
            <button type="submit" class={danger ? 'danger' : ''}>
              {yes}
            </button>
          </footer>
        </form>
      </article>
    </dialog>
  );
}
