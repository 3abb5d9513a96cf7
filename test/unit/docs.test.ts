import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { routes } from '../../functions/api/routes/index.ts';
import { pages as webPages } from '../../functions/web/pages.ts';
import { AUDIT_EVENTS } from '../../lib/audit/meanings.ts';
import { TRAIL_FAULTS } from '../../lib/audit/verify.ts';
import { detectionStrategies } from '../../lib/change-detector/registry.ts';
import { BACK_CASES, BACK_MEANINGS } from '../../lib/conflict-resolver/both-ways.ts';
import { CASES } from '../../lib/conflict-resolver/classify.ts';
import { conflictStrategies } from '../../lib/conflict-resolver/registry.ts';
import { OUTCOMES } from '../../lib/conflict-resolver/strategy.ts';
import { CONFLICT_STATE_MEANINGS, CONFLICT_TYPES, CONFLICTS } from '../../lib/model/conflict.ts';
import { FIELD_RULES } from '../../lib/model/conflict-plan.ts';
import { SSL_MODES } from '../../lib/model/connection.ts';
import { ERRORS } from '../../lib/model/errors.ts';
import { JOB_STATES } from '../../lib/model/job.ts';
import { METRICS, unitOf } from '../../lib/model/metrics.ts';
import { NOTIFICATION_MEANINGS, notification } from '../../lib/model/notification.ts';
import { PRICE_SOURCES, PRICES, type PriceName } from '../../lib/model/prices.ts';
import { RESOLUTION_STATE_MEANINGS } from '../../lib/model/resolution.ts';
import { mayCall, ROLES } from '../../lib/model/roles.ts';
import { ROW_CODES, ROW_REMEDIES, type RowCode } from '../../lib/model/row-code.ts';
import { FINDINGS } from '../../lib/model/schema-check.ts';
import { SLOT_CONCERNS } from '../../lib/model/slot.ts';
import { DIFFERENCES } from '../../lib/model/strategy.ts';
import { TLS_MEANING, TLS_POLICIES } from '../../lib/model/tls.ts';
import { VALIDATION } from '../../lib/model/validation.ts';
import { JOB_EVENTS, LIFECYCLE } from '../../lib/orchestrator/lifecycle.ts';
import { signature } from '../../lib/transformer/compile-expression.ts';
import { forms } from '../../lib/transformer/forms.ts';
import { expressionFunctions } from '../../lib/transformer/functions/registry.ts';
import { masks } from '../../lib/transformer/masks/registry.ts';
import { PROBLEMS } from '../../lib/transformer/problem.ts';
import { transformSteps } from '../../lib/transformer/registry.ts';
import { rules } from '../../lib/validator/rules/registry.ts';
import type { RuleExample } from '../../lib/validator/rules/rule.ts';
import { MAX_BYTES, pictureName, places, SCHEMES, WIDTHS } from '../browser/pictures/places.ts';
import { EXAMPLE_HEADS, exampleRows, PEER_HEADS, peerRows, shortRows } from '../support/cost-example.ts';
import { deployedPackages } from '../support/lockfile.ts';
import { apiPage } from '../support/pages/api-page.ts';
import { cliPage, localHelp } from '../support/pages/cli-page.ts';
import { configInside, configTable } from '../support/pages/config-page.ts';
import { BESIDE } from '../support/pages/examples.ts';
import { code, table } from '../support/pages/markdown.ts';
import { parameterTable } from '../support/pages/parameters-page.ts';

// The pages and the code say the same thing. `UPDATE_DOCS=1 npx vitest run test/unit/docs.test.ts` writes the tables
// between `<!-- generated:name -->` and `<!-- /generated -->` anew; everything else is for people to mend.

const pages = [...globSync('*.md'), ...globSync('docs/**/*.md')].sort();
const read = (file: string) => readFileSync(file, 'utf8');

