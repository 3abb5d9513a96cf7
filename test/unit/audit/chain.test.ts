import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../lib/audit/canonical-json.ts';
import { blocksOf, headAfter, link, linkHash, START } from '../../../lib/audit/chain.ts';
import { type Anchors, checkBlocks, checkEnd, UNCHECKED } from '../../../lib/audit/verify.ts';
import type { AuditEvent, AuditRecord, FoundBlock, TrailHead } from '../../../lib/model/audit-event.ts';

const JOB = randomUUID();
const EVENTS = 1_000;

const event = (seq: number, over: Partial<AuditEvent> = {}): AuditEvent => ({
  job_id: JOB,
  stream: 't0/apply/0',
  seq,
  type: 'chunk.applied',
  at: new Date(Date.UTC(2026, 10, 23) + seq).toISOString(),
  actor: 'terrafusion-sync',
  data: { table: 'public.parcels', rule: 'source_wins', inserted: seq, updated: 0, deleted: 0, quarantined: 0 },
  ...over,
});

const RECORDS = link(
  START,
  Array.from({ length: EVENTS }, (_, i) => event(i + 1)),
);
const HEAD = headAfter(START, RECORDS);
const ROOT = { events: HEAD.events, hash: HEAD.hash, at: '2026-11-23T11:00:00.000Z' };

const found = (records: readonly AuditRecord[]): FoundBlock => ({
  first: (records[0] as AuditRecord).seq,
  events: records.length,
  hash: (records.at(-1) as AuditRecord).hash,
  writer: 'w',
  outbox: true,
  records,
});

/** Blocks as they are stored, of 100 events. */
const STORED = blocksOf(RECORDS).map(found);
/** The same in blocks of 8, so that a tampered one is checked in no time. */
const SMALL = Array.from({ length: EVENTS / 8 }, (_, i) => found(RECORDS.slice(8 * i, 8 * i + 8)));
const SEALED: Anchors = { head: HEAD, roots: [ROOT], job: ROOT };
const RUNNING: Anchors = { head: HEAD, roots: [] };

/** What verify finds; blocks before `from` are as they were written, so it begins behind them. */
function faults(blocks: readonly FoundBlock[], anchors: Anchors = SEALED, from = 0) {
  const before = from === 0 ? undefined : blocks[from - 1];
  let to = before ? { events: before.first + before.events - 1, hash: before.hash } : UNCHECKED;
  for (const block of blocks.slice(from)) {
    const step = checkBlocks(JOB, to, [block], anchors);
    if (step.faults.length > 0) return step.faults;
    to = step.to;
  }
  return checkEnd(to, anchors);
}

type Hand = (records: readonly AuditRecord[], i: number) => AuditRecord[];

/** The blocks with the event `at` handled by `how`, and which of them it was; counts as a careful hand would leave them. */
function tampered(layout: readonly FoundBlock[], at: number, how: Hand) {
  const index = layout.findIndex((b) => at < b.first + b.events);
  const block = layout[index] as FoundBlock;
  const changed = how(block.records ?? [], at - block.first);
  const left = changed.length > 0 ? [{ ...found(changed), first: block.first }] : [];
  return { blocks: layout.toSpliced(index, 1, ...left), index };
}

const flipped = (record: AuditRecord): AuditRecord => ({ ...record, data: { ...record.data, inserted: -1 } });
/** The record as somebody would forge it who knows how hashes are made. */
const rehashed = (record: AuditRecord, before: AuditRecord | undefined): AuditRecord => ({
  ...record,
  hash: linkHash(before?.hash ?? START.hash, JOB, record),
});

/** The whole chain from `from` on made anew, as somebody would who can write every block of it. */
function rewritten(from: number): FoundBlock[] {
  const head = headAfter(START, RECORDS.slice(0, from - 1));
  const events = RECORDS.slice(from - 1).map((r, i) => event(r.seq, i === 0 ? { actor: 'eve' } : {}));
  return blocksOf([...RECORDS.slice(0, from - 1), ...link(head, events)]).map(found);
}

