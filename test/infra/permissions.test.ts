import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Permission, permissions } from './permissions.ts';
import { synthesize } from './synthesized.ts';

// Every statement of every policy stands on the page with its reason, and the page changes only when somebody means it:
// `UPDATE_DOCS=1 npx vitest run test/infra/permissions.test.ts` writes it anew.

const PAGE = 'docs/permissions.md';
const PART = /(<!-- generated:permissions -->\n)([\s\S]*?)(<!-- \/generated -->)/;

const row = ({ role, on, actions, condition, why }: Permission) =>
  `| \`${role}\` | ${on} | ${actions.map((a) => `\`${a}\``).join(', ')}${condition && ` (${condition})`} | ${why} |`;

const table = (rights: readonly Permission[]) =>
  ['| role | on | may | why |', '|---|---|---|---|', ...rights.map(row), ''].join('\n');

test('the page lists every right of every role, with its reason', () => {
  const text = table(permissions(synthesize().template));
  if (process.env.UPDATE_DOCS)
    writeFileSync(
      PAGE,
      readFileSync(PAGE, 'utf8').replace(PART, (_, head, _old, tail) => `${head}${text}${tail}`),
    );

  expect(text.split('\n').length).toBeGreaterThan(100);
  expect(PART.exec(readFileSync(PAGE, 'utf8'))?.[2]).toBe(text);
});
