import type { Session, TextRow } from './session.ts';

/** Rows fetched at once: a digest and a key each, some 200 bytes. */
const PAGE_ROWS = 5_000;

/**
 * Statements that sort before they give their first row: the others wait meanwhile, inside of their transactions. Longer than
 * a session may idle otherwise, and as long as the step itself lives.
 */
export const PATIENT = "set local idle_in_transaction_session_timeout = '900s'";

/** A statement read by pages, in a transaction of the session that is open. The first page is on its way at once. */
export function streamed(
  session: Session,
  cursor: string,
  sql: string,
  values: readonly unknown[] = [],
): AsyncIterator<TextRow> {
  const fetch = () => session.query(`fetch ${PAGE_ROWS} from ${cursor}`);
  const first = session.query(`declare ${cursor} no scroll cursor for ${sql}`, values).then(fetch);
  first.catch(() => undefined); // whoever asks for the first row learns of it
  async function* rows() {
    for (let page = await first; page.length > 0; page = page.length < PAGE_ROWS ? [] : await fetch()) yield* page;
  }
  return rows();
}

/** Rows of one stream under one digest: what stands behind the digest, at most `most` of it. */
interface Group {
  readonly digest: string;
  readonly keys: readonly string[];
}

/** Keys kept of one digest: more than two say no more. */
const GROUP_KEYS = 100;

async function* groups(stream: AsyncIterator<TextRow>): AsyncGenerator<Group> {
  let digest: string | undefined;
  let keys: string[] = [];
  for (let next = await stream.next(); !next.done; next = await stream.next()) {
    const [d = '', key = ''] = next.value as readonly string[]; // neither is NULL
    if (d !== digest) {
      if (digest !== undefined) yield { digest, keys };
      digest = d;
      keys = [];
    }
    if (keys.length < GROUP_KEYS) keys.push(key);
  }
  if (digest !== undefined) yield { digest, keys };
}

/** One digest of several streams: the keys under it, by stream. */
export interface Met {
  readonly digest: string;
  readonly keys: readonly (readonly string[])[];
}

/** Streams of (digest, key) in the order of the digest, side by side. Holds one group of each at a time. */
export async function* merged(streams: readonly AsyncIterator<TextRow>[]): AsyncGenerator<Met> {
  const all = streams.map(groups);
  const heads = await Promise.all(all.map((g) => g.next()));
  for (;;) {
    const open = heads.flatMap((h) => (h.done ? [] : [h.value.digest]));
    const [first] = open;
    if (first === undefined) return;
    const digest = open.reduce((a, b) => (b < a ? b : a), first);
    const keys = heads.map((h) => (!h.done && h.value.digest === digest ? h.value.keys : []));
    yield { digest, keys };
    for (const [i, group] of all.entries())
      if (!heads[i]?.done && heads[i]?.value?.digest === digest) heads[i] = await group.next();
  }
}
