import type { AuditRecord, AuditRoot, FoundBlock, TrailHead } from '../model/audit-event.ts';
import { linkHash, START } from './chain.ts';

/** What is wrong with a trail. */
export const TRAIL_FAULTS = {
  altered: 'An event is not the one that was written there.',
  missing: 'Events are gone from the middle of the trail.',
  unreadable: 'What is stored is not what this service writes.',
  tail_missing: 'The trail ends before an event that it is known to have had.',
  root_differs: 'The trail does not have the hash that it was sealed with, or that its head has.',
  root_missing: 'The root that sealed the trail is gone, or its head.',
} as const;
export type TrailFaultCode = keyof typeof TRAIL_FAULTS;

export interface TrailFault {
  readonly code: TrailFaultCode;
  /** Number of the first event it is about. */
  readonly seq: number;
  readonly message: string;
}

/** How far a check has come: the last event, and its hash. */
export type CheckedTo = Pick<TrailHead, 'events' | 'hash'>;

export const UNCHECKED: CheckedTo = { events: START.events, hash: START.hash };

/** What is known of a trail from elsewhere than the trail. `job`: what the job itself says it was sealed with. */
export interface Anchors {
  readonly head: TrailHead;
  readonly roots: readonly AuditRoot[];
  readonly job?: AuditRoot | undefined;
}

const known = ({ head, roots, job }: Anchors): CheckedTo[] =>
  [head, ...roots, ...(job ? [job] : [])].filter((a) => a.events > 0);

interface Check {
  readonly jobId: string;
  readonly anchors: ReadonlyMap<number, readonly string[]>;
  readonly faults: TrailFault[];
  events: number;
  hash: string;
}

function fault(check: Check, code: TrailFaultCode, seq: number, more: string): void {
  check.faults.push({ code, seq, message: `${TRAIL_FAULTS[code]} ${more}` });
}

function checkRecord(check: Check, record: AuditRecord, expected: number, linked: boolean): void {
  const whole = !linked || linkHash(check.hash, check.jobId, record) === record.hash;
  if (record.seq !== expected) fault(check, 'altered', expected, `Event ${record.seq} stands at its place.`);
  else if (!whole)
    fault(check, 'altered', expected, 'Its hash does not follow from its content and the hash before it.');
  check.hash = record.hash;
  check.events = expected;
  if (check.anchors.get(expected)?.some((hash) => hash !== record.hash))
    fault(check, 'root_differs', expected, `At event ${expected}.`);
}

function checkBlock(check: Check, block: FoundBlock): void {
  const next = check.events + 1;
  if (block.first > next) fault(check, 'missing', next, `Events ${next} to ${block.first - 1}.`);
  if (block.first < next) fault(check, 'altered', block.first, 'Two blocks hold events of the same numbers.');
  const { records } = block;
  if (!records || records.length === 0) {
    fault(check, 'unreadable', block.first, `Events ${block.first} to ${block.first + block.events - 1}.`);
    check.events = Math.max(check.events, block.first + block.events - 1);
    check.hash = block.hash;
    return;
  }
  records.forEach((record, i) => {
    checkRecord(check, record, block.first + i, i > 0 || block.first <= next);
  });
  if (block.events !== records.length || block.hash !== check.hash)
    fault(check, 'altered', block.first, `The block says ${block.events} events, and has ${records.length}.`);
}

/** Checks the blocks that follow `from`. Every change of an event shows: in its own hash, or in the link of the next. Pure. */
export function checkBlocks(
  jobId: string,
  from: CheckedTo,
  blocks: readonly FoundBlock[],
  anchors: Anchors,
): { readonly to: CheckedTo; readonly faults: readonly TrailFault[] } {
  const byPlace = Map.groupBy(known(anchors), (a) => a.events);
  const check: Check = {
    jobId,
    anchors: new Map([...byPlace].map(([events, all]) => [events, all.map((a) => a.hash)])),
    faults: [],
    events: from.events,
    hash: from.hash,
  };
  for (const block of blocks) checkBlock(check, block);
  return { to: { events: check.events, hash: check.hash }, faults: check.faults };
}

/** What only the end of a trail shows: a tail that was cut off, and what should be there to notice that. Pure. */
export function checkEnd({ events }: CheckedTo, anchors: Anchors): readonly TrailFault[] {
  const faults: TrailFault[] = [];
  const told = (code: TrailFaultCode, seq: number, more: string) =>
    faults.push({ code, seq, message: `${TRAIL_FAULTS[code]} ${more}` });
  const most = Math.max(0, ...known(anchors).map((a) => a.events));
  if (most > events) told('tail_missing', events + 1, `It ends with event ${events}; there were ${most}.`);
  const { job, roots, head } = anchors;
  if (job && !roots.some((r) => r.events === job.events && r.hash === job.hash))
    told('root_missing', job.events, `The job was sealed at event ${job.events}.`);
  for (const { events: at, previous } of [...roots, ...(job ? [job] : [])])
    if (previous && !roots.some((r) => r.events === previous.events && r.hash === previous.hash))
      told('root_missing', previous.events, `The root of event ${at} follows one of event ${previous.events}.`);
  if (job && head.events < job.events) told('root_missing', job.events, `The head says ${head.events}.`);
  return faults;
}
