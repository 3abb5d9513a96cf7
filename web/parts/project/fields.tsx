import type { ProblemItem } from '../../../lib/model/answers.ts';
import { errorsByField, type ProjectDraft, type ProjectField } from '../../project/draft.ts';
import { FieldErrors } from '../start/errors.tsx';

interface FieldsProps {
  readonly draft: ProjectDraft;
  /** Tables that are offered as root. */
  readonly tables: readonly string[];
  /** The conditions are no JSON yet. */
  readonly unreadable: boolean;
  readonly errors: readonly ProblemItem[];
  readonly onChange: (draft: ProjectDraft) => void;
}

/** Which rows make up the project. */
export function ProjectFields({ draft, tables, unreadable, errors, onChange }: FieldsProps) {
  const wrong = errorsByField(errors);
  const described = (field: ProjectField) => ({
    id: `project-${field}`,
    'aria-invalid': wrong.has(field) || undefined,
    'aria-describedby': `project-${field}-help project-${field}-errors`,
    spellcheck: false,
    autocomplete: 'off',
  });
  const said = (field: ProjectField) => <FieldErrors id={`project-${field}-errors`} errors={wrong.get(field)} />;
  const typed = (name: 'root' | 'keys' | 'where' | 'include' | 'exclude' | 'depth') => ({
    value: draft[name],
    onInput: (event: Event) => onChange({ ...draft, [name]: (event.currentTarget as HTMLInputElement).value }), // its own handler
  });
  return (
    <section aria-labelledby="project-title" class="project-form">
      <h2 id="project-title">Project</h2>
      <FieldErrors id="project-errors" errors={wrong.get('whole')} />
      <div class="sides">
        <fieldset class="side-form">
          <legend>Root rows</legend>
          <label for="project-root">Root table</label>
          <input
            type="text"
            required
            list="root-tables"
            placeholder="public.parcels"
            {...described('root')}
            {...typed('root')}
          />
          <datalist id="root-tables">
            {tables.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
          {said('root')}
          <small id="project-root-help">The table that the project begins with, schema.table.</small>
          <div class="kinds" role="radiogroup" aria-label="How its rows are named">
            {(['key', 'where'] as const).map((by) => (
              <label key={by}>
                <input
                  type="radio"
                  name="root-by"
                  checked={draft.by === by}
                  onChange={() => onChange({ ...draft, by })}
                />
                {by === 'key' ? 'By key' : 'By conditions'}
              </label>
            ))}
          </div>
          {draft.by === 'key' ? (
            <>
              <label for="project-key">Key values</label>
              <textarea rows={2} placeholder="7" {...described('key')} {...typed('keys')} />
              {said('key')}
              <small id="project-key-help">
                One a line. Of several columns: <code>{'{"parcel_id": 7, "tax_year": 2026}'}</code>
              </small>
            </>
          ) : (
            <>
              <label for="project-where">Conditions</label>
              <textarea
                rows={3}
                placeholder={'[{"column": "tax_district_id", "op": "eq", "value": 3}]'}
                {...described('where')}
                {...typed('where')}
              />
              {unreadable && (
                <p class="field-errors" role="alert">
                  This is not JSON yet.
                </p>
              )}
              {said('where')}
              <small id="project-where-help">
                A list as JSON, all of which must hold: <code>eq</code>, <code>ne</code>, <code>lt</code>,{' '}
                <code>lte</code>, <code>gt</code>, <code>gte</code>, <code>in</code>, <code>is_null</code>,{' '}
                <code>not_null</code>.
              </small>
            </>
          )}
        </fieldset>
        <fieldset class="side-form">
          <legend>What comes along</legend>
          {(
            [
              ['include', 'Only these child tables', 'One a line; empty: all that refer to rows of the project.'],
              ['exclude', 'Not these tables', 'One a line. They take no part, neither as children nor as parents.'],
            ] as const
          ).map(([name, label, help]) => (
            <div key={name}>
              <label for={`project-${name}`}>{label}</label>
              <textarea rows={2} {...described(name)} {...typed(name)} />
              {said(name)}
              <small id={`project-${name}-help`}>{help}</small>
            </div>
          ))}
          <div class="form-columns">
            <div>
              <label for="project-depth">Depth</label>
              <input type="text" inputMode="numeric" placeholder="all" {...described('depth')} {...typed('depth')} />
              {said('depth')}
              <small id="project-depth-help">Foreign keys below the root; 0: the root alone.</small>
            </div>
            <div>
              <label for="project-parents">Parents</label>
              <select
                {...described('parents')}
                value={draft.parents}
                onChange={(event) => onChange({ ...draft, parents: event.currentTarget.value })}
              >
                <option value="insert">insert (default)</option>
                <option value="update">update</option>
              </select>
              {said('parents')}
              <small id="project-parents-help">Add those that are missing, or follow their changes too.</small>
            </div>
          </div>
        </fieldset>
      </div>
    </section>
  );
}
