import type { JobStatus, TableStatus } from '../lib/model/answers.ts';
import { duration, number } from '../lib/model/figures.ts';
import { followingText } from '../lib/model/following.ts';
import { ENDED_STATES, type JobState, type TableState } from '../lib/model/job.ts';
import { jobShare, tableShare } from '../lib/model/progress.ts';
import type { ValidationState } from '../lib/model/validation.ts';
import { type Column, columns, harmless, type Paint, plain, type Style } from './format.ts';
import { countsText } from './outcome.ts';

/** How fast each table has been read, from one status to the next; statuses themselves know only the whole job's rate. */
export type Pace = ReadonlyMap<string, { readonly atMs: number; readonly read: number; readonly perSecond: number }>;

export const NO_PACE: Pace = new Map();

/** The pace after one more status. A rate follows the last few seconds: each second counts half of what the next does. */
export function track(pace: Pace, status: JobStatus, atMs: number): Pace {
  return new Map(
    status.tables.map((table) => {
      const last = pace.get(table.name);
      const { read } = table.counts;
      if (!last || read < last.read) return [table.name, { atMs, read, perSecond: 0 }];
      const seconds = (atMs - last.atMs) / 1000;
      if (seconds <= 0 || read === last.read) return [table.name, last];
      const now = (read - last.read) / seconds;
      const weight = last.perSecond === 0 ? 1 : 1 - 0.5 ** seconds;
      return [table.name, { atMs, read, perSecond: last.perSecond + weight * (now - last.perSecond) }];
    }),
  );
}

export interface View {
  readonly width: number;
  /** Most lines; tables that wait or are done give way. */
  readonly height?: number;
  readonly pace?: Pace;
  readonly paint?: Paint;
}

/** A job for a terminal or a report: head, progress, a line per table. */
export function renderJob(status: JobStatus, view: View): string[] {
  const paint = view.paint ?? plain;
  const head = [
    `Job ${status.job_id}  ${status.mode} sync${status.config.dry_run ? ', dry run' : ''}  ${paint(STATE_STYLE[status.state], status.state)}  ${duration(status.seconds)}`,
    `${place(status.source)} -> ${place(status.target)}`,
    ...followingLines(status),
    ...(status.tables.length > 0 && !status.following ? [progressLine(status, paint)] : []),
    '',
  ];
  const { shown, hidden } = choose(
    status.tables,
    view.height === undefined ? undefined : view.height - head.length - 2,
  );
  const lines = shown.map((table) => tableCells(table, view.pace));
  return [
    ...head,
    ...(shown.length > 0 ? columns(TABLE_COLUMNS, lines, { width: view.width, paint }) : []),
    ...(hidden > 0 ? [paint('dim', `... and ${hidden} more tables`)] : []),
  ];
}

/** How far a job has come that has no end to come near to. */
const followingLines = (status: JobStatus): string[] =>
  status.following ? [harmless(followingText(status.following, ENDED_STATES.includes(status.state)))] : [];

/**
 * What is new since the status before, a line each: for output that is not a terminal. A table speaks when its state or
 * pass changes and at every tenth of its rows, the job when its state changes.
 */
export function renderChanges(before: JobStatus | undefined, status: JobStatus, pace: Pace = NO_PACE): string[] {
  const at = duration(status.seconds);
  const lines: string[] = [];
  if (before?.state !== status.state) lines.push(`${at}  job ${status.state}`);
  const { following } = status;
  if (following && following.round !== before?.following?.round)
    lines.push(`${at}  ${harmless(followingText(following, ENDED_STATES.includes(status.state)))}`);
  const old = new Map(before?.tables.map((table) => [table.name, table]));
  for (const table of status.tables) {
    const last = old.get(table.name);
    if (last ? mark(last) === mark(table) : table.state === 'pending') continue;
    lines.push(`${at}  ${harmless(table.name)}  ${tableText(table, pace)}`);
  }
  return lines;
}

const STATE_STYLE: Readonly<Record<JobState, Style>> = {
  created: 'cyan',
  preparing: 'cyan',
  running: 'cyan',
  verifying: 'cyan',
  stopping: 'yellow',
  stopped: 'yellow',
  paused: 'yellow',
  completed: 'green',
  completed_with_issues: 'yellow',
  failed: 'red',
};