/** Rules with their own fields and what their examples say. */
function rulesTable(): string {
  const example = ({ settings, columns, good, bad }: RuleExample) =>
    `${code(JSON.stringify(settings))} over ${code(columns)} lets pass ${good.map(code).join(', ')}; not ${bad.map(code).join(', ')}`;
  return table(
    ['rule', 'settings', 'lets a row pass where', 'examples'],
    rules.map((r) => [
      code(r.name),
      Object.entries(r.settings)
        .map(([name, schema]) => `${code(name)}${schema instanceof z.ZodOptional ? ' (optional)' : ''}`)
        .join(', '),
      r.summary,
      r.examples.map(example).join('. '),
    ]),
  );
}

/** A row for each thing that `npm run pictures` takes, each picture leading to itself in full. */
function pictureTable(): string {
  const each = WIDTHS.flatMap((width) => SCHEMES.map((scheme) => ({ width, scheme })));
  return table(
    ['', ...each.map(({ width, scheme }) => `${scheme}, ${width} px`)],
    places.map(({ name, title }) => [
      title,
      ...each.map(({ width, scheme }) => {
        const file = `pictures/${pictureName(name, scheme, width)}`;
        return `[![${title}, ${scheme}, ${width} px](${file})](${file})`;
      }),
    ]),
  );
}

function strategyTable(): string {
  const rows = detectionStrategies.flatMap((s) =>
    (['full', 'incremental'] as const).flatMap((mode) => {
      const reach = s[mode];
      return reach ? [[code(s.name), mode, ...DIFFERENCES.map((kind) => reach.sees[kind]), reach.reads]] : [];
    }),
  );
  return table(['strategy', 'job', ...DIFFERENCES.map((kind) => kind.replace('_', ' ')), 'reads'], rows);
}

const NEEDS = {
  timestampColumn: 'an update column',
  openTransactions: 'a primary source, `pg_read_all_stats`',
  changeStream: 'a primary source at `wal_level` logical, `REPLICATION`, a publication, a replica identity',
} as const;

function strategyNeeds(): string {
  const rows = detectionStrategies.map((s) => [
    code(s.name),
    s.compares === 'key' ? 'keys' : 'all mapped columns',
    s.namesFields ? 'yes' : 'no',
    [
      'a key',
      ...(['timestampColumn', 'openTransactions', 'changeStream'] as const)
        .filter((n) => s.needs[n])
        .map((n) => NEEDS[n]),
    ].join(', '),
    [...s.options, ...(s.needs.timestampColumn ? ['timestamp_overlap_seconds'] : [])].map(code).join(', '),
  ]);
  return table(['strategy', 'compares', 'names the fields that differ', 'needs', 'options of its own'], rows);
}

/** Names with their meanings. */
const meanings = (head: string, all: Readonly<Record<string, string>>) =>
  table(
    [head, 'meaning'],
    Object.entries(all).map(([name, meaning]) => [code(name), meaning]),
  );

function caseTable(): string {
  const cases: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>> = CASES;
  const rows = Object.entries(cases).flatMap(([base, sources]) =>
    Object.entries(sources).flatMap(([source, targets]) =>
      Object.entries(targets).map(([target, cell]) => [base, source, target, code(cell)]),
    ),
  );
  return table(['known', 'source', 'target', 'is'], rows);
}

/** What a job in both directions does to the source, by what a case comes to. */
const backTable = () =>
  table(
    ['case', 'for the source'],
    Object.entries(BACK_CASES).map(([verdict, back]) => [code(verdict), BACK_MEANINGS[back]]),
  );

const written = (examples: readonly (readonly [string, string | null])[]) =>
  examples
    .map(([expression, value]) => `${code(expression)} is ${value === null ? 'no value' : code(value)}`)
    .join('; ');

const functionTable = () =>
  table(
    ['function', 'gives', 'examples'],
    [
      ...expressionFunctions.map((f) => [code(signature(f)), f.summary, written(f.examples)]),
      ...forms.map((f) => [code(`${f.name}(${f.takes})`), f.summary, written(f.examples)]),
    ],
  );

