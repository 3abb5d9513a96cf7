import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { webFacts } from '../../../infra/web-facts.ts';
import { JOB_MODES } from '../../../lib/model/job.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { asCurl, asTfsync, shellWord } from '../../../web/start/commands.ts';
import { fieldOf, placeErrors, refusedValues, saidOfSide } from '../../../web/start/field-errors.ts';
import { cannotPick, choiceOf, matching, size, sizeOf, takes } from '../../../web/start/pick.ts';
import { configOf, noSide, optionsOf, pairBody, type StartForm } from '../../../web/start/request.ts';
import { unread } from '../../../web/start/unread.ts';

const facts = webFacts();
const SECRET = 's3cret\'"$(id)`';
const NASTY = [
  "it's",
  'a "b" $HOME `id` $(id) \\ ! # ; | & > \n\ttwo lines',
  '--flag',
  '',
  '\\(1)',
  "'; rm -rf / #",
  'ünïcode 😀',
  '-',
];

/** Words that a shell makes of a command; the programs that it names write down what they get. */
function run(script: string, env: Record<string, string> = {}) {
  const spy =
    'curl() { for a in "$@"; do printf "%s\\0" "$a"; done; for a in "$@"; do [ "$a" = "@-" ] && cat; done; true; }; tfsync() { for a in "$@"; do printf "%s\\0" "$a"; done; };';
  const out = execFileSync('/bin/sh', ['-c', `${spy}\n${script}`], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  return out.split('\0');
}

const form = (over: Partial<StartForm> = {}): StartForm => ({
  source: { kind: 'environment', environment: 'production', connection: SECRET },
  target: { kind: 'environment', environment: 'training', connection: SECRET },
  mode: 'full',
  options: {},
  ...over,
});
const asked = (over: Partial<StartForm>, config: object = {}) => ({
  ...form(over),
  config: config as Record<string, unknown>,
  origin: 'http://127.0.0.1:5000',
});

describe('the same start for a terminal', () => {
  it.each(NASTY)('a shell reads %j as one word', (text) => {
    expect(run(`tfsync ${shellWord(text)} end`)).toEqual([text, 'end', '']);
  });

  it.each(JOB_MODES)('tfsync gets mode %s, environments and config as they are', (mode) => {
    const config = { filters: { 'public.t': NASTY.map((value) => ({ column: "o'clock", op: 'eq', value })) } };
    const words = run(asTfsync(asked({ mode }, config)));

    expect(words.slice(0, 8)).toEqual([
      '--url',
      'http://127.0.0.1:5000',
      'start',
      mode,
      '--source-env',
      'production',
      '--target-env',
      'training',
    ]);
    expect(words.slice(8)).toEqual(['--config', JSON.stringify(config), '--wait', '']);
  });

  it('curl sends the body that the form sends', () => {
    const config = { column_tags: Object.fromEntries(NASTY.map((name) => [name, 'hash'])) };
    const words = run(asCurl(asked({}, config)), { TFSYNC_TOKEN: 'tok' });

    expect(words).toContain('authorization: Bearer tok');
    expect(words).toContain('http://127.0.0.1:5000/api/sync/full');
    expect(JSON.parse(words[words.indexOf('--data-binary') + 1] ?? '')).toEqual({ ...pairBody(form()), config });
  });

  it('curl reads connections from variables, whatever is in them', () => {
    const config = { pii_columns: NASTY };
    const url = `postgresql://u:${SECRET}@h/d`;
    const side = { kind: 'connection', environment: '', connection: url } as const;
    const words = run(asCurl(asked({ source: side, target: side }, config)), {
      TFSYNC_TOKEN: 'tok',
      TFSYNC_SOURCE: url,
      TFSYNC_TARGET: `${url}\n"`,
    });

    expect(JSON.parse(words.at(-1) ?? '')).toEqual({
      source_connection: url,
      target_connection: `${url}\n"`,
      config,
    });
  });

  it('no command ever holds what was typed as a connection', () => {
    for (const kind of ['environment', 'connection'] as const) {
      const side = { kind, environment: 'production', connection: `postgresql://u:${SECRET}@h/d` };
      const both = asked({ source: side, target: side });
      for (const text of [asCurl(both), asTfsync(both)]) expect(text).not.toContain('s3cret');
    }
  });
});

describe('the request that a form makes', () => {
  it('names each side by what was chosen, and leaves out what was not given', () => {
    const source = { kind: 'connection', environment: 'x', connection: ' postgresql://h/d \n' } as const;
    expect(pairBody({ source, target: noSide })).toEqual({ source_connection: 'postgresql://h/d' });
  });

  it('holds what differs from the defaults, and nothing else', () => {
    const options = {
      batch_size: '500',
      max_parallel_tables: '1',
      key_sweep: 'true',
      dry_run: 'false',
      filters: '{"public.t": []}',
    };
    expect(configOf({ options }, facts.config)).toEqual({
      config: { batch_size: 500, key_sweep: true, filters: { 'public.t': [] } },
      unreadable: [],
    });
  });

  it('sends what is no number as it was typed, and names fields that hold no JSON', () => {
    const options = { batch_size: 'many', rules: '{"public.t": [' };
    expect(configOf({ options }, facts.config)).toEqual({ config: { batch_size: 'many' }, unreadable: ['rules'] });
  });

  it('a config that a job had comes back as it was', () => {
    const config = jobConfigSchema.parse({
      batch_size: 7,
      triggers: 'suppress',
      key_columns: { 'public.v': ['id'] },
      continuous: true,
    });
    const options = optionsOf(config, facts.config);
    expect(Object.keys(options).sort()).toEqual(['batch_size', 'continuous', 'key_columns', 'triggers']);
    const again = configOf({ options }, facts.config);
    expect(jobConfigSchema.parse(again.config)).toEqual(config);
  });
});

describe('the picker of tables', () => {
  const side = (kind = 'table', rows?: number) =>
    ({ kind, bytes: 1_500, ...(rows !== undefined && { rows_estimate: rows }) }) as never;
  const tables = [
    { name: 'public.a', source: side('table', 10), target: side() },
    { name: 'public.b', source: side('partitioned'), target: side() },
    { name: 'public.only', source: side() },
    { name: 'public.theirs', target: side() },
    { name: 'public.v', source: side('view'), target: side() },
    { name: 'public.w', source: side(), target: side('view') },
  ];

  it('knows what can take part, and what does by itself', () => {
    expect(tables.filter(takes).map((t) => t.name)).toEqual(['public.a', 'public.b']);
    expect(tables.map(cannotPick)).toEqual([
      undefined,
      undefined,
      'not in the target',
      'not in the source',
      undefined,
      'the target has a view of this name',
    ]);
    expect(matching({ tables }, ' ONLY').map((t) => t.name)).toEqual(['public.only']);
  });

  it.each([
    [['public.a', 'public.b'], undefined],
    [['public.a'], { include: ['public.a'] }],
    [['public.b', 'public.v', 'public.a'], { include: ['public.a', 'public.b', 'public.v'] }],
  ])('of %j the config says %j', (picked, choice) => {
    expect(choiceOf({ tables }, new Set(picked))).toEqual(choice);
  });

  it('says the shorter list', () => {
    const many = Array.from({ length: 1500 }, (_, i) => ({ name: `public.t${i}`, source: side(), target: side() }));
    const picked = new Set(many.slice(1).map((t) => t.name));
    expect(choiceOf({ tables: many }, picked)).toEqual({ exclude: ['public.t0'] });
  });

  it('adds up what is known', () => {
    expect(sizeOf({ tables }, new Set(['public.a', 'public.b']))).toEqual({
      tables: 2,
      rows: 10,
      unknown: 1,
      bytes: 3000,
    });
    expect([0, 999, 1500, 123_456, 5e9].map(size)).toEqual(['0 bytes', '999 bytes', '1.5 kB', '123 kB', '5.0 GB']);
  });
});

describe('errors of an answer', () => {
  const item = (field: string | undefined) => ({ code: 'c', message: `m of ${field}`, ...(field && { field }) });
  const problem = (...errors: ReturnType<typeof item>[]) => ({
    title: '',
    status: 400,
    detail: 'd',
    code: 'c',
    errors,
  });
  const shown = new Set(['source_connection', 'config/batch_size']);

  it.each([
    ['/source_connection', 'source_connection'],
    ['/config/batch_size', 'config/batch_size'],
    ['/config/filters/public.t/0/op', 'config/filters'],
    ['/config', 'config'],
    ['', undefined],
    [undefined, undefined],
    ['/config/a~1b~0c', 'config/a/b~c'],
  ])('%s is about %s', (pointer, field) => {
    expect(fieldOf(pointer)).toBe(field);
  });

  it('stand at their fields, and what has none stays', () => {
    const placed = placeErrors(problem(item('/config/batch_size'), item(undefined), item('/mode')), shown);
    expect(placed.byField.get('config/batch_size')?.map((e) => e.message)).toEqual(['m of /config/batch_size']);
    expect(placed.rest?.errors).toHaveLength(2);
    expect(placeErrors(problem(item('/source_connection')), shown).rest).toBeUndefined();
    expect(placeErrors(problem(), shown).rest).toBeDefined();
  });

  it('of a decision are by column, whatever its name', () => {
    const said = refusedValues(problem(item('/fields/a~1b/value'), item('/fields/c'), item('/side'), item(undefined)));
    expect(said).toEqual({ 'a/b': 'm of /fields/a~1b/value' });
  });
});

describe('what the pages know of the config', () => {
  it('is every field of the schema, each with a description and its default', () => {
    const defaults = jobConfigSchema.parse({}) as Record<string, unknown>;
    expect(facts.config.map((f) => f.name).sort()).toEqual(Object.keys(jobConfigSchema.shape).sort());
    for (const field of facts.config) {
      expect(field.description, field.name).not.toBe('');
      expect(field.default, field.name).toEqual(defaults[field.name]);
    }
    expect(facts.detection.map((s) => s.name)).toEqual(
      facts.config.find((f) => f.name === 'detection_strategy')?.words,
    );
    expect(facts.conflict.map((s) => s.name)).toEqual(facts.config.find((f) => f.name === 'conflict_strategy')?.words);
  });
});

it('a side that is not given is asked for in the words of the page', () => {
  const missing = { code: 'required', message: 'expected a string, found nothing', hint: 'Add the field.' };
  const other = { code: 'connection_scheme', message: 'It is no PostgreSQL.', hint: 'Begin with postgresql://.' };

  expect(saidOfSide([missing, other], 'source', 'environment')).toEqual([
    { code: 'required', message: 'Choose a source.' },
    other,
  ]);
  expect(saidOfSide([missing], 'target', 'connection')[0]?.message).toBe('Type the connection URL of the target.');
});

it('environments that were not read are told from none', () => {
  const problem = { title: '', status: 0, detail: 'The service does not answer.', code: 'unreachable', errors: [] };

  expect(unread({ live: true })).toEqual({ word: 'Reading them…', why: '' });
  expect(unread({ live: true, problem })?.why).toContain('asked for again');
  expect(unread({ live: false, problem })?.why).not.toContain('asked for again');
  expect(unread({ live: true, problem, body: { environments: [] } })).toBeUndefined();
});
