import { SyncError } from '../model/errors.ts';
import type { TableValidation } from '../model/schema-check.ts';
import type { JobStore } from '../ports.ts';

interface Ports {
  readonly jobs: JobStore;
}

/** The number of a table of the job, by its name with or without the schema. Throws `job_not_found`, `table_unknown`. */
export async function tableOf(jobId: string, name: string, { jobs }: Ports) {
  const [job, tables] = await Promise.all([jobs.get(jobId), jobs.tables(jobId)]);
  if (!job) throw new SyncError('job_not_found', 'there is no job with this id');
  const exact = tables.find((t) => t.name === name);
  const bare = tables.filter((t) => t.name.slice(t.name.indexOf('.') + 1) === name);
  const found = exact ?? (bare.length === 1 ? bare[0] : undefined);
  if (found) return { job, table: found };
  const why = tables.length === 0 ? 'the job is not prepared yet' : 'the job has no table of this name';
  throw new SyncError('table_unknown', bare.length > 1 ? 'several tables of the job have this name' : why);
}

/** What the job has found in the catalogs when it was prepared. Throws `job_not_found`, `table_unknown`. */
export async function storedValidation(jobId: string, name: string, ports: Ports): Promise<TableValidation> {
  const { job, table } = await tableOf(jobId, name, ports);
  const stored = await ports.jobs.validation(job.job_id, table.table);
  if (!stored) throw new SyncError('table_unknown', 'the job was prepared before its catalogs were kept');
  const { table_no, ...told } = stored;
  return { ...told, fresh: false };
}
