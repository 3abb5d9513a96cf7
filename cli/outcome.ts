import type { JobStatus, PauseView } from '../lib/model/answers.ts';
import { writesBoth } from '../lib/model/config.ts';
import { usageText } from '../lib/model/cost.ts';
import { counted, duration, number } from '../lib/model/figures.ts';
import { type Counts, ENDED_STATES, SOURCE_COUNTS } from '../lib/model/job.ts';
import { waitingOf } from './exit.ts';
import { harmless, type Paint, plain } from './format.ts';

/** What the end means, for people, and what it cost; empty while the job goes on. */
export function renderOutcome(status: JobStatus, paint: Paint = plain): string[] {
  const lines = outcomeLines(status, paint);
  return lines.length > 0 ? [...lines, ...usageLines(status)] : [];
}

const usageLines = ({ usage, state }: JobStatus): string[] => [
  ...(usage ? [`${ENDED_STATES.includes(state) ? 'Cost' : 'Cost so far'}: ${usageText(usage)}`] : []),
  ...(usage?.estimate ? [`A run that writes would cost about ${usageText(usage.estimate)}`] : []),
];

function outcomeLines(status: JobStatus, paint: Paint): string[] {
  if (status.state === 'completed' || status.state === 'completed_with_issues') return completedLines(status, paint);
  if (status.state === 'stopped')
    return [
      `Stopped: nothing is written any more. Let it go on with: tfsync resume ${status.job_id}`,
      doneLine(status),
    ];
  if (status.state === 'paused' || status.state === 'stopping') return waitingLines(status, paint);
  return status.state === 'failed' ? failedLines(status, paint) : [];
}

const doneLine = ({ counts, seconds }: JobStatus): string =>
  `${number(counts.read)} rows in ${duration(seconds)}: ${countsText(counts)}.`;

function completedLines(status: JobStatus, paint: Paint): string[] {
  const notes = [...keptLines(status), ...ruleLines(status), ...asideLines(status), ...schemaLines(status)];
  if (status.config.dry_run) return [...dryLines(status, paint), ...notes];
  return [headline(status, paint), doneLine(status), ...notes];
}

function headline(status: JobStatus, paint: Paint): string {
  const { state, counts } = status;
  if (state === 'completed')
    return paint('green', `Completed: ${what(status)}${counts.kept > 0 ? ', but for the rows named here' : ''}.`);
  const found = issues(status);
  return paint('yellow', `Completed with issues${found.length > 0 ? `: ${found.join('; ')}` : ''}.`);
}

/** What waits, what has been decided since, and what was not looked at. */
function issues(status: JobStatus): string[] {
  const { counts, config } = status;
  const { conflicts, quarantined } = waitingOf(status);
  const all = Math.max(counts.conflicts, conflicts);
  const open = conflicts < all ? `${number(conflicts)} of ${counted(all, 'conflict')}` : counted(all, 'conflict');
  const waiting = [
    ...(conflicts > 0 ? [open] : []),
    ...(quarantined > 0 ? [counted(quarantined, 'quarantined row')] : []),
  ];
  return [
    ...(waiting.length > 0 ? [`${waiting.join(' and ')} ${conflicts + quarantined === 1 ? 'waits' : 'wait'}`] : []),
    ...(all > 0 && conflicts === 0 ? [`${counted(all, 'conflict')}, all decided since`] : []),
    ...(config.verify === 'none' ? ['nothing was compared after the last write (verify none)'] : []),
  ];
}

/** Of a job that wrote nothing, nothing compares equal because of it: only what is to come is told. */
function dryLines({ state, counts, seconds }: JobStatus, paint: Paint): string[] {
  const [written, left] = countParts(counts);
  return [
    paint(state === 'completed' ? 'green' : 'yellow', 'Dry run: nothing was written.'),
    `A run that writes would bring: ${written.join(', ')} (${left.join(', ')}).`,
    `${number(counts.read)} rows compared in ${duration(seconds)}.`,
  ];
}

/** Under conflict strategies, rows that were edited in the target or decided for it are among them. */
function keptLines({ counts: { kept }, config }: JobStatus): string[] {
  const { delete_mode, conflict_strategy, conflict_rules } = config;
  const mode = `delete_mode ${delete_mode}`;
  const many = kept !== 1;
  if (kept === 0) return [];
  if (!writesBoth(config) && conflict_strategy === 'source_wins' && Object.keys(conflict_rules).length === 0)
    return [
      `${counted(kept, 'row')} ${many ? 'exist' : 'exists'} only in the target and ${many ? 'stay' : 'stays'} there (${mode}).`,
    ];
  const reasons = many
    ? `stay as the target has them: they exist only there (${mode}), were edited there, or were decided for it`
    : `stays as the target has it: it exists only there (${mode}), was edited there, or was decided for it`;
  return [`${counted(kept, 'row')} ${reasons}.`];
}

