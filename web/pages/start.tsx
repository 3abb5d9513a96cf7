import facts from 'virtual:facts';
import { useEffect } from 'preact/hooks';
import { JOB_MODES, type JobMode } from '../../lib/model/job.ts';
import { Action, Needs } from '../parts/action.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { Commands } from '../parts/start/commands.tsx';
import { OptionField } from '../parts/start/options.tsx';
import { TablePicker } from '../parts/start/picker.tsx';
import { SideFields } from '../parts/start/side.tsx';
import { StrategyChoice } from '../parts/start/strategy.tsx';
import { SIDES } from '../start/request.ts';
import { useStartForm } from '../start/use-start-form.ts';

/** Fields of the config that have a place of their own on the page. */
const APART = ['detection_strategy', 'conflict_strategy', 'tables', 'dry_run'];
const fieldNamed = (name: string) => facts.config.find((field) => field.name === name);

const MODE_HELP: Readonly<Record<JobMode, string>> = {
  full: 'Compares everything, and makes the target follow the source.',
  incremental: 'Does the same with what changed since the last success, as far as the strategy can tell.',
};

type Held = ReturnType<typeof useStartForm>;

/** Starts a job: databases, tables, options; with a test of both ends and a dry run before anything is written. */
export function StartPage() {
  const held = useStartForm();
  const { listing, placed, starting, testing, start, form, asked } = held;
  useEffect(() => {
    document.title = 'Start a job · TerraFusion Sync';
  }, []);
  const busy = (starting.busy.value ?? testing.busy.value) !== undefined;
  const blocked = asked.unreadable.length > 0 || (held.pair.value !== undefined && held.picked.value.size === 0);
  return (
    <form
      class="start"
      onSubmit={(event) => {
        event.preventDefault();
        void start(false);
      }}
    >
      <div class="heading">
        <h1>Start a job</h1>
        <Needs to={form.value.mode} />
      </div>
      {listing.problem.value && <ProblemNote problem={listing.problem.value} />}
      <Databases held={held} />
      <Tables held={held} />
      <How held={held} />
      <Options held={held} />
      <section class="go" aria-label="Start">
        {placed?.rest && <ProblemNote problem={placed.rest} />}
        {placed && !placed.rest && (
          <p class="note bad" role="alert">
            The service refused this: see the fields above.
          </p>
        )}
        {held.pair.value !== undefined && held.picked.value.size === 0 && (
          <p class="note warning">No table is picked.</p>
        )}
        <div class="buttons">
          <Action
            to={form.value.mode}
            type="submit"
            disabled={busy || blocked}
            aria-busy={starting.busy.value !== undefined}
          >
            Start
          </Action>
          <Action to={form.value.mode} class="secondary" disabled={busy || blocked} onClick={() => void start(true)}>
            Dry run
          </Action>
          <span class="fine">A dry run does everything but write: it ends with what would change.</span>
        </div>
        <Commands form={form.value} config={asked.config} />
      </section>
    </form>
  );
}

function Databases({ held }: { readonly held: Held }) {
  const { form, pair, environments, placed, testing, setSide, swap, test } = held;
  return (
    <section aria-labelledby="databases-title">
      <h2 id="databases-title">Databases</h2>
      <div class="sides">
        {SIDES.map((side) => (
          <SideFields
            key={side}
            side={side}
            form={form.value[side]}
            environments={environments.value}
            end={pair.value?.[side]}
            errors={['connection', 'environment'].flatMap((kind) => placed?.byField.get(`${side}_${kind}`) ?? [])}
            onChange={(to) => setSide(side, to)}
          />
        ))}
      </div>
      <div class="buttons">
        <Action
          to="testDatabases"
          class="secondary"
          aria-busy={testing.busy.value !== undefined}
          disabled={testing.busy.value !== undefined}
          onClick={() => void test()}
        >
          Test both and list tables
        </Action>
        <button type="button" class="quiet" onClick={swap}>
          ⇄ Swap source and target
        </button>
      </div>
    </section>
  );
}

function Tables({ held: { pair, picked, pick, form } }: { readonly held: Held }) {
  return (
    <section aria-labelledby="tables-title">
      <h2 id="tables-title">Tables</h2>
      {pair.value ? (
        <TablePicker pair={pair.value} picked={picked.value} onPick={pick} />
      ) : (
        <p class="fine">
          {form.value.tables
            ? `As config.tables says: ${JSON.stringify(form.value.tables)}`
            : 'All that both sides have.'}{' '}
          Test the databases to see them and to pick some.
        </p>
      )}
    </section>
  );
}

function How({ held: { form, setOption } }: { readonly held: Held }) {
  const { mode, options } = form.value;
  const choice = (name: string) => ({
    field: fieldNamed(name),
    mode,
    text: options[name] ?? '',
    onChange: (text: string) => setOption(name, text),
  });
  return (
    <section aria-labelledby="how-title">
      <h2 id="how-title">How</h2>
      <fieldset class="strategies">
        <legend>Mode</legend>
        {JOB_MODES.map((name) => (
          <label key={name} class={name === mode ? 'chosen' : ''}>
            <input
              type="radio"
              name="mode"
              checked={name === mode}
              onChange={() => {
                form.value = { ...form.value, mode: name };
              }}
            />
            <span>
              <strong>{name}</strong>
              <span class="about">{MODE_HELP[name]}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <StrategyChoice legend="How differences are found" help={facts.detection} {...choice('detection_strategy')} />
      <StrategyChoice
        legend="Who wins where both sides differ"
        help={facts.conflict}
        {...choice('conflict_strategy')}
      />
    </section>
  );
}

function Options({ held: { form, asked, placed, setOption } }: { readonly held: Held }) {
  const others = facts.config.filter(({ name }) => !APART.includes(name));
  const changed = others.filter(({ name }) => (form.value.options[name] ?? '') !== '').length;
  const wrong = others.some(({ name }) => placed?.byField.has(`config/${name}`));
  return (
    <details class="options" open={wrong || asked.unreadable.length > 0 || undefined}>
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
