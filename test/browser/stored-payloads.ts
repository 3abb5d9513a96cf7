import { sampleJob, sampleSchedule, sampleTable, validationOf } from '../contract/samples.ts';
import { PAYLOADS } from './payloads.ts';
import type { Stores } from './stores.ts';

const at = (index: number): string => PAYLOADS[index % PAYLOADS.length] ?? '';

/** As many as the dashboard shows at once. */
const JOBS = 25;
/** As many as a schedule keeps. */
const RUNS = 20;

/**
 * What real databases do not come to by themselves: jobs whose databases, hosts, people, projects and errors are payloads, one of
 * them with a table, a failure and a finding for each; and a schedule whose runs say why they were refused. Returns the id of that job.
 */
export async function storePayloads({ jobs, schedules }: Stores): Promise<string> {
  const now = new Date().toISOString();
  const sample = sampleJob();
  const all = Array.from({ length: JOBS }, (_, index) => {
    const [source, target, actor, message] = [4, 3, 2, 1].map((back) => at((index + 1) * 4 - back));
    return sampleJob({
      state: 'failed',
      created_at: now,
      ended_at: now,
      heartbeat_at: now,
      source: { ...sample.source, database: source ?? '', host: source ?? '', user: source ?? '' },
      target: { ...sample.target, database: target ?? '', host: target ?? '' },
      actor: actor ?? '',
      failure: { code: 'internal_error', message: message ?? '', hint: source ?? '', problems: [] },
      config: { ...sample.config, project: { root: actor ?? '', key: 1, parents: 'insert' } },
    });
  });
  const [first = sample, ...others] = all;
  const full = {
    ...first,
    environments: { source: { names: [at(0)], asked: true }, target: { names: [at(1)], asked: true } },
    config: {
      ...first.config,
      pii_columns: PAYLOADS.slice(),
      tables: { exclude: PAYLOADS.slice() },
      project: { root: at(2), key: PAYLOADS.slice(), exclude: PAYLOADS.slice(), parents: 'insert' as const },
    },
    failure: {
      code: 'preflight_failed',
      message: at(3), // the list shows it
      hint: at(2),
      problems: PAYLOADS.map((payload) => ({
        code: 'required' as const,
        message: payload,
        object: payload,
        hint: payload,
      })),
    },
  };
  for (const job of [...others, full]) {
    await jobs.create(job);
    await jobs.forget(job.job_id, job.epoch); // nothing is left to look after
  }
  await jobs.putTables(
    PAYLOADS.map((payload, table) =>
      sampleTable(full.job_id, {
        table,
        name: payload,
        state: 'failed',
        failure: { code: 'row_refused', message: `About ${payload}`, hint: payload },
        samples: { update: [[payload]] },
        unknown_types: { [`of ${payload}`]: payload },
      }),
    ),
  );
  await jobs.putValidations([
    {
      ...validationOf(full.job_id),
      table: at(0),
      table_no: 0,
      findings: PAYLOADS.map((payload) => ({
        code: 'check_in_target',
        severity: 'warning',
        side: 'target',
        object: payload,
        message: payload,
        remedy: payload,
        ddl: payload,
      })),
      drift: PAYLOADS.map((payload) => ({
        side: 'source',
        change: 'changed',
        kind: 'column',
        name: payload,
        before: payload,
        after: `now ${payload}`,
      })),
    },
  ]);
  await schedules.create(
    sampleSchedule({
      name: 'stored',
      paused: true,
      actor: at(5),
      runs: Array.from({ length: RUNS }, (_, index) => ({
        due: new Date(Date.parse(now) - index * 60_000).toISOString(),
        at: now,
        outcome: 'refused',
        code: 'preflight_failed',
        message: PAYLOADS.slice(index * 5, index * 5 + 5).join(' '),
      })),
    }),
  );
  return full.job_id;
}
