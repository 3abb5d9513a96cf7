import type { ProblemItem } from '../../../lib/model/answers.ts';

/** What the service says of one field; the field's `aria-describedby` names `id`. */
export function FieldErrors({
  id,
  errors,
}: {
  readonly id: string;
  readonly errors: readonly ProblemItem[] | undefined;
}) {
  if (!errors || errors.length === 0) return null;
  return (
    <div id={id} class="field-errors" role="alert">
      {errors.map((e) => (
        <p key={`${e.code} ${e.message}`}>
          {[e.object, e.message].filter(Boolean).join(': ')} <code>{e.code}</code>
          {e.hint !== undefined && <span class="hint">{e.hint}</span>}
        </p>
      ))}
    </div>
  );
}
