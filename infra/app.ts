import { routes } from '../functions/api/routes/index.ts';
import { pages } from '../functions/web/pages.ts';
import { buildAll } from './build.ts';
import { createApp } from './synth.ts';

// `cdk synth`, `cdk deploy` and the local run all start here: bundles first, because their hashes go into the template.
await buildAll();
createApp({ routes: [...routes, ...pages] }).app.synth();
