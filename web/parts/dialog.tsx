import type { ComponentChildren, RefObject } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';

interface ModalProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly dialog: RefObject<HTMLDialogElement | null>;
  readonly children: ComponentChildren;
}

/** What lies over the page. Escape closes it; the browser keeps the focus inside and gives it back afterwards. */
export function Modal({ title, onClose, dialog, children }: ModalProps) {
  const id = useId();
  useLayoutEffect(() => dialog.current?.showModal(), []); // not after the next paint: an Escape until then would be lost
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose}>
      <article>
        <h2 id={id}>{title}</h2>
        {children}
      </article>
    </dialog>
  );
}

export interface Asked {
  readonly title: string;
  readonly yes: string;
  readonly no: string;
  readonly danger?: boolean;
}

interface QuestionProps extends Asked {
  readonly onYes: () => void;
  readonly onNo: () => void;
  readonly children: ComponentChildren;
}

/** A question over the page. Escape is a no. */
export function Question({ title, yes, no, danger, onYes, onNo, children }: QuestionProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    dialog.current?.close(); // what is taken out of the page while it is open gives no focus back
    onYes();
  };
  return (
    <Modal title={title} onClose={onNo} dialog={dialog}>
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
    </Modal>
  );
}
