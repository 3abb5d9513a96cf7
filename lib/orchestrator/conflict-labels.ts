import type { Conflict, ConflictImages, TypeName } from '../model/conflict.ts';
import { SyncError } from '../model/errors.ts';
import type { Opened } from '../ports.ts';
import type { ResolvePorts } from './resolve-conflict.ts';
import { withTarget } from './run-ports.ts';

const STATEMENT_TIMEOUT_MS = 8_000;

/** Reads the labels of enums, in the order of the types asked for. */
export type ReadLabels = (database: Opened, types: readonly TypeName[]) => Promise<readonly (readonly string[])[]>;

/**
 * Labels of the enum columns of a conflict as the target has them, by column. Empty where the table has none, or they cannot be
 * read: whoever types a value then learns from the target whether it is one. Reads no table.
 */
export async function conflictLabels(
  conflict: Pick<Conflict, 'seen_by'>,
  { columns }: ConflictImages,
  ports: ResolvePorts & { readonly labels: ReadLabels },
): Promise<ReadonlyMap<string, readonly string[]>> {
  const enums = columns.flatMap(({ name, base }) => (base?.kind === 'e' ? [{ name, base }] : []));
  const job = enums.length > 0 ? await ports.jobs.get(conflict.seen_by) : undefined;
  if (!job) return new Map();
  const types = enums.map(({ base }) => base);
  const found = await withTarget(job, ports, STATEMENT_TIMEOUT_MS, (target) => ports.labels(target, types)).catch(
    (error: unknown) => {
      if (!(error instanceof SyncError)) throw error;
      ports.log.warn('labels of a conflict not read', { job_id: job.job_id, code: error.code });
      return [];
    },
  );
  return new Map(enums.flatMap(({ name }, i) => (found[i]?.length ? [[name, found[i]] as const] : [])));
}
