import { shown } from '../conflict-resolver/preview.ts';
import { keyId } from '../model/change.ts';
import { SyncError } from '../model/errors.ts';
import type { Job } from '../model/job.ts';
import type { QuarantineFilter, QuarantinePlace, QuarantineView, StoredQuarantine } from '../model/quarantine.ts';
import { relationText, type TablePlan } from '../model/table.ts';
import type { QuarantineDatabases, QuarantineQuery, QuarantineSource } from '../ports.ts';
import { type CommandPorts, withBoth } from './run-ports.ts';
import { shownKey, tagOf } from './shown-values.ts';

const STATEMENT_TIMEOUT_MS = 8_000;

export type QuarantinePorts = Omit<CommandPorts, 'databases' | 'workflow'> & {
  readonly databases: QuarantineDatabases;
};

export interface QuarantineRequest {
  readonly jobId: string;
  readonly filter: QuarantineFilter;
  readonly limit: number;
  readonly after?: QuarantinePlace;
}

export interface QuarantineList {
  readonly rows: readonly QuarantineView[];
  /** The last row, where there are more. */
  readonly last?: QuarantinePlace;
}

/** The job whose rows are asked for, while its connections are kept. Throws `job_not_found`, `resume_expired`. */
export async function jobWithRows(jobId: string, { jobs }: Pick<QuarantinePorts, 'jobs'>): Promise<Job> {
  const job = await jobs.get(jobId);
  if (!job) throw new SyncError('job_not_found', 'There is no such job.');
  if (job.secret_removed)
    throw new SyncError(
      'resume_expired',
      'The connections of this job are not kept any more, so its rows cannot be read.',
    );
  return job;
}

/** A job that has ended well and put no row aside has no connections any more, and nothing to show. */
export const hasNone = (job: Job): boolean => job.state.startsWith('completed') && !job.quarantined;

/** What the store is asked; undefined: the job has no such table. */
export function queryOf(
  { table, code, rule }: QuarantineFilter,
  plans: readonly TablePlan[],
): Omit<QuarantineQuery, 'limit'> | undefined {
  const plan = table === undefined ? undefined : plans.find((p) => relationText(p.target) === table);
  if (table !== undefined && !plan) return undefined;
  if (rule !== undefined && code !== undefined && code !== 'rule_rejected') return undefined;
  return {
    ...(plan && { table: plan.table }),
    ...(rule !== undefined ? { code: 'rule_rejected', object: rule } : code !== undefined && { code }),
  };
}

/** Of a row whose reason is about no column in particular, such as a constraint, so many are shown. */
const MOST_COLUMNS = 20;

/** The columns whose values say why a row was put aside; where the reason names none, those that are not the key. */
function columnsFor(row: StoredQuarantine, { rules = [], columns, key, select }: TablePlan): readonly string[] {
  const rule = row.code === 'rule_rejected' ? rules.find((r) => r.name === row.object)?.columns : undefined;
  if (rule?.length) return rule;
  const names = columns.map((c) => c.name);
  if (names.includes(row.object ?? '')) return [row.object ?? ''];
  if (select) return []; // a mapping may mask what the source has plainly
  return names.filter((name) => !key.includes(name)).slice(0, MOST_COLUMNS);
}

async function viewsOf(
  job: Job,
  plan: TablePlan,
  rows: readonly StoredQuarantine[],
  source: QuarantineSource,
): Promise<readonly QuarantineView[]> {
  const columns = [...new Set(rows.flatMap((r) => columnsFor(r, plan)))];
  const found = plan.keyless
    ? undefined
    : await source.valuesOf(
        plan,
        columns,
        rows.map((r) => r.key),
      );
  return rows.map((row): QuarantineView => {
    const { key, code, sqlstate, object, at } = row;
    const values = found?.get(keyId(key));
    const own = columnsFor(row, plan);
    const texts = own.map((c) => [c, shown(values?.[columns.indexOf(c)] ?? null, tagOf(plan, c, job.config))] as const);
    return {
      table: relationText(plan.target),
      key: [...shownKey(plan, key, job.config)],
      code,
      ...(code === 'rule_rejected' ? { rule: object ?? '' } : object !== undefined && { object }),
      ...(sqlstate !== undefined && { sqlstate }),
      at,
      ...(found && { in_source: values !== undefined }),
      ...(values && own.length > 0 && { values: Object.fromEntries(texts) }),
    };
  });
}

/**
 * A page of the rows that a job put aside, by table and key, with the values that the source has now: those that a rule or a
 * column is about, else the first of the row, masked as the config says. No value is kept anywhere for it. Throws `job_not_found`, `resume_expired`, and
 * what connecting throws.
 */
export async function listQuarantine(request: QuarantineRequest, ports: QuarantinePorts): Promise<QuarantineList> {
  const { jobId, filter, limit, after } = request;
  const job = await jobWithRows(jobId, ports);
  if (hasNone(job)) return { rows: [] };
  return withBoth(job, ports, STATEMENT_TIMEOUT_MS, async (source, target) => {
    const plans = await target.loadPlans(jobId);
    const query = queryOf(filter, plans);
    if (!query) return { rows: [] };
    const found = await target.listQuarantined(jobId, { ...query, ...(after && { after }), limit: limit + 1 });
    const page = found.slice(0, limit);
    const rows: QuarantineView[] = [];
    for (const [table, own] of Map.groupBy(page, (r) => r.table)) {
      const plan = plans.find((p) => p.table === table);
      if (plan) rows.push(...(await viewsOf(job, plan, own, source)));
    }
    const last = found.length > limit ? page.at(-1) : undefined;
    return { rows, ...(last && { last: { table: last.table, key: last.key } }) };
  });
}
