import { expect, test } from 'vitest';
import { commandHint } from '../../../cli/hints.ts';
import { ERRORS } from '../../../lib/model/errors.ts';
import { tfsync } from './fake-service.ts';

const remedies = Object.values(ERRORS).map((e) => e.remedy);

test('a remedy names no route to whoever types commands, but that of the description of the API', () => {
  const routes = remedies.map(commandHint).flatMap((hint) => hint.match(/(GET|POST|PUT|DELETE) \/\S+/g) ?? []);

  expect(routes).toEqual(['GET /api/sync/openapi.json.']);
  expect(commandHint(ERRORS.job_not_found.remedy)).toBe('List the jobs with tfsync jobs.');
  expect(commandHint(ERRORS.mapping_changed.remedy)).toContain('tfsync mappings show NAME,');
});

test('each command that a remedy names is one', async () => {
  const named = remedies.flatMap((r) => commandHint(r).match(/tfsync( [a-z-]+)+/g) ?? []);

  expect(named.length).toBeGreaterThan(10);
  for (const command of new Set(named)) {
    const words = command
      .split(' ')
      .slice(1)
      .filter((word) => !['lists'].includes(word));
    const help = await tfsync([...words, '--help']);
    expect([command, help.code, help.stdout.split('\n').find((l) => l.startsWith('Usage:'))]).toEqual([
      command,
      0,
      expect.stringContaining(`tfsync ${words.join(' ')}`),
    ]);
  }
});