const every = Array.from({ length: EVENTS }, (_, i) => i + 1);

describe.each([
  ['a sealed trail', SEALED],
  ['the trail of a running job', RUNNING],
])('of %s', (_, anchors) => {
  test('nothing is found while nobody has touched it', () => {
    expect(faults(STORED, anchors)).toEqual([]);
    expect(faults(SMALL, anchors)).toEqual([]);
  });

  test.each<[string, Hand]>([
    ['flipped', (all, i) => all.with(i, flipped(all[i] as AuditRecord))],
    ['forged with a hash of its own', (all, i) => all.with(i, rehashed(flipped(all[i] as AuditRecord), all[i - 1]))],
    ['given another time', (all, i) => all.with(i, { ...(all[i] as AuditRecord), at: '2020-01-01T00:00:00.000Z' })],
    ['given another actor', (all, i) => all.with(i, { ...(all[i] as AuditRecord), actor: 'eve' })],
    ['given another id', (all, i) => all.with(i, { ...(all[i] as AuditRecord), id: 't0/apply/0#9999' })],
    ['dropped', (all, i) => all.toSpliced(i, 1)],
    ['inserted before', (all, i) => all.toSpliced(i, 0, rehashed(flipped(all[i] as AuditRecord), all[i - 1]))],
    ['inserted twice', (all, i) => all.toSpliced(i, 0, all[i] as AuditRecord)],
    [
      'swapped with the next',
      (all, i) =>
        i + 1 < all.length
          ? all.with(i, all[i + 1] as AuditRecord).with(i + 1, all[i] as AuditRecord)
          : all.toReversed(),
    ],
    [
      'swapped with its number kept',
      (all, i) => {
        const j = i + 1 < all.length ? i + 1 : 0;
        const [a, b] = [all[i] as AuditRecord, all[j] as AuditRecord];
        return all.with(i, { ...b, seq: a.seq }).with(j, { ...a, seq: b.seq });
      },
    ],
  ])('each of 1,000 events is missed when it is %s', (_what, how) => {
    const unseen = (layout: readonly FoundBlock[]) => (at: number) => {
      const { blocks, index } = tampered(layout, at, how);
      return faults(blocks, anchors, index).length === 0;
    };

    expect(every.filter(unseen(SMALL))).toEqual([]);
    expect([1, 2, 50, 99, 100, 101, 500, 901, 999, EVENTS].filter(unseen(STORED))).toEqual([]);
  });

  test('each of 1,000 tails is missed when it is cut off', () => {
    const unseen = every.filter((at) => {
      const whole = SMALL.filter((b) => b.first + b.events <= at);
      const part = RECORDS.slice(whole.length * 8, at - 1);
      const left = part.length > 0 ? [...whole, found(part)] : whole;
      return faults(left, anchors, whole.length)[0]?.code !== 'tail_missing';
    });

    expect(unseen).toEqual([]);
  });

  test('each block is missed when it is dropped, swapped with another, or emptied', () => {
    const blocks = STORED;
    for (const [i, block] of blocks.entries()) {
      const other = blocks[(i + 1) % blocks.length] as FoundBlock;
      expect(faults(blocks.toSpliced(i, 1), anchors)).not.toEqual([]);
      expect(faults(blocks.with(i, { ...other, first: block.first }), anchors)).not.toEqual([]);
      expect(faults(blocks.with(i, { ...block, records: undefined }), anchors)).toMatchObject([{ code: 'unreadable' }]);
    }
  });

  test('a chain that was made anew from anywhere on has another hash than its head and root', () => {
    for (const from of [1, 2, 99, 100, 101, 500, EVENTS]) {
      expect(faults(rewritten(from), anchors).map((f) => f.code)).toContain('root_differs');
    }
  });
});

