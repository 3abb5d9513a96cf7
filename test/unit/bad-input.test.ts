import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ERRORS, type ErrorCode } from '../../lib/model/errors.ts';
import { ROW_CODES } from '../../lib/model/row-code.ts';

const read = (file: string) => readFileSync(file, 'utf8');

/** `| 1 | input | status and codes | tests |`. */
const rows = [...read('docs/bad-input.md').matchAll(/^\| (\d+) \| (.*?) \| (.*?) \| (.*) \|$/gm)].map(
  ([, row = '', , said = '', last = '']) => ({
    row: Number(row),
    codes: [...said.matchAll(/(\d{3}|row) `(\w+)`/g)].map(([, status = '', code = '']) => ({ status, code })),
    tests: [...last.matchAll(/`(test\/[\w./-]+)`: \*([^*]+)\*/g)].map(([, file = '', title = '']) => ({ file, title })),
  }),
);

test('each of the 64 kinds of bad input has its place, a code and a test', () => {
  expect(rows.map(({ row }) => row)).toEqual(Array.from({ length: 64 }, (_, n) => n + 1));
  expect(rows.filter(({ codes, tests }) => codes.length === 0 || tests.length === 0)).toEqual([]);
});

test('each code has the status that the page says', () => {
  const wrong = rows.flatMap(({ row, codes }) =>
    codes
      .filter(({ status, code }) =>
        status === 'row' ? !(code in ROW_CODES) : String(ERRORS[code as ErrorCode]?.status) !== status,
      )
      .map(({ status, code }) => `${row}: ${status} ${code}`),
  );

  expect(wrong).toEqual([]);
});

test('each test that the page names is there, and has a case of its number where it goes by numbers', () => {
  const numbered = (file: string, row: number) => {
    const text = read(file);
    return new RegExp(`^ +\\[?\\s*${row},|row: '${row}'|\\['${row}'`, 'm').test(text);
  };
  const missing = rows.flatMap(({ row, tests }) =>
    tests
      .filter(
        ({ file, title }) =>
          !existsSync(file) || !read(file).includes(title) || (title.includes('$row') && !numbered(file, row)),
      )
      .map(({ file, title }) => `${row}: ${file}: ${title}`),
  );

  expect(missing).toEqual([]);
});

test('each code of the page is what some test expects', () => {
  const expected = (code: string, files: readonly string[]) => files.some((file) => read(file).includes(code));
  const unseen = rows.flatMap(({ row, codes, tests }) =>
    codes
      .filter(
        ({ code }) =>
          !expected(
            code,
            tests.map((t) => t.file),
          ),
      )
      .map(({ code }) => `${row}: ${code}`),
  );

  expect(unseen).toEqual([]);
});
