import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, DefaultStackSynthesizer, type IStackSynthesizer, Validations } from 'aws-cdk-lib';
import { CURRENTLY_RECOMMENDED_FLAGS } from 'aws-cdk-lib/cx-api';
import { AwsSolutionsChecks } from 'cdk-nag';
import { DIST, ROOT } from './build.ts';
import type { RouteDeclaration } from './constructs/http-api.ts';
import { SyncStack } from './stack.ts';

export interface SynthOptions {
  readonly routes: readonly RouteDeclaration[];
  readonly distDir?: string;
  /** Where the cloud assembly goes; by default CDK_OUTDIR, which the CLI sets, else cdk.out. */
  readonly outDir?: string;
  /** As `-c name=value` of the CLI, which tells them by its environment. */
  readonly context?: Readonly<Record<string, string>>;
}

/** The whole application, ready to synthesize. The same however it is started: no account, no lookup; context only by name (`networkOptions`). */
export function createApp(options: SynthOptions): { readonly app: App; readonly stack: SyncStack } {
  const outdir = options.outDir ?? process.env.CDK_OUTDIR ?? join(ROOT, 'cdk.out');
  const app = new App({
    outdir,
    analyticsReporting: false,
    treeMetadata: false,
    ...(options.context && { context: options.context }),
    // Stated here and not in cdk.json, where `node infra/app.ts` would not see it; these win over the CLI's own.
    postCliContext: {
      ...CURRENTLY_RECOMMENDED_FLAGS, // what `cdk init` would write, for this version of the library
      'aws:cdk:enable-asset-metadata': true, // tells the local run which folder holds a function's code
      'aws:cdk:enable-path-metadata': false,
    },
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true }));

  const stack = new SyncStack(app, 'TerraFusionSync', {
    description: 'TerraFusion Sync: keeps PostgreSQL databases in step.',
    // The cast: CDK's own types do not fit each other under exactOptionalPropertyTypes.
    synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }) as IStackSynthesizer,
    routes: options.routes,
    distDir: options.distDir ?? DIST,
    serviceVersion: packageVersion(),
  });
  return { app, stack };
}

function packageVersion(): string {
  return (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
}
