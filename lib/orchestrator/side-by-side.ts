/** Does so many at once, in their order; `work` must not throw. */
export async function sideBySide<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length) await work(items[next++] as T); // in range
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}

/** A prime: its multiples meet every item, unless it divides their number. */
const STRIDE = 61;

/** The same items, beginning with another one each minute, so that those at the end have their turn where time is short. */
export function fromAnother<T>(items: readonly T[], now: Date): readonly T[] {
  const stride = items.length % STRIDE === 0 ? 1 : STRIDE;
  const first = items.length > 0 ? (Math.floor(now.getTime() / 60_000) * stride) % items.length : 0;
  return [...items.slice(first), ...items.slice(0, first)];
}
