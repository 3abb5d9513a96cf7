import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase } from '../../support/databases.ts';
import { expectHarmless } from '../../support/harmless-draft.ts';
import { HOSTILE_SCHEMAS } from '../../support/hostile-schemas.ts';
import { few } from '../../support/level.ts';
import { type SuggestFunction, startSuggestFunction } from '../../support/suggest-function.ts';

let fn: SuggestFunction;
beforeAll(async () => {
  fn = await startSuggestFunction();
});
afterAll(() => fn?.[Symbol.asyncDispose]());

describe('a schema with', () => {
  test('a name that means harm is tried in at least 60 ways', () =>
    expect(HOSTILE_SCHEMAS.length).toBeGreaterThanOrEqual(60));

  test.each(few(HOSTILE_SCHEMAS, 24))('%s is data, for the model and for everybody', async (_what, source, target) => {
    await using a = await createDatabase();
    await using b = await createDatabase();
    await a.client.query(source);
    await b.client.query(target);
    const pair = { source: a, target: b };
    // a model that believes what names tell it: it maps every column from every other
    fn.bedrock.answer(({ body }) => {
      const text: string = body.messages[0].content[0].text;
      expect(text.match(/<\/?data>/g)).toEqual(['<data>', '</data>']);
      const asked = JSON.parse(text.slice(7, -8));
      return JSON.stringify({
        tables: asked.target.map((t: { table: string; columns: string[][] }, i: number) => ({
          table: t.table,
          from: asked.source[i % asked.source.length].table,
          reason: t.table,
          columns: t.columns.map(([name = '']) => ({
            column: name,
            source: asked.source[0].columns[0][0],
            expression: null,
            personal: null,
            confidence: 1,
            reason: name,
          })),
        })),
      });
    });

    const answer = await fn.suggest(pair, { name: 'hostile', samples: true });

    expect(answer.status, answer.text).toBe(201);
    await expectHarmless(fn, { answer, pair, name: 'hostile' });
    const question = fn.bedrock.calls.at(-1)?.text ?? '';
    expect(question).not.toMatch(/c4n4ry (value|note|default|comment|label)/);
    expect((await b.client.query('select from pg_namespace where nspname = $1', ['tf_sync'])).rowCount).toBe(0);
  });
});
