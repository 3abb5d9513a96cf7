import { duration } from '../../lib/model/figures.ts';

/** Says what is being done, and how long it took once it is done. */
export async function phase<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  const startedAt = performance.now();
  const result = await work();
  console.error(`${what}: ${duration((performance.now() - startedAt) / 1000)}`);
  return result;
}
