import { expect, test } from 'vitest';
import { compileExpression } from '../../lib/transformer/compile-expression.ts';
import { createDatabase, createPair } from '../support/databases.ts';
import { runJob } from '../support/in-process.ts';
import { byHeading, type Example, examplesOf } from '../support/pages/examples.ts';
import { columnsOf, envOf } from './transform/support.ts';

const recipes = [...byHeading(examplesOf('docs/cookbook.md').filter((e) => e.mark === undefined))];

/** What a recipe's block of this language says after its first line, where that is a comment. */
function block(examples: readonly Example[], language: string, comment?: string): string {
  const found = examples.filter((e) => e.language === language && (!comment || e.text.startsWith(`-- ${comment}\n`)));
  expect(found, `${language} ${comment ?? ''}`).toHaveLength(1);
  return (found[0] as Example).text;
}

const line = (row: Readonly<Record<string, string | null>>) =>
  Object.values(row)
    .map((value) => value ?? 'NULL')
    .join(' | ');

test('the cookbook has its recipes', () => {
  expect(recipes.length).toBeGreaterThan(10);
});

test.each(recipes)('%s', async (_heading, examples) => {
  await using pair = await createPair();
  await pair.source.client.query(block(examples, 'sql', 'source'));
  await pair.target.client.query(block(examples, 'sql', 'target'));
  const config = JSON.parse(block(examples, 'json'));

  const first = await runJob(pair, config);
  const { rows } = await pair.target.client.query(block(examples, 'sql', 'the target then'));
  const second = await runJob(pair, config, {}, first.ports);

  expect(first.job.failure).toBeUndefined();
  expect(first.job.state).toBe('completed');
  expect(rows.map(line).join('\n')).toBe(block(examples, 'text'));
  expect(second.counts).toMatchObject({ inserted: 0, updated: 0, deleted: 0, quarantined: 0 });
});

test('the first examples of docs/expressions.md compile', async () => {
  await using database = await createDatabase();
  await database.client.query(
    `create table owners (last_name text, first_name text, status text, closed_on date, price_text text, "odd name" text)`,
  );
  const env = envOf(await columnsOf(database.client, 'owners'));
  const lines = examplesOf('docs/expressions.md').flatMap((e) => (e.language === 'cel' ? e.text.split('\n') : []));

  expect(lines.length).toBeGreaterThan(3);
  expect(lines.filter((line) => !('ok' in compileExpression(line, env)))).toEqual([]);
});
