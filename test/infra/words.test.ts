import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../infra/build.ts';
import { withoutWords } from '../../infra/left-out.ts';
import { masks } from '../../lib/transformer/masks/registry.ts';
import { transformSteps } from '../../lib/transformer/registry.ts';

const FILES = globSync('lib/transformer/{functions,masks,steps}/*.ts', { cwd: ROOT });

it('leaves the words for people out of bundles, and nothing else', () => {
  const words = [...Object.values(masks), ...Object.values(transformSteps)].map((m) => m.summary);
  const whole = FILES.map((file) => readFileSync(join(ROOT, file), 'utf8')).join('\n');
  const short = withoutWords(whole);
  const left = (text: string) => text.replaceAll(/^\s+(summary|types|tells):\s*.*,\n/gm, '');

  expect(words.filter((word) => short.includes(`'${word}'`))).toEqual([]);
  expect(left(short)).toBe(left(whole));
  expect(whole.length - short.length).toBeGreaterThan(3_000);
});
