import type { Conflict, ConflictFilter } from '../../../lib/model/conflict.ts';
import type { Item } from './table.ts';

/** One of the lists that a job's conflicts are on. */
export interface Stream {
  readonly index: 'by_opener' | 'by_seer';
  readonly attribute: 'opener' | 'seer';
  readonly half: 'open' | 'closed';
  /** Without those that another job has seen since. */
  readonly seenByItself?: boolean;
}

/** Sort key of every list: oldest first, then by id. */
export const place = ({ opened_at, conflict_id }: Pick<Conflict, 'opened_at' | 'conflict_id'>): string =>
  `${opened_at}#${conflict_id}`;

/** The lists that together hold what a filter may match; no conflict is on two of them. */
export function listsOf({ state }: ConflictFilter): readonly Stream[] {
  const halves =
    state === undefined ? (['open', 'closed'] as const) : ([state === 'open' ? 'open' : 'closed'] as const);
  return halves.flatMap((half) => [
    { index: 'by_opener', attribute: 'opener', half } as const,
    { index: 'by_seer', attribute: 'seer', half } as const,
  ]);
}

/** Without its Z an instant is a prefix of itself with more digits, so that it bounds them as text. */
const bound = (instant: string) => instant.replace(/Z$/, '');

/** Below and above every place. */
const [FIRST, LAST] = ['0', ':'];

/**
 * What a query of a list asks for: places behind `after` and within the age, and a filter for the rest; `filtered`: there
 * is a rest, so that a read may find less than it looks at. `empty`: no place can match, and DynamoDB would refuse to look.
 */
export function conditions(stream: Stream, filter: ConflictFilter, after: string | undefined) {
  const { job_id, table, type, state, opened_from, opened_to } = filter;
  const from = opened_from === undefined ? FIRST : bound(opened_from);
  const rest: Record<string, string> = {
    ...(table !== undefined && { table }),
    ...(type !== undefined && { type }),
    ...(state !== undefined && state !== 'open' && { state }),
  };
  const names = Object.keys(rest);
  const checks = [
    ...names.map((name) => `#${name} = :${name}`),
    ...(stream.seenByItself ? ['attribute_not_exists(seer)'] : []),
  ];
  // `after` itself is left out: no place lies between a place and itself with a space behind it
  const first = after !== undefined && after >= from ? `${after} ` : from;
  const last = opened_to === undefined ? LAST : `${bound(opened_to)}`;
  const values: Item = {
    ':list': `${job_id}#${stream.half}`,
    ':first': first,
    ':last': last,
    ...Object.fromEntries(names.map((name) => [`:${name}`, rest[name]])),
  };
  return {
    IndexName: stream.index,
    KeyConditionExpression: '#list = :list and #place between :first and :last',
    ...(checks.length > 0 && { FilterExpression: checks.join(' and ') }),
    ExpressionAttributeNames: {
      '#list': stream.attribute,
      '#place': 'place',
      ...Object.fromEntries(names.map((name) => [`#${name}`, name])),
    },
    ExpressionAttributeValues: values,
    filtered: checks.length > 0,
    empty: first > last,
  };
}
