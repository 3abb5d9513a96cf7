import { useRef } from 'preact/hooks';
import { keysOn, setKeysOn } from '../keys.ts';
import { Modal } from './dialog.tsx';

interface KeyHelpProps {
  /** What each key does, in the order in which it is said. */
  readonly keys: readonly (readonly [key: string, does: string])[];
  readonly onClose: () => void;
}

/** The keys of a page, and the way to turn them off. */
export function KeyHelp({ keys, onClose }: KeyHelpProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  return (
    <Modal title="Keys" onClose={onClose} dialog={dialog}>
      <dl class="keys">
        {keys.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <label>
        <input type="checkbox" checked={keysOn.value} onChange={(event) => setKeysOn(event.currentTarget.checked)} />
        Single keys are commands
      </label>
      <footer>
        <button type="button" class="secondary" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </footer>
    </Modal>
  );
}