/** Fields of notifications that say more than their name, with the types that have them. */
function notificationTable(): string {
  const rows = new Map<string, { types: string[]; meaning: string }>();
  const visit = (type: string, path: string, schema: z.ZodType, optional = false): void => {
    if (schema instanceof z.ZodOptional) {
      visit(type, path, schema.unwrap() as z.ZodType, true);
      return;
    }
    const meaning = schema.meta()?.description ?? '';
    const listed = schema instanceof z.ZodArray ? (schema.element as z.ZodType) : schema;
    if (path !== '' && meaning !== '') {
      const key = `${path}${optional ? ' (optional)' : ''}|${meaning}`;
      rows.set(key, { types: [...(rows.get(key)?.types ?? []), type], meaning });
    }
    if (listed instanceof z.ZodObject)
      for (const [name, inner] of Object.entries(listed.shape))
        visit(type, path === '' ? name : `${path}.${name}`, inner as z.ZodType);
  };
  for (const option of notification.options) visit(option.shape.type.value, '', option);
  const most = notification.options.length - 1;
  return table(
    ['field', 'of', 'holds'],
    [...rows].map(([key, { types, meaning }]) => [
      code(key.split('|')[0]?.replace(' (optional)', '') ?? '') + (key.includes(' (optional)') ? ' (optional)' : ''),
      types.length > most ? 'all' : types.length === most ? 'all but `webhook.test`' : types.map(code).join(', '),
      meaning,
    ]),
  );
}

/** What each thing costs that jobs use, and who says so. */
function priceTable(): string {
  const rows = Object.entries(PRICES).map(([name, { unit, usd, per, figures }]) => {
    const { page, confirmed } = PRICE_SOURCES[name as PriceName];
    const many = per === 1 ? `a ${unit}` : `${per.toLocaleString('en-US')} ${unit}s`;
    const who = confirmed ? `${confirmed.by} (${confirmed.of})` : 'nobody';
    return [name, figures.map(code).join(', '), `$${usd} ${many}`, page, who];
  });
  return table(['what', 'figures', 'price', 'page', 'confirmed by (of)'], rows);
}

