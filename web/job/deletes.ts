/** How many rows a job would delete that has paused before them, as its reason says; undefined: it does not say so. */
export function deletesIn(reason: string): number | undefined {
  const [, rows] = /, (\d+) rows in all\./.exec(reason) ?? [];
  return rows === undefined ? undefined : Number(rows);
}
