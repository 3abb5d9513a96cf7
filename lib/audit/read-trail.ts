import type { AuditRecord, FoundBlock } from '../model/audit-event.ts';
import type { AuditLog, BlockPage } from '../ports.ts';

/**
 * Reads of one look, each at most 1 MB: some 40,000 events of a job at level `standard`, and far from what a function holds
 * or has time for. Whoever wants more asks again from where the look ended.
 */
const READS = 20;

/** Where a look begins: behind event `after`, which is in the first block behind event `from`. */
export interface Place {
  readonly after: number;
  readonly from: number;
}

export const BEGINNING: Place = { after: 0, from: 0 };

/** Blocks that begin behind event `from`, read by read. `more` of the last page: the trail goes on behind it. */
export async function* pagesAfter(log: AuditLog, jobId: string, from: number): AsyncGenerator<BlockPage> {
  let last = from;
  for (let read = 0; read < READS; read++) {
    const page = await log.blocks(jobId, last);
    last = page.blocks.at(-1)?.first ?? last;
    yield page;
    if (!page.more) return;
  }
}

export const lastOf = ({ first, events }: FoundBlock): number => first + Math.max(1, events) - 1;

/** What a look found; `next` where there may be more behind what it has looked at. */
export interface Found {
  readonly records: readonly AuditRecord[];
  readonly next?: Place;
}

/** Events from a place on that are meant, at most `limit` of them and some `bytes` of JSON, as far as one look goes. */
export async function findEvents(
  log: AuditLog,
  jobId: string,
  want: {
    readonly place: Place;
    readonly limit: number;
    readonly bytes: number;
    readonly meant: (record: AuditRecord) => boolean;
  },
): Promise<Found> {
  const found: AuditRecord[] = [];
  let bytes = 0;
  let { after } = want.place;
  let more = false;
  for await (const page of pagesAfter(log, jobId, want.place.from)) {
    for (const block of page.blocks) {
      for (const record of block.records ?? []) {
        if (record.seq <= after) continue;
        if (want.meant(record)) {
          const size = JSON.stringify(record).length;
          if (found.length === want.limit || (found.length > 0 && bytes + size > want.bytes))
            return { records: found, next: { after, from: block.first - 1 } };
          found.push(record);
          bytes += size;
        }
        after = record.seq;
      }
      after = Math.max(after, lastOf(block)); // one that cannot be read is passed by
    }
    more = page.more;
  }
  return { records: found, ...(more && { next: { after, from: after } }) };
}
