import facts from 'virtual:facts';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { JobStatus, Started } from '../../lib/model/answers.ts';
import type { PairTables } from '../../lib/model/pair-tables.ts';
import { jobPath } from '../address.ts';
import { type Command, useCommand } from '../command.ts';
import { useEnvironments } from '../environments.ts';
import { useRequestKey } from '../request-key.ts';
import { useUi } from '../ui.ts';
import { placeErrors } from './field-errors.ts';
import { choiceOf, takes } from './pick.ts';
import { configOf, noSide, optionsOf, pairBody, type SideForm, type SideName, type StartForm } from './request.ts';

/** Fields of the form that show what is wrong with them. */
const SHOWN = new Set([
  ...['source_connection', 'source_environment', 'target_connection', 'target_environment'],
  ...facts.config.map(({ name }) => `config/${name}`),
]);

interface FormOptions {
  /** The page of a job that was started. */
  readonly jobHref?: (jobId: string) => string;
  /** Another call about what the form holds: what it is refused for is shown at the fields too. */
  readonly also?: Command;
}

export type HeldForm = ReturnType<typeof useStartForm>;

/** What a page that starts a job holds. Connections live in it alone, and go with it. */
export function useStartForm({ jobHref = jobPath, also }: FormOptions = {}) {
  const { address } = useUi();
  const form = useSignal<StartForm>({ source: noSide, target: noSide, mode: 'full', options: {} });
  const pair = useSignal<PairTables | undefined>(undefined);
  const picked = useSignal<ReadonlySet<string>>(new Set());
  const environments = useEnvironments();
  const testing = useCommand();
  const starting = useCommand();
  const key = useRequestKey();

  useEffect(() => {
    const from = address.url.peek().searchParams.get('from');
    if (from !== null) void begin(from);
  }, []);

  useEffect(() => {
    if (environments.body?.environments.length === 0) form.value = withKinds(form.value, 'connection');
  }, [environments.body]);
  const begin = async (jobId: string) => {
    const found = await testing.ask<JobStatus>('read', `/api/sync/status/${encodeURIComponent(jobId)}`, {});
    if (found?.kind !== 'ok') return;
    const job = found.body;
    const named = (side: SideName): SideForm => ({
      ...form.value[side],
      environment: job[side].environments?.[0] ?? '',
    });
    const { tables, dry_run: _, ...config } = job.config as unknown as Record<string, unknown>;
    const chosen = tables as StartForm['tables'] | undefined;
    form.value = {
      source: named('source'),
      target: named('target'),
      mode: job.mode === 'incremental' ? 'incremental' : 'full',
      options: optionsOf(config, facts.config),
      ...(chosen && Object.keys(chosen).length > 0 && { tables: chosen }),
    };
  };

  const forget = () => {
    pair.value = undefined;
    const { tables: _, ...rest } = form.value;
    form.value = rest;
    clear(testing, starting, also);
  };
  const setSide = (side: SideName, to: SideForm) => {
    forget();
    form.value = { ...form.value, [side]: to };
  };
  const swap = () => {
    forget();
    form.value = { ...form.value, source: form.value.target, target: form.value.source };
  };
  const test = async () => {
    clear(starting, also);
    const ask = { method: 'POST', body: pairBody(form.value) } as const;
    const found = await testing.ask<PairTables>('test', '/api/sync/tables', ask);
    if (found?.kind !== 'ok') return;
    pair.value = found.body;
    pick(picks(found.body, form.value.tables));
  };
  const pick = (names: ReadonlySet<string>) => {
    picked.value = names;
    const { tables: _, ...rest } = form.value;
    const tables = pair.value && choiceOf(pair.value, names);
    form.value = { ...rest, ...(tables && { tables }) };
  };
  const setOption = (name: string, text: string) => {
    form.value = { ...form.value, options: { ...form.value.options, [name]: text } };
  };

  const asked = configOf(form.value, facts.config);
  const start = async (dryRun: boolean) => {
    clear(testing, also);
    const body = { ...pairBody(form.value), config: { ...asked.config, ...(dryRun && { dry_run: true }) } };
    const ask = { method: 'POST', body, idempotencyKey: key.of([form.value.mode, body]) } as const;
    const started = await starting.ask<Started>('start', `/api/sync/${form.value.mode}`, ask);
    if (started?.kind === 'ok') address.go(jobHref(started.body.job_id));
  };

  const problem = starting.problem.value ?? also?.problem.value ?? testing.problem.value;
  const placed = problem && placeErrors(problem, SHOWN);
  return {
    form,
    pair,
    picked,
    environments,
    asked,
    placed,
    testing,
    starting,
    setSide,
    swap,
    test,
    pick,
    setOption,
    start,
  };
}

export function clear(...commands: readonly (Command | undefined)[]): void {
  for (const command of commands) if (command) command.problem.value = undefined;
}

const withKinds = (form: StartForm, kind: SideForm['kind']): StartForm => ({
  ...form,
  source: { ...form.source, kind },
  target: { ...form.target, kind },
});

/** Tables that take part at first: those of a config that is there, else all that would by themselves. */
function picks({ tables }: PairTables, chosen: StartForm['tables']): ReadonlySet<string> {
  const given =
    chosen && 'include' in chosen && chosen.include.every((name) => !name.includes('*')) ? chosen.include : [];
  const usual = tables.filter(takes).map(({ name }) => name);
  return new Set(given.length > 0 ? given : usual);
}
