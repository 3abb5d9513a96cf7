import type { Context } from 'aws-lambda';
import { AUDIT_LEVELS } from '../../lib/model/audit-view.ts';
import { SyncError } from '../../lib/model/errors.ts';
import { type RetentionDays, retain } from '../../lib/orchestrator/retention.ts';
import { forgetCalls, type KeptCall } from '../api/idempotency.ts';
import { dynamoClient } from '../aws/clients.ts';
import { dynamoJobArchive } from '../aws/dynamo/job-archive.ts';
import { registryItems } from '../aws/dynamo/registry-items.ts';
import { services } from '../runtime.ts';

/** No job is begun with less time than this left; one of a million events takes about so long. */
const LEAST_MS = 120_000;

/** `AUDIT_RETENTION_DAYS`: days by level, minimal,standard,detailed. */
function readDays(text: string | undefined): RetentionDays {
  const days = (text ?? '').split(',').map(Number);
  if (days.length !== AUDIT_LEVELS.length || days.some((d) => !Number.isInteger(d) || d < 0))
    throw new SyncError('internal', 'AUDIT_RETENTION_DAYS must be three whole numbers of days');
  return Object.fromEntries(AUDIT_LEVELS.map((level, i) => [level, days[i]])) as RetentionDays; // one for each level
}

/** Each day: deletes jobs whose time is up, and forgets Idempotency-Keys. */
export async function handler(_event: unknown, context: Context): Promise<{ readonly erased: number }> {
  const { settings, clock, log } = services();
  const table = (name: () => string) => ({ name, client: dynamoClient });
  const archive = dynamoJobArchive({
    jobs: table(() => settings.jobsTable),
    audit: table(() => settings.auditTable),
    conflicts: table(() => settings.conflictsTable),
    registry: table(() => settings.registryTable),
  });
  const inTime = () => context.getRemainingTimeInMillis() > LEAST_MS;
  const calls = registryItems<KeptCall>(
    table(() => settings.registryTable),
    'idempotency',
  );
  await forgetCalls({ list: calls.entries, remove: calls.remove }, clock());
  return { erased: await retain(readDays(process.env.AUDIT_RETENTION_DAYS), { archive, clock, log }, inTime) };
}