/** Each generated part: its page, and what the code says that it holds. */
const GENERATED: Readonly<Record<string, readonly [page: string, content: () => string | Promise<string>]>> = {
  'both-ways': ['docs/conflicts.md', backTable],
  prices: ['docs/cost.md', priceTable],
  'cost-example': ['docs/cost.md', () => table(EXAMPLE_HEADS, exampleRows())],
  'cost-peers': ['docs/cost.md', () => table(PEER_HEADS, peerRows())],
  'cost-short': ['README.md', () => table(['50 million rows every night', 'a month at list prices'], shortRows())],
  api: ['docs/api.md', apiPage],
  cli: ['docs/cli.md', cliPage],
  'local-programs': ['docs/cli.md', localHelp],
  routes: [
    'docs/api.md',
    () =>
      table(
        ['method and path', 'role', 'function', 'does'],
        routes.map((r) => [code(`${r.method} ${r.path}`), r.role, r.runs, r.summary]),
      ),
  ],
  roles: [
    'docs/roles.md',
    () =>
      table(
        ['method and path', 'nobody', ...ROLES],
        routes.map((r) => [
          code(`${r.method} ${r.path}`),
          mayCall(r.role, []) ? 'yes' : 'no',
          ...ROLES.map((role) => (mayCall(r.role, [role]) ? 'yes' : 'no')),
        ]),
      ),
  ],
  pages: [
    'docs/web-ui.md',
    () =>
      table(
        ['page', 'shows'],
        webPages.filter((p) => p.answers === 'document').map((p) => [code(p.path), p.summary]),
      ),
  ],
  config: ['docs/configuration.md', configTable],
  'config-inside': ['docs/configuration.md', configInside],
  parameters: ['docs/configuration.md', parameterTable],
  sslmode: [
    'docs/connections.md',
    () =>
      table(
        [code('sslmode'), ...TLS_POLICIES.map((p) => `policy ${code(p)}`)],
        (['absent', ...SSL_MODES] as const).map((mode) => [
          mode === 'absent' ? '(left out)' : code(mode),
          ...TLS_POLICIES.map((policy) => TLS_MEANING[policy][mode]),
        ]),
      ),
  ],
  'slot-concerns': [
    'docs/strategies.md',
    () =>
      table(
        ['concern', 'meaning'],
        Object.entries(SLOT_CONCERNS).map(([name, meaning]) => [code(name), meaning]),
      ),
  ],
  strategies: ['docs/strategies.md', strategyTable],
  'strategy-needs': ['docs/strategies.md', strategyNeeds],
  'transform-steps': [
    'docs/mappings.md',
    () =>
      table(
        ['field', 'the column is'],
        Object.entries(transformSteps).map(([name, s]) => [name === 'column' ? 'a text alone' : code(name), s.summary]),
      ),
  ],
  'conflict-cases': ['docs/conflicts.md', caseTable],
  'conflict-types': ['docs/conflicts.md', () => meanings('type', CONFLICTS)],
  'conflict-strategies': [
    'docs/conflicts.md',
    () =>
      table(
        ['strategy', 'does', ...CONFLICT_TYPES.map(code)],
        conflictStrategies.map((s) => [code(s.name), s.summary, ...CONFLICT_TYPES.map((t) => s.outcomes[t])]),
      ),
  ],
  'conflict-outcomes': ['docs/conflicts.md', () => meanings('outcome', OUTCOMES)],
  'field-rules': ['docs/conflicts.md', () => meanings('rule', FIELD_RULES)],
  'resolution-states': ['docs/conflicts.md', () => meanings('state', RESOLUTION_STATE_MEANINGS)],
  'notification-types': ['docs/notifications.md', () => meanings('type', NOTIFICATION_MEANINGS)],
  'notification-fields': ['docs/notifications.md', notificationTable],
  'conflict-states': ['docs/conflicts.md', () => meanings('state', CONFLICT_STATE_MEANINGS)],
  lifecycle: [
    'docs/sync-spec.md',
    () =>
      table(
        ['state', ...JOB_EVENTS.map(code)],
        JOB_STATES.map((state) => [code(state), ...JOB_EVENTS.map((event) => LIFECYCLE[state][event] ?? '')]),
      ),
  ],
  errors: [
    'docs/errors.md',
    () =>
      table(
        ['code', 'HTTP', 'meaning', 'what to do'],
        Object.entries(ERRORS).map(([name, e]) => [code(name), String(e.status), e.meaning, e.remedy]),
      ),
  ],
  'row-codes': [
    'docs/errors.md',
    () =>
      table(
        ['reason', 'meaning', 'what to do'],
        Object.entries(ROW_CODES).map(([name, meaning]) => [code(name), meaning, ROW_REMEDIES[name as RowCode]]),
      ),
  ],
  validation: [
    'docs/sync-spec.md',
    () =>
      table(
        ['state', 'meaning'],
        Object.entries(VALIDATION).map(([name, meaning]) => [code(name), meaning]),
      ),
  ],
  findings: [
    'docs/validation.md',
    () =>
      table(
        ['finding', 'severity', 'meaning'],
        Object.entries(FINDINGS).map(([name, [severity, meaning]]) => [code(name), severity, meaning]),
      ),
  ],
  'audit-events': [
    'docs/audit.md',
    () =>
      table(
        ['event', 'kept from level', 'severity', 'meaning', 'fields'],
        Object.entries(AUDIT_EVENTS).map(([name, e]) => [
          code(name),
          code(e.level),
          e.severity,
          e.meaning,
          Object.entries(e.fields)
            .map(([field, meaning]) => `${code(field)}: ${meaning}`)
            .join('; '),
        ]),
      ),
  ],
  'expression-functions': ['docs/expressions.md', functionTable],
  'expression-problems': ['docs/expressions.md', () => meanings('code', PROBLEMS)],
  masks: [
    'docs/masks.md',
    () =>
      table(
        ['kind', 'becomes', 'for', 'can still be told'],
        Object.values(masks).map((m) => [code(m.kind), m.summary, m.types, m.tells]),
      ),
  ],
  metrics: [
    'docs/metrics.md',
    () =>
      table(
        ['metric', 'unit', 'meaning', 'functions'],
        Object.entries(METRICS).map(([name, m]) => [code(name), unitOf(name), m.meaning, m.from.join(', ')]),
      ),
  ],
  pictures: ['docs/web-ui.md', pictureTable],
  rules: ['docs/rules.md', rulesTable],
  packages: [
    'docs/supply-chain.md',
    () =>
      table(
        ['package', 'version', 'licence'],
        deployedPackages().map((p) => [code(p.name), p.version, p.license ?? '']),
      ),
  ],
  'trail-faults': [
    'docs/audit.md',
    () =>
      table(
        ['fault', 'meaning'],
        Object.entries(TRAIL_FAULTS).map(([name, meaning]) => [code(name), meaning]),
      ),
  ],
};

