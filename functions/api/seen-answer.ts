import { createHash } from 'node:crypto';

/** A weak tag of what an answer tells: equal tags do not mean equal bytes. */
export const tagFor = (told: unknown): string =>
  `W/"${createHash('sha256').update(JSON.stringify(told)).digest('base64url').slice(0, 27)}"`;

/** Whether `if-none-match` names the tag: the caller has the answer. */
export function hasSeen(ifNoneMatch: string | undefined, tag: string): boolean {
  const strong = (t: string) => t.trim().replace(/^W\//, '');
  return ifNoneMatch?.split(',').some((t) => t.trim() === '*' || strong(t) === strong(tag)) ?? false;
}
