import { expect, test } from 'vitest';
import { concernsOf, type SlotFacts, type SlotReader } from '../../../lib/model/slot.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const GB = 1024 ** 3;
const slot = (more: Partial<SlotFacts> = {}): SlotFacts => ({
  slot: 'tfsync_x',
  database: 'county',
  active: false,
  retained_bytes: 1,
  wal_status: 'reserved',
  ...more,
});
const reader = (created_at: string, ended = true): SlotReader => ({ job_id: 'j', state: 's', created_at, ended });
const TODAY = reader('2026-11-23T02:00:00Z');

test.each<[string, SlotFacts, SlotReader | null | undefined, string[]]>([
  ['read today', slot(), TODAY, []],
  ['half of what the server may keep', slot({ retained_bytes: GB / 2, limit_bytes: GB }), TODAY, ['filling']],
  ['less than that', slot({ retained_bytes: GB / 2 - 1, limit_bytes: GB }), TODAY, []],
  ['the server keeps more than it would', slot({ wal_status: 'extended', limit_bytes: GB }), TODAY, ['filling']],
  ['about to be lost', slot({ wal_status: 'unreserved', limit_bytes: GB }), TODAY, ['filling']],
  ['lost', slot({ wal_status: 'lost', limit_bytes: GB }), TODAY, ['lost']],
  ['a gigabyte and no limit', slot({ retained_bytes: GB, wal_status: 'extended' }), TODAY, ['unlimited']],
  ['eight days old', slot(), reader('2026-11-15T02:00:00Z'), ['unread']],
  ['eight days old and still at work', slot(), reader('2026-11-15T02:00:00Z', false), []],
  ['read by somebody just now', slot({ active: true }), reader('2026-11-15T02:00:00Z'), []],
  ['nobody knows a job', slot(), null, ['unknown']],
  ['nobody has read it for days', slot({ inactive_since: '2026-11-15T02:00:00Z' }), undefined, ['unread']],
  ['a job of today has read it', slot({ inactive_since: '2026-11-15T02:00:00Z' }), TODAY, []],
])('%s', (_, of, last, concerns) => {
  expect(concernsOf(of, last, NOW)).toEqual(concerns);
});
