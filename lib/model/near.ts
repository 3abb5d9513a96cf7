/** Steps between two names: letters put in, left out, exchanged, or swapped with their neighbour. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? 0) + 1 : Infinity;
      row.push(Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same, swap));
    }
    [before, last] = [last, row];
  }
  return last[b.length] ?? 0;
}

const bare = (name: string) => name.split('.').at(-1)?.toLowerCase() ?? '';

/** No name is longer, so a longer one is not compared letter by letter. */
const LONGEST = 63;

/** The name of the catalog that looks most like one that is not there: one holds the other, or few letters differ. */
export function near(name: string, known: readonly string[]): string | undefined {
  const wanted = bare(name);
  if (wanted.length > LONGEST) return undefined;
  const holding = known.find((k) => bare(k).includes(wanted) || wanted.includes(bare(k)));
  if (holding) return holding;
  const most = Math.ceil(wanted.length / 4);
  const [best] = known
    .map((k) => [distance(wanted, bare(k)), k] as const)
    .filter(([steps]) => steps <= most)
    .sort((a, b) => a[0] - b[0]);
  return best?.[1];
}
