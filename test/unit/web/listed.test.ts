import { expect, test } from 'vitest';
import { type Listed, unread, withPage } from '../../../web/listed.ts';

interface Page {
  readonly rows: readonly number[];
  readonly next_token?: string;
}

const rowsOf = ({ rows }: Page) => rows;
const ok = (body: Page) => ({ kind: 'ok', body, tag: undefined }) as const;
const down = {
  kind: 'unavailable',
  problem: { title: '', status: 503, detail: 'The service does not answer.', code: 'unreachable', errors: [] },
} as const;
const two: Listed<number> = { items: [1, 2], next: 'b', busy: true };

test('pages are put behind each other, until one is the last', () => {
  const first = withPage(unread, { after: undefined, answer: ok({ rows: [1, 2], next_token: 'b' }) }, rowsOf);
  expect(first).toEqual({ items: [1, 2], next: 'b', busy: false });
  expect(withPage(first, { after: 'b', answer: ok({ rows: [3] }) }, rowsOf)).toEqual({ items: [1, 2, 3], busy: false });
});

test('a page that failed is still to come, from where it would have begun', () => {
  expect(withPage(two, { after: 'b', answer: down }, rowsOf)).toEqual({
    items: [1, 2],
    next: 'b',
    problem: down.problem,
    busy: false,
  });
});

test('a list read anew that fails at once has nothing, and begins anew', () => {
  const failed = withPage(two, { after: undefined, answer: down }, rowsOf);
  expect(failed).toEqual({ items: [], problem: down.problem, busy: false });
});