function failedLines(status: JobStatus, paint: Paint): string[] {
  const { failure } = status;
  const tables = status.tables.filter((table) => table.failure);
  return [
    paint('red', `Failed${failure ? ` (${failure.code}): ${harmless(failure.message)}` : '.'}`),
    ...(failure?.hint ? [`  ${harmless(failure.hint)}`] : []),
    ...(failure?.problems ?? []).map(
      (p) => `  ${[p.object, p.message].filter(Boolean).map(String).map(harmless).join(': ')}`,
    ),
    ...tables.map(({ name, failure: f }) => `  ${harmless(name)}: ${harmless(f?.message ?? '')} (${f?.code})`),
    doneLine(status),
  ];
}

/** What compared equal: an incremental job need not have looked at everything. */
function what({ tables }: JobStatus): string {
  const all = tables.every((table) => !table.window && !table.untouched);
  return all ? 'source and target compare equal' : 'what was looked at compares equal';
}

/** Rows that rules did not let pass, where they were counted. */
function ruleLines({ tables }: JobStatus): string[] {
  return tables.flatMap((table) =>
    (table.rules ?? []).flatMap(({ name, severity, rows = 0, of = 0, samples = [] }) => {
      if (rows === 0) return [];
      const keys = samples.map((key) => `(${key.join(', ')})`).join(' ');
      return [
        harmless(`${table.name}, rule ${name} (${severity}): ${number(rows)} of ${number(of)} rows, such as ${keys}`),
      ];
    }),
  );
}

/** Triggers of the target, for one, may change what is written, or refuse it. */
function schemaLines({ tables, job_id }: JobStatus): string[] {
  const warnings = tables.reduce((n, table) => n + (table.schema_warnings ?? 0), 0);
  return warnings > 0 ? [`${counted(warnings, 'warning')} about tables: tfsync validate ${job_id}`] : [];
}

/** Where what waits is listed. A dry run puts no conflict on the list. */
function asideLines(status: JobStatus): string[] {
  const { conflicts, quarantined } = waitingOf(status);
  return [
    ...(conflicts > 0 && !status.config.dry_run ? [`See them: tfsync conflicts ${status.job_id}`] : []),
    ...(quarantined > 0 ? [`See them: tfsync quarantine list ${status.job_id}`] : []),
  ];
}

/** What a job waits for, and who moves next. */
function waitingLines({ state, pause, job_id }: JobStatus, paint: Paint): string[] {
  if (!pause) return [];
  return [
    paint('yellow', `${state === 'paused' ? 'Paused' : 'Stopping'} (${pause.code}): ${harmless(pause.message)}`),
    ...(pause.hint ? [`  ${harmless(pause.hint)}`] : []),
    nextStep(pause, job_id),
  ];
}

/** A resume without the number of deletes that wait would only pause again. */
function nextStep({ code, probe_at, deletes }: PauseView, jobId: string): string {
  if (probe_at) return `The service looks again by itself at ${probe_at}.`;
  if (code !== 'confirm_required') return `When that is done: tfsync resume ${jobId}`;
  return `If the deletes are right: tfsync resume ${jobId} --confirm-deletes ${deletes ?? 'N'}`;
}

/** Rows by what happened to them. */
export const countsText = (counts: Counts): string => countParts(counts).flat().join(', ');

/** Those that are written, or would be, and the others. */
function countParts(counts: Counts): readonly [written: string[], left: string[]] {
  const some = (count: number, word: string) => (count > 0 ? [`${number(count)} ${word}`] : []);
  return [
    [
      `${number(counts.inserted)} new`,
      `${number(counts.updated)} changed`,
      `${number(counts.deleted)} deleted`,
      ...SOURCE_COUNTS.flatMap((n) => some(counts[n] ?? 0, `${n.replace('source_', '')} in the source`)),
    ],
    [
      `${number(counts.unchanged)} equal`,
      ...(['kept', 'conflicts', 'quarantined', 'skipped'] as const).flatMap((name) => some(counts[name], name)),
    ],
  ];
}