const part = (name: string) => new RegExp(`(<!-- generated:${name} -->\n)((?:(?!<!--)[\\s\\S])*)(<!-- /generated -->)`);

if (process.env.UPDATE_DOCS) {
  for (const [name, [page, content]] of Object.entries(GENERATED)) {
    const now = await content();
    writeFileSync(
      page,
      read(page).replace(part(name), (_, head, _old, tail) => `${head}${now}\n${tail}`),
    );
  }
}

test.each(Object.entries(GENERATED))(
  'the table %s of its page is what the code says',
  async (name, [page, content]) => {
    expect(part(name).exec(read(page))?.[2]).toBe(`${await content()}\n`);
  },
);

/** Columns by table, in order, of `create table` statements without nested commas but in parentheses and quotes. */
function controlTables(): Record<string, string[]> {
  const sql = read('lib/postgres/control-schema.ts');
  const tables = sql.matchAll(/create table if not exists tf_sync\.(\w+) \(([\s\S]*?)\);/g);
  return Object.fromEntries(
    [...tables].map(([, name = '', body = '']) => {
      const flat = body.replaceAll(/'[^']*'/g, '').replaceAll(/\([^()]*\)/g, '');
      const columns = flat.split(',').map((c) => /^\s*(\w+)/.exec(c)?.[1] ?? '');
      return [name, columns.filter((c) => c !== 'primary')];
    }),
  );
}

