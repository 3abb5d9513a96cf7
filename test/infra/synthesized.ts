import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { routes as apiRoutes } from '../../functions/api/routes/index.ts';
import { pages } from '../../functions/web/pages.ts';
import { FUNCTIONS } from '../../infra/functions.ts';
import { createApp } from '../../infra/synth.ts';

const routes = [...apiRoutes, ...pages];

export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: CloudFormation properties, as many shapes as there are resource types
  readonly Properties: any;
  readonly DeletionPolicy?: string;
  readonly Condition?: string;
}

export interface Template {
  readonly Parameters: Readonly<
    Record<string, { readonly Type: string; readonly Default?: string | number; readonly AllowedPattern?: string }>
  >;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Rules?: Readonly<Record<string, unknown>>;
  readonly Outputs: Readonly<Record<string, { readonly Value: unknown; readonly Condition?: string }>>;
}

/** Synthesizes the real stack, nag rules included, around empty functions: the template does not depend on their code. */
export function synthesize(context?: Readonly<Record<string, string>>) {
  const scratch = mkdtempSync(join(tmpdir(), 'tf-infra-'));
  const distDir = join(scratch, 'dist');
  for (const name of Object.keys(FUNCTIONS)) {
    mkdirSync(join(distDir, name), { recursive: true });
    writeFileSync(join(distDir, name, 'index.mjs'), `export const handler = () => '${name}';`);
  }
  const { app, stack } = createApp({ routes, distDir, outDir: join(scratch, 'cdk.out'), ...(context && { context }) });
  app.synth();
  const file = join(scratch, 'cdk.out', stack.templateFile);
  return { app, stack, routes, template: JSON.parse(readFileSync(file, 'utf8')) as Template };
}

/** Resources of one type, by logical id. */
export const ofType = (template: Template, type: string): readonly (readonly [string, Resource])[] =>
  Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);

/** The definitions of all machines as Step Functions gets them, with sample ARNs in their places. */
export function definitions(template: Template) {
  const find = (suffix: string) => {
    const found = ofType(template, 'AWS::StepFunctions::StateMachine').find(([, { Properties }]) =>
      JSON.stringify(Properties.StateMachineName).includes(suffix),
    );
    if (!found) throw new Error(`The template has no state machine named ${suffix}`);
    const parts: readonly unknown[] = found[1].Properties.DefinitionString['Fn::Join'][1];
    const resolved = parts.map((part) => (typeof part === 'string' ? part : sample(JSON.stringify(part)))).join('');
    return JSON.parse(resolved) as Definition;
  };
  return { syncJob: find('-sync-job'), syncPart: find('-sync-part'), syncTable: find('-sync-table') };
}

export interface Definition {
  readonly StartAt: string;
  readonly TimeoutSeconds?: number;
  readonly States: Readonly<Record<string, State>>;
}
export interface State {
  readonly Next?: string;
  readonly Type: string;
  readonly Resource?: string;
  readonly TimeoutSeconds?: number;
  readonly HeartbeatSeconds?: number;
  readonly ResultPath?: string | null;
  readonly Retry?: readonly { readonly ErrorEquals: readonly string[]; readonly MaxAttempts?: number }[];
  readonly Catch?: readonly {
    readonly ErrorEquals: readonly string[];
    readonly Next: string;
    readonly ResultPath?: string | null;
  }[];
  readonly ItemProcessor?: Definition;
}

/** A value for what a machine refers to, by the reference's text. */
function sample(reference: string): string {
  if (reference === '{"Ref":"AWS::Partition"}') return 'aws';
  if (/"SegmentsQueue/.test(reference)) return 'https://sqs.eu-west-1.amazonaws.com/123456789012/segments';
  if (/sync-?part/i.test(reference)) return 'arn:aws:states:eu-west-1:123456789012:stateMachine:sync-part';
  if (/sync-?table/i.test(reference)) return 'arn:aws:states:eu-west-1:123456789012:stateMachine:sync-table';
  return `arn:aws:lambda:eu-west-1:123456789012:function:${/"(\w+)Function/.exec(reference)?.[1] ?? reference}`;
}

/** Every state of a definition, those inside of Maps too. */
export function allStates(definition: Definition): readonly (readonly [string, State])[] {
  return Object.entries(definition.States).flatMap(([name, state]) => [
    [name, state] as const,
    ...(state.ItemProcessor ? allStates(state.ItemProcessor) : []),
  ]);
}