test('what somebody can do who may write blocks, head and roots alike is not found: only a hash kept elsewhere tells', () => {
  const blocks = rewritten(1);
  const head = { ...HEAD, hash: (blocks.at(-1) as FoundBlock).hash };

  expect(faults(blocks, { head, roots: [{ ...ROOT, hash: head.hash }] })).toEqual([]);
  expect(faults(blocks, { head, roots: [{ ...ROOT, hash: head.hash }], job: ROOT })).not.toEqual([]);
});

test('a root that was taken away is missed where a later one names it', () => {
  const first = { events: 10, hash: RECORDS[9]?.hash ?? '', at: ROOT.at };
  const later = { ...ROOT, previous: { events: first.events, hash: first.hash } };

  expect(faults(STORED, { head: HEAD, roots: [first, later], job: later })).toEqual([]);
  expect(faults(STORED, { head: HEAD, roots: [later], job: later })).toContainEqual(
    expect.objectContaining({ code: 'root_missing', seq: 10 }),
  );
  expect(faults(STORED, { head: HEAD, roots: [{ ...first, hash: 'c'.repeat(64) }, later], job: later })).not.toEqual(
    [],
  );
});

test('a root or a head that was taken away is missed where the job says that it was sealed', () => {
  expect(faults(STORED, { ...SEALED, roots: [] })).toMatchObject([{ code: 'root_missing' }]);
  expect(faults(STORED, { ...SEALED, head: START })).toMatchObject([{ code: 'root_missing' }]);
});

test('an event says where it was found, and only what was touched is named', () => {
  const { blocks } = tampered(STORED, 321, (all, i) => all.with(i, flipped(all[i] as AuditRecord)));

  expect(checkBlocks(JOB, UNCHECKED, blocks, SEALED).faults).toMatchObject([{ code: 'altered', seq: 321 }]);
  expect(faults(STORED.toSpliced(3, 1))).toMatchObject([{ code: 'missing', seq: 301 }]);
});

test('the events of one job cannot be given to another', () => {
  const { faults } = checkBlocks(randomUUID(), UNCHECKED, STORED, RUNNING);

  expect(faults[0]).toMatchObject({ code: 'altered', seq: 1 });
});

test('steps of any size come to the same as one look', () => {
  const { blocks } = tampered(STORED, 555, (all, i) => all.toSpliced(i, 1));
  const whole = checkBlocks(JOB, UNCHECKED, blocks, SEALED);
  for (const size of [1, 2, 3, 7]) {
    let to: Pick<TrailHead, 'events' | 'hash'> = UNCHECKED;
    const all = [];
    for (let i = 0; i < blocks.length; i += size) {
      const step = checkBlocks(JOB, to, blocks.slice(i, i + size), SEALED);
      to = step.to;
      all.push(...step.faults);
    }
    expect([to, all]).toEqual([whole.to, whole.faults]);
  }
});

test('two values have one canonical form exactly when JSON takes them for one', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      expect(JSON.parse(canonicalJson(a))).toEqual(JSON.parse(JSON.stringify(a)));
      expect(canonicalJson(JSON.parse(canonicalJson(a)))).toBe(canonicalJson(a));
      if (canonicalJson(a) === canonicalJson(b))
        expect(JSON.parse(JSON.stringify(a))).toEqual(JSON.parse(JSON.stringify(b)));
    }),
  );
  expect(canonicalJson({ b: undefined, a: [undefined, 1], '"': '\n' })).toBe('{"\\"":"\\n","a":[null,1]}');
});

test('an event larger than an item is kept as what it was, by its hash', () => {
  const [record] = link(START, [event(1, { data: { text: 'x'.repeat(400_000) } })]);

  expect(record?.data).toMatchObject({ omitted: 'too large', bytes: 400_011 });
  expect(JSON.stringify(record).length).toBeLessThan(1_000);
});
