import { loadCounty } from '../../local/demo/create-demo.ts';
import { type Drift, drift } from '../../local/demo/drift.ts';
import { createPair, type Template, type TestPair } from './databases.ts';

/** The demo county at a twentieth of its size: some 2,500 rows in ten tables. */
export const smallCounty: Template = {
  name: 'county-small',
  build: (client) => loadCounty(client, { scale: 0.05, seed: 1 }),
};

/** Two copies of the small county that have drifted apart as the demo does; `drift` says what was done. */
export async function createCountyPair(): Promise<TestPair & { readonly drift: Drift }> {
  const pair = await createPair({ template: smallCounty });
  const done = await drift({ production: pair.source.client, training: pair.target.client }, { seed: 1 });
  return { ...pair, drift: done };
}
