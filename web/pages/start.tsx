import facts from 'virtual:facts';
import { useEffect } from 'preact/hooks';
import { JOB_MODES, type JobMode } from '../../lib/model/job.ts';
import { Action, Needs } from '../parts/action.tsx';
import { Commands } from '../parts/commands.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { AllOptions } from '../parts/start/all-options.tsx';
import { Databases } from '../parts/start/databases.tsx';
import { TablePicker } from '../parts/start/picker.tsx';
import { StrategyChoice } from '../parts/start/strategy.tsx';
import { startCommands } from '../start/commands.ts';
import { type HeldForm, useStartForm } from '../start/use-start-form.ts';

/** Fields of the config that have a place of their own on the page. */
const APART = ['detection_strategy', 'conflict_strategy', 'tables', 'dry_run'];
const fieldNamed = (name: string) => facts.config.find((field) => field.name === name);

const MODE_HELP: Readonly<Record<JobMode, string>> = {
  full: 'Compares everything, and makes the target follow the source.',
  incremental: 'Does the same with what changed since the last success, as far as the strategy can tell.',
};

/** Starts a job: databases, tables, options; with a test of both ends and a dry run before anything is written. */
export function StartPage() {
  const held = useStartForm();
  const { environments, placed, starting, testing, start, form, asked } = held;
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
      {environments.problem && <ProblemNote problem={environments.problem} />}
      <Databases held={held} />
      <Tables held={held} />
      <How held={held} />
      <AllOptions held={held} apart={APART} />
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
        <Commands commands={startCommands({ ...form.value, config: asked.config, origin: window.location.origin })} />
      </section>
    </form>
  );
}

function Tables({ held: { pair, picked, pick, form } }: { readonly held: HeldForm }) {
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

function How({ held: { form, setOption } }: { readonly held: HeldForm }) {
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
