import type { EnvironmentView, ProblemItem } from '../../../lib/model/answers.ts';
import type { PairEnd } from '../../../lib/model/pair-tables.ts';
import type { Environments } from '../../environments.ts';
import { saidOfSide } from '../../start/field-errors.ts';
import type { SideForm, SideName } from '../../start/request.ts';
import { unread } from '../../start/unread.ts';
import { Copy } from '../copy.tsx';
import { EnvironmentOptions } from '../environment/options.tsx';
import { Chip } from '../state.tsx';
import { FieldErrors } from './errors.tsx';

interface SideProps {
  /** Of its ids, where the page has the side twice. */
  readonly prefix?: string;
  readonly side: SideName;
  readonly form: SideForm;
  readonly environments: Environments;
  /** What the last test found there. */
  readonly end: PairEnd | undefined;
  readonly errors: readonly ProblemItem[];
  readonly onChange: (form: SideForm) => void;
}

const TITLE: Readonly<Record<SideName, string>> = { source: 'Source', target: 'Target' };

/** One database: an environment by its name, or a connection, which is typed unseen and never shown again. */
export function SideFields({ prefix = '', side, form, environments: listed, end, errors, onChange }: SideProps) {
  const own = `${prefix}${side}`;
  const ids = { errors: `${own}-errors`, help: `${own}-help`, field: `${own}-${form.kind}` };
  const environments = listed.body?.environments ?? [];
  const untold = unread(listed);
  const described = { 'aria-invalid': errors.length > 0 || undefined, 'aria-describedby': `${ids.help} ${ids.errors}` };
  return (
    <fieldset class="side-form">
      <legend>{TITLE[side]}</legend>
      <div class="kinds" role="radiogroup" aria-label={`How the ${side} is given`}>
        {(['environment', 'connection'] as const).map((kind) => (
          <label key={kind}>
            <input
              type="radio"
              name={`${own}-kind`}
              checked={form.kind === kind}
              onChange={() => onChange({ ...form, kind })}
            />
            {kind === 'environment' ? 'Environment' : 'Connection URL'}
          </label>
        ))}
      </div>
      {form.kind === 'environment' && untold ? (
        <>
          <label for={ids.field}>{TITLE[side]} environment</label>
          <select id={ids.field} {...described} value="">
            <option value="">{untold.word}</option>
          </select>
          <small id={ids.help}>{untold.why}</small>
        </>
      ) : form.kind === 'environment' ? (
        <>
          <label for={ids.field}>{TITLE[side]} environment</label>
          <select
            id={ids.field}
            {...described}
            value={form.environment}
            onChange={(event) => onChange({ ...form, environment: event.currentTarget.value })}
          >
            <EnvironmentOptions side={side} environments={environments} />
          </select>
          <small id={ids.help}>{environmentHelp(environments, form.environment, side)}</small>
        </>
      ) : (
        <>
          <label for={ids.field}>{TITLE[side]} connection URL</label>
          <input
            id={ids.field}
            type="password"
            autocomplete="off"
            spellcheck={false}
            {...described}
            value={form.connection}
            onInput={(event) => onChange({ ...form, connection: event.currentTarget.value })}
          />
          <small id={ids.help}>
            <code>postgresql://user:password@host:port/database</code>. It goes to the service only, and is gone when
            you leave this page.
          </small>
        </>
      )}
      <FieldErrors id={ids.errors} errors={saidOfSide(errors, side, form.kind)} />
      {end && <EndReport side={side} end={end} />}
    </fieldset>
  );
}

function environmentHelp(all: readonly EnvironmentView[], name: string, side: SideName): string {
  const found = all.find((e) => e.name === name);
  if (!found) return all.length === 0 ? 'An administrator keeps environments; a connection URL works too.' : '';
  const guarded =
    side === 'target' && found.protected ? 'Protected: a second person approves what is written to it.' : '';
  return [found.description, guarded].filter(Boolean).join(' · ');
}

/** More than these are folded, so that the form stays in sight. */
const MOST_OPEN = 8;

function EndReport({ side, end }: { readonly side: SideName; readonly end: PairEnd }) {
  const well = end.problems.length === 0;
  const count = end.problems.length + (end.more ?? 0);
  return (
    <div class="end-report" role="status">
      <p>
        <Chip
          tone={well ? 'good' : 'warning'}
          text={well ? 'Answers, nothing is missing' : `Answers, ${count} missing`}
        />
        <span class="fine">
          {' '}
          {end.database} on {end.host}:{end.port} as {end.user}, PostgreSQL {end.version}
        </span>
      </p>
      {!well && (
        <details open={count <= MOST_OPEN}>
          <summary>What is missing</summary>
          <ul>
            {end.problems.map((p) => (
              <li key={`${p.object} ${p.message}`}>{p.message}</li>
            ))}
          </ul>
          {end.grants.length > 0 && (
            <>
              <p class="with-copy">
                An owner of the {side} runs:
                <Copy text={end.grants.join('\n')} what="the statements" />
              </p>
              <pre>
                <code>{end.grants.join('\n')}</code>
              </pre>
            </>
          )}
        </details>
      )}
    </div>
  );
}
