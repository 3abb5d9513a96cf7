import { ChangedKeys } from '../change-detector/changed-keys.ts';
import { keyId, type RowKey } from '../model/change.ts';
import { keyInLog } from '../model/change-stream.ts';
import { patiently, type SegmentWork } from './segment-work.ts';

/** With more changes than this since the drain nobody tells them apart; the next job compares such a table whole. */
const MOST_KEYS = 200_000;

/** Messages of one look; the drain has left only what was written since. */
const MESSAGES = 1_000_000;

/**
 * Those of the keys that the source's log names behind the job's drain, by `keyId`: they moved while the job ran, and the
 * next job looks at them. Of a deleted row nothing else could tell. Nothing where the job follows no log.
 */
export async function toldByLog(work: SegmentWork, keys: readonly RowKey[]): Promise<ReadonlySet<string>> {
  const { changes, source } = work.plan;
  if (!changes || keys.length === 0) return new Set();
  const log = work.sourceDatabase.changes;
  const found = await patiently(work, async () => {
    const named = new ChangedKeys([{ source, key: keyInLog(work.plan) }], MOST_KEYS);
    await log.peek(changes.stream, { upto: await log.horizon(), most: MESSAGES }, async (messages) => {
      for (const message of messages) named.take(message);
    });
    return named.flush();
  });
  if (found.dirty.length > 0) return new Set(keys.map(keyId));
  const placed = await work.source.placed(found.keys.flatMap(([, of]) => of));
  const told = new Set(placed.map((p) => keyId(p.key)));
  return new Set(keys.map(keyId).filter((id) => told.has(id)));
}
