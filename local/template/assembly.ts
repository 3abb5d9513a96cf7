import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as z from 'zod';

const resourceSchema = z.looseObject({
  Type: z.string(),
  Properties: z.record(z.string(), z.json()).default({}),
  Metadata: z.record(z.string(), z.json()).optional(),
  Condition: z.string().optional(),
});

const templateSchema = z.looseObject({
  Parameters: z.record(z.string(), z.looseObject({ Type: z.string(), Default: z.json().optional() })).default({}),
  Mappings: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.json()))).default({}),
  Conditions: z.record(z.string(), z.json()).default({}),
  Resources: z.record(z.string(), resourceSchema),
});

const assetsSchema = z.looseObject({
  files: z.record(z.string(), z.looseObject({ source: z.looseObject({ path: z.string().optional() }) })).default({}),
});

export type Template = z.infer<typeof templateSchema>;
export type Resource = z.infer<typeof resourceSchema>;

/** What `cdk synth` left behind: one stack's template, and where the code of each function lies. */
export interface Assembly {
  readonly stackName: string;
  readonly template: Template;
  /** The folder with the code of a function: the asset that its resource names. */
  bundleOf(logicalId: string): string;
}

/** Reads a template as CloudFormation would; throws a ZodError where it is none. */
export function parseTemplate(json: unknown): Template {
  return templateSchema.parse(json);
}

/** Reads `folder` (a cdk.out). Throws when it holds no stack or more than one: which one to run would be a guess. */
export function readAssembly(folder: string): Assembly {
  const suffix = '.template.json';
  const templates = readdirSync(folder).filter((name) => name.endsWith(suffix));
  const [file] = templates;
  if (!file || templates.length > 1) {
    throw new Error(`Expected one stack in ${folder}, found ${templates.length}: ${templates.join(', ')}`);
  }
  const stackName = file.slice(0, -suffix.length);
  const template = parseTemplate(JSON.parse(readFileSync(join(folder, file), 'utf8')));
  const assets = assetsSchema.parse(JSON.parse(readFileSync(join(folder, `${stackName}.assets.json`), 'utf8')));
  return { stackName, template, bundleOf: (logicalId) => resolve(folder, assetPath(logicalId, template, assets)) };
}

function assetPath(logicalId: string, template: Template, assets: z.infer<typeof assetsSchema>): string {
  const resource = template.Resources[logicalId];
  const named = resource?.Metadata?.['aws:asset:path'];
  if (typeof named === 'string') return named;
  const code = z.object({ S3Key: z.string() }).safeParse(resource?.Properties.Code);
  const path = code.success ? assets.files[code.data.S3Key.replace(/\.zip$/, '')]?.source.path : undefined;
  if (!path) throw new Error(`No asset found for the code of ${logicalId}`);
  return path;
}
