import { createHash } from 'node:crypto';
import { SyncError } from '../model/errors.ts';
import type { Job } from '../model/job.ts';
import { hasMasks } from '../model/mapping.ts';
import { MASK_KEY_SETTING } from '../model/mask.ts';
import type { Secret } from '../model/secret.ts';
import type { TablePlan } from '../model/table.ts';
import type { SecretStore } from '../ports.ts';
import { pairId } from './conflict-plan.ts';

const digest = (...parts: readonly string[]) => createHash('sha256').update(JSON.stringify(parts)).digest('hex');

/** Tells one key from another, and nothing of either: it is of 32 random bytes, which nobody can try. */
export const maskKeyPrint = (key: Secret): string => digest('tfsync mask key', key.reveal()).slice(0, 16);

/**
 * The key of a job's masks; undefined where it masks nothing. Throws `secret_missing` where it is gone, or another than the job
 * began with: half a table under each would neither join nor be noticed.
 */
export async function maskKeyOf(job: Job, secrets: SecretStore): Promise<Secret | undefined> {
  if (!hasMasks(job.config.mapping)) return undefined;
  const key = await secrets.maskKey(pairId(job.source, job.target));
  if (job.mask_key !== undefined && job.mask_key !== maskKeyPrint(key))
    throw new SyncError('secret_missing', 'The key of the masks of this pair is another than the job began with.');
  return key;
}

/**
 * Plans whose versions say which key their SQL computes with: under another one bases and watermarks of before say nothing
 * of the rows. Pure.
 */
export const withMaskKey = (plans: readonly TablePlan[], key: string | undefined): readonly TablePlan[] =>
  plans.map((plan) => {
    const { version, identity, list = '' } = plan.select ?? {};
    if (!plan.select || key === undefined || version === undefined || !list.includes(MASK_KEY_SETTING)) return plan;
    const under = { version: digest(version, key), ...(identity !== undefined && { identity: digest(identity, key) }) };
    return { ...plan, select: { ...plan.select, ...under } };
  });
