import { expect, test } from 'vitest';
import { pagesLine } from '../../../local/start/pages-line.ts';

const line = {
  url: 'http://127.0.0.1:5000',
  token: 'aaa.bbb.ccc',
  tokenFile: '/data/token',
  accountsFile: '/data/accounts.json',
};

test('a terminal gets an address that signs in', () => {
  expect(pagesLine({ ...line, terminal: true })).toContain('http://127.0.0.1:5000/#token=aaa.bbb.ccc');
});

test('output that may be kept gets no token, but the file that holds it', () => {
  const text = pagesLine({ ...line, terminal: false });

  expect(text).toContain('/data/token');
  expect(text).toContain('/data/accounts.json');
  expect(text).not.toContain('aaa');
});

test('without sign-in there is only an address', () => {
  expect(pagesLine({ ...line, token: '', terminal: true })).toBe('Open http://127.0.0.1:5000/ in a browser.');
});
