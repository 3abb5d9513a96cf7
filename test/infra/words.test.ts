import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../infra/build.ts';
import { withoutDocs } from '../../infra/left-out.ts';
import { masks } from '../../lib/transformer/masks/registry.ts';
import { transformSteps } from '../../lib/transformer/registry.ts';

const FILES = globSync('lib/transformer/{functions,masks,steps}/*.ts', { cwd: ROOT });

it('leaves the words for people out of bundles', () => {
  const words = [...Object.values(masks), ...Object.values(transformSteps)].map((m) => m.summary);
  const whole = FILES.map((file) => readFileSync(join(ROOT, file), 'utf8'));
  const short = whole.map(withoutDocs).join('\n');

  expect(words.filter((word) => short.includes(`'${word}'`))).toEqual([]);
  expect(whole.join('\n').length - short.length).toBeGreaterThan(3_000);
});