test('architecture.md names every table of tf_sync, column by column', () => {
  const page = read('docs/architecture.md');
  const sections = [...page.matchAll(/\n#### `tf_sync\.(\w+)`\n([\s\S]*?)(?=\n#|$)/g)];
  const described = sections.map(([, name = '', text = '']) => [
    name,
    [...text.matchAll(/^\| `(\w+)` \|/gm)].map((m) => m[1]),
  ]);

  expect(Object.fromEntries(described)).toEqual(controlTables());
});

/** `| I3 | text | test/file.test.ts: *title* |`, with more tests after line breaks. */
const invariants = [...read('docs/sync-spec.md').matchAll(/^\| (I\d+) \|(.*)\|$/gm)].map(([, id = '', row = '']) => ({
  id,
  tests: [...row.matchAll(/`(test\/[\w./-]+)`: \*([^*]+)\*/g)].map(([, file = '', title = '']) => ({ file, title })),
}));

test('invariants are numbered without gaps, and each names a test', () => {
  expect(invariants.map((i) => i.id)).toEqual(invariants.map((_, n) => `I${n + 1}`));
  expect(invariants.length).toBeGreaterThan(10);
  expect(invariants.filter((i) => i.tests.length === 0)).toEqual([]);
});

test('each test that an invariant names is there', () => {
  const missing = invariants.flatMap(({ id, tests }) =>
    tests
      .filter(({ file, title }) => !existsSync(file) || !read(file).includes(`'${title}'`))
      .map(({ file, title }) => `${id}: ${file}: ${title}`),
  );

  expect(missing).toEqual([]);
});

/** The anchor GitHub makes of a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
const anchorsIn = (page: string) => [...read(page).matchAll(/^#+ (.+)$/gm)].map((m) => anchorOf(m[1] ?? ''));

function brokenLinks(page: string): string[] {
  const targets = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map((m) => m[1] ?? '');
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      return !existsSync(file) || (anchor !== undefined && !anchorsIn(file).includes(anchor));
    })
    .map((target) => `${page}: ${target}`);
}

test('every relative link leads somewhere', () => {
  expect(pages).toContain('docs/adr/0001-toolchain.md');
  expect(pages.flatMap(brokenLinks)).toEqual([]);
});

test('the index leads to every page', () => {
  const index = read('docs/README.md');
  const own = globSync('docs/*.md').filter((page) => page !== 'docs/README.md' && !BESIDE.has(page));

  expect(own.filter((page) => !index.includes(`](${basename(page)})`))).toEqual([]);
});

/** Words of the Flask service, which docs/migration.md leads away from. */
const ORIGINAL = new Set(
  [
    'user_id schema_validation schema_auto_migration sync_states sync_audit_events event_type is_compatible start_time',
    'checkpoint_interval cdc_enabled cdc_table_prefix ai_resolution ai_service_url max_retries retry_base_delay retry_max_delay',
    'exponential_backoff include_data state_directory mapping_directory',
  ].flatMap((line) => line.split(' ')),
);

/** A page without its blocks of code, in which words stand for themselves. */
const prose = (page: string) => read(page).replaceAll(/^```[\s\S]*?^```/gm, '');
const inBackticks = (page: string) => [...prose(page).matchAll(/`([^`\n]+)`/g)].map((m) => m[1] ?? '');

test('every word_with_underscores in backticks is an error code, or another word of the code', () => {
  const sources = globSync('{lib,functions,infra,local,cli}/**/*.{ts,mjs}').filter((f) => f !== 'lib/model/errors.ts');
  const words = new Set([...ORIGINAL, ...Object.keys(ERRORS), ...sources.flatMap((f) => read(f).match(/\w+/g) ?? [])]);
  const unknown = pages.flatMap((page) =>
    inBackticks(page)
      .filter((text) => /^[a-z]+(_[a-z0-9]+)+$/.test(text) && !words.has(text))
      .map((text) => `${page}: ${text}`),
  );

  expect(unknown).toEqual([]);
});

test('every file that a page names is there', () => {
  const named = pages.flatMap((page) =>
    inBackticks(page)
      .filter((text) => /^(lib|functions|infra|local|cli|test|docs)\/[\w./-]+$/.test(text))
      .map((text) => ({ page, text })),
  );

  expect(named.length).toBeGreaterThan(20);
  expect(named.filter(({ text }) => !existsSync(text))).toEqual([]);
});

test('every npm script that a page names is in package.json', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = pages.flatMap((page) => [...read(page).matchAll(/npm run ([a-z:]+)/g)].map((m) => m[1] ?? ''));

  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

test('every picture is shown, and all of them together stay small', () => {
  const shown = pages.flatMap((page) => [...read(page).matchAll(/pictures\/([\w-]+\.jpg)/g)].map((m) => m[1] ?? ''));
  const files = globSync('docs/pictures/*');

  expect(files.map((file) => basename(file)).sort()).toEqual([...new Set(shown)].sort());
  expect(files.reduce((bytes, file) => bytes + statSync(file).size, 0)).toBeLessThan(MAX_BYTES);
});
