import type { PairFilter } from '../../lib/model/fleet.ts';
import { curlPost, shellWord, tfsync } from '../start/commands.ts';
import { type OrderDraft, previewBody, USUAL_AT_ONCE } from './order-draft.ts';

/** A flag with its value; nothing where there is none. */
const flag = (name: string, value: string | number | undefined): readonly string[] =>
  value === undefined || value === '' ? [] : [`--${name}`, String(value)];

function filterFlags({ group, prefix, state, overdue_hours, names }: PairFilter): readonly string[] {
  const flags = [
    ...flag('group', group),
    ...flag('prefix', prefix),
    ...flag('state', state),
    ...flag('overdue-hours', overdue_hours),
    ...(names ? ['--pair', ...names] : []),
  ];
  return flags.length > 0 ? flags : ['--all'];
}

function workFlags({ action, mode, dryRun, atOnce, timing }: OrderDraft): readonly string[] {
  if (action === 'start')
    return [
      ...flag('mode', mode),
      ...(dryRun ? ['--dry-run'] : []),
      ...flag('at-once', atOnce.trim() === USUAL_AT_ONCE ? undefined : atOnce.trim()),
    ];
  if (action !== 'schedule') return [];
  return [
    ...flag('expression', timing.expression),
    ...flag('timezone', timing.timezone),
    ...flag('spread-minutes', timing.flexible_minutes),
    ...flag('overlap', timing.overlap === 'skip' ? undefined : timing.overlap),
  ];
}

interface Asked {
  readonly draft: OrderDraft;
  readonly filter: PairFilter;
  readonly note: string;
  readonly origin: string;
}

/** The same order for a terminal: the command line counts and asks by itself, curl is a preview first. */
export function orderCommands({ draft, filter, note, origin }: Asked): readonly (readonly [string, string])[] {
  const words = ['fleet', draft.action, ...filterFlags(filter), ...workFlags(draft), ...flag('note', note.trim())];
  const preview = curlPost(`${origin}/api/sync/fleet`, shellWord(JSON.stringify(previewBody(draft, filter))));
  return [
    ['tfsync', tfsync(origin, words)],
    [
      'curl',
      `# set TFSYNC_TOKEN before\n# this counts; with its count as "expected_count" in the same body it is the order\n${preview}`,
    ],
  ];
}
