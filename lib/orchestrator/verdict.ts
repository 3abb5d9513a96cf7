import type { Progress } from '../model/checkpoint.ts';
import { ERRORS, type ErrorCode, type Problem } from '../model/errors.ts';
import type { Failure, JobTable } from '../model/job.ts';
import { relationText, type TablePlan } from '../model/table.ts';
import { unexplainedIn } from './table-steps.ts';

/** Tables that a message names; all of them are in `problems`. */
const NAMED = 5;

/** So many tables are listed one by one; an item of DynamoDB holds 400 KB. */
const LISTED = 200;

/** Why a table has not reached its goal, or undefined when it has. */
function failureOfTable(plan: TablePlan, progress: readonly Progress[], mirrored: JobTable | undefined) {
  const name = relationText(plan.target);
  const told = mirrored?.state === 'failed' ? mirrored.failure : undefined;
  if (told && told.code !== 'verification_failed') return { name, code: told.code as ErrorCode, message: told.message };
  const open = unexplainedIn(progress);
  if (open > 0) return { name, code: 'verification_failed' as const, message: `${open} rows` };
  // what the mirror may have lost, the checkpoints still know: nothing is complete that was not gone through
  const left = progress.filter((p) => p.pass === 'apply' && !p.finished).length;
  if (left > 0) return { name, code: 'internal' as const, message: `${left} of its segments were not gone through.` };
  return undefined;
}

/**
 * Why a job that went over its tables has not reached its goal: every table that failed, or that the final comparison
 * holds against it. Its code is that of the first. Undefined when every table has reached its own. Pure.
 */
export function verdict(
  plans: readonly TablePlan[],
  progress: readonly Progress[],
  mirrored: readonly JobTable[],
): Failure | undefined {
  const own = Map.groupBy(progress, (p) => p.table);
  const told = new Map(mirrored.map((t) => [t.table, t]));
  const failed = plans.flatMap((p) => failureOfTable(p, own.get(p.table) ?? [], told.get(p.table)) ?? []);
  const [first] = failed;
  if (!first) return undefined;
  const { code } = first;
  const some = failed.slice(0, NAMED);
  const rest = failed.length > some.length ? `, and ${failed.length - some.length} more` : '';
  const problems: Problem[] = failed.slice(0, LISTED).map((f) => ({
    code: f.code,
    object: f.name,
    message: f.message,
    hint: ERRORS[f.code]?.remedy ?? ERRORS.internal.remedy,
  }));
  if (failed.every((f) => f.code === 'verification_failed')) {
    const list = some.map((f) => `${f.name} (${f.message})`).join(', ');
    const message = `The final comparison found differences that no rule explains: ${list}${rest}.`;
    return { code, message, hint: ERRORS[code].remedy };
  }
  const list = some.map((f) => `${f.name} (${f.code})`).join(', ');
  const message = `${failed.length} of ${plans.length} tables failed: ${list}${rest}. ${first.name}: ${first.message}`;
  return { code, message, hint: ERRORS[code].remedy, problems };
}
