import type { JobState } from '../lib/model/job.ts';
import type { ValidationState } from '../lib/model/validation.ts';

/** How good or bad a state is; each has a colour and a sign of its own. */
export type Tone = 'waiting' | 'busy' | 'good' | 'warning' | 'bad';

/** For people; the API's own word stays visible in the title of the state. */
export const JOB_WORDS: Readonly<Record<JobState, { readonly text: string; readonly tone: Tone }>> = {
  created: { text: 'created', tone: 'waiting' },
  preparing: { text: 'preparing', tone: 'busy' },
  running: { text: 'running', tone: 'busy' },
  verifying: { text: 'verifying', tone: 'busy' },
  stopping: { text: 'stopping', tone: 'warning' },
  stopped: { text: 'stopped', tone: 'warning' },
  paused: { text: 'paused', tone: 'warning' },
  completed: { text: 'completed', tone: 'good' },
  completed_with_issues: { text: 'completed with issues', tone: 'warning' },
  failed: { text: 'failed', tone: 'bad' },
};

/** What is known of a table's equality, for people. */
export const TABLE_WORDS: Readonly<Record<ValidationState, { readonly text: string; readonly tone: Tone }>> = {
  pending: { text: 'waiting', tone: 'waiting' },
  comparing: { text: 'running', tone: 'busy' },
  validating: { text: 'verifying', tone: 'busy' },
  validated: { text: 'verified', tone: 'good' },
  in_flight: { text: 'rows still move', tone: 'warning' },
  conflicting: { text: 'conflicts wait', tone: 'warning' },
  quarantined: { text: 'rows put aside', tone: 'warning' },
  mismatched: { text: 'differs', tone: 'bad' },
  untouched: { text: 'not touched', tone: 'good' },
  compared: { text: 'compared', tone: 'good' },
  unverified: { text: 'not verified', tone: 'warning' },
  interrupted: { text: 'not finished', tone: 'waiting' },
  error: { text: 'failed', tone: 'bad' },
};

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `just now`, `12 s ago`, `5 min ago`, `3 h ago`, `2 days ago`; a clock that is a little behind is no future. */
export function ago(thenMs: number, nowMs: number): string {
  const past = nowMs - thenMs;
  if (past < 2 * SECOND) return 'just now';
  if (past < MINUTE) return `${Math.floor(past / SECOND)} s ago`;
  if (past < HOUR) return `${Math.floor(past / MINUTE)} min ago`;
  if (past < DAY) return `${Math.floor(past / HOUR)} h ago`;
  const days = Math.floor(past / DAY);
  return `${days} ${days === 1 ? 'day' : 'days'} ago`;
}

/** An instant in full: local time with its zone, and UTC. */
export function absolute(iso: string): string {
  const local = new Date(iso).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'long' });
  return `${local} (${iso.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')})`;
}

/** An instant to the minute: local time with the name of its zone, which may not be the one that a schedule goes by. */
export function toMinute(iso: string): string {
  const parts = { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' } as const;
  return new Date(iso).toLocaleString('en-GB', { ...parts, timeZoneName: 'short' });
}

/** The time of day of an instant, `14:05:09`; ms since 1970. */
export const timeOfDay = (ms: number): string => new Date(ms).toLocaleTimeString('en-GB');

/** Of a share from 0 to 1. */
export function percent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}
