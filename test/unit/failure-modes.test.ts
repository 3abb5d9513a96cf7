import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (file: string) => readFileSync(file, 'utf8');

/** `| E1 | fault | what happens | tests or a reason |`. */
const rows = [...read('docs/failure-modes.md').matchAll(/^\| (E\d+) \| (.*) \| (.*) \| (.*) \|$/gm)].map(
  ([, id = '', , , last = '']) => ({
    id,
    tests: [...last.matchAll(/`(test\/[\w./-]+)`: \*([^*]+)\*/g)].map(([, file = '', title = '']) => ({ file, title })),
    reason: last.startsWith('`') ? '' : last,
  }),
);

test('the page has E1 to E36, each with a test or a reason', () => {
  expect(rows.map((r) => r.id)).toEqual(Array.from({ length: 36 }, (_, n) => `E${n + 1}`));
  expect(rows.filter((r) => r.tests.length === 0 && r.reason.length < 40)).toEqual([]);
});

test('each test that the page names is there', () => {
  const missing = rows.flatMap(({ id, tests }) =>
    tests
      .filter(({ file, title }) => !existsSync(file) || !read(file).includes(`'${title}'`))
      .map(({ file, title }) => `${id}: ${file}: ${title}`),
  );

  expect(missing).toEqual([]);
});

test('every fault test is on the page', () => {
  const titles = ['connections', 'locks', 'changes', 'wide', 'failover'].flatMap((name) =>
    [...read(`test/pg/faults/${name}.test.ts`).matchAll(/'(E\d+[,:][^']*)'/g)].map((m) => m[1] ?? ''),
  );
  const named = new Set(rows.flatMap((r) => r.tests.map((t) => t.title)));

  expect(titles.length).toBeGreaterThan(20);
  expect(titles.filter((title) => !named.has(title))).toEqual([]);
});