const VALIDATION_STYLE: Readonly<Record<ValidationState, Style>> = {
  pending: 'dim',
  comparing: 'cyan',
  validating: 'cyan',
  validated: 'green',
  in_flight: 'yellow',
  conflicting: 'yellow',
  quarantined: 'yellow',
  mismatched: 'red',
  untouched: 'green',
  compared: 'green',
  unverified: 'yellow',
  interrupted: 'yellow',
  error: 'red',
};

const TABLE_COLUMNS: readonly Column[] = [
  { title: 'TABLE' },
  { title: 'STATE' },
  { title: 'ROWS', right: true },
  { title: 'DONE', right: true },
  { title: 'ROWS/S', right: true },
  { title: 'LEFT', right: true },
  { title: 'NEW', right: true },
  { title: 'CHANGED', right: true },
  { title: 'DELETED', right: true },
  { title: 'KEPT', right: true },
  { title: 'ISSUES', right: true },
];

function tableCells(table: TableStatus, pace: Pace | undefined) {
  const { counts } = table;
  const { rate, left } = speed(table, pace);
  const issues = counts.conflicts + counts.quarantined;
  return [
    harmless(table.name),
    { text: stateText(table), style: VALIDATION_STYLE[table.validation] },
    number(counts.read),
    `${Math.floor(tableShare(table) * 100)} %`,
    rate === undefined ? '' : number(rate),
    left === undefined ? '' : duration(left),
    number(counts.inserted),
    number(counts.updated),
    number(counts.deleted),
    number(counts.kept),
    issues > 0 ? { text: number(issues), style: 'yellow' as const } : '0',
  ];
}

function tableText(table: TableStatus, pace: Pace): string {
  if (table.state === 'failed') return `failed: ${harmless(table.failure?.message ?? 'no reason known')}`;
  if (table.state === 'verified') return `verified: ${countsText(table.counts)}`;
  const { rate, left } = speed(table, pace);
  return [
    stateText(table),
    `${number(table.counts.read)} of about ${number(table.rows_estimate)} rows`,
    ...(rate === undefined ? [] : [`${number(rate)} rows/s`]),
    ...(left === undefined ? [] : [`${duration(left)} left`]),
  ].join(', ');
}

function stateText({ state, validation, pass, segments }: TableStatus): string {
  if (validation === 'pending') return 'waiting';
  if (state !== 'running' || validation === 'interrupted')
    return validation === 'validated' || validation === 'error' ? state : validation;
  return segments.total > 0 ? `${pass} ${segments.done}/${segments.total}` : pass;
}

function progressLine(status: JobStatus, paint: Paint): string {
  const done = jobShare(status);
  const parts = [
    `${paint('cyan', bar(done))} ${Math.floor(done * 100)} %`,
    `${number(status.counts.read)} of about ${number(status.rows_estimate)} rows`,
    ...(status.rows_per_second === undefined ? [] : [`${number(status.rows_per_second)} rows/s`]),
    ...(status.eta_seconds === undefined ? [] : [`${duration(status.eta_seconds)} left`]),
  ];
  return parts.join('  ');
}

function bar(done: number): string {
  const full = Math.round(done * 24);
  return `[${'#'.repeat(full)}${'-'.repeat(24 - full)}]`;
}

function speed(table: TableStatus, pace: Pace | undefined): { rate?: number; left?: number } {
  const rate = pace?.get(table.name)?.perSecond ?? 0;
  if (table.state !== 'running' || rate < 1) return {};
  const rows = table.rows_estimate - table.counts.read;
  return table.pass === 'apply' && rows > 0 ? { rate, left: rows / rate } : { rate };
}

function mark(table: TableStatus): string {
  return [table.state, table.pass, table.state === 'running' ? Math.floor(tableShare(table) * 10) : ''].join();
}

/** At most `lines` tables: failed and running ones first, in the order of the job. */
function choose(tables: readonly TableStatus[], lines: number | undefined) {
  if (lines === undefined || tables.length <= lines) return { shown: tables, hidden: 0 };
  const urgency: Record<TableState, number> = {
    failed: 0,
    running: 1,
    pending: 2,
    unverified: 3,
    untouched: 3,
    compared: 3,
    verified: 3,
  };
  const room = Math.max(1, lines - 1);
  const chosen = new Set([...tables].sort((a, b) => urgency[a.state] - urgency[b.state]).slice(0, room));
  return { shown: tables.filter((table) => chosen.has(table)), hidden: tables.length - chosen.size };
}

function place({ host, port, database }: JobStatus['source']): string {
  return harmless(`${database} (${host}:${port})`);
}
