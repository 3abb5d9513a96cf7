import { existsSync, globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { problemBody } from '../../functions/api/problem.ts';
import { routes } from '../../functions/api/routes/index.ts';
import { notification } from '../../lib/model/notification.ts';
import { jobConfigSchema } from '../../lib/orchestrator/config-schema.ts';
import { PLACES, REQUESTS } from '../support/pages/api-examples.ts';
import { answerExample, requestExample } from '../support/pages/api-page.ts';
import { helpTexts, localHelp } from '../support/pages/cli-page.ts';
import { type Example, examplesOf } from '../support/pages/examples.ts';
import { optionsIn, shellCommands } from '../support/pages/shell.ts';

// Every block of code of the README and of docs/ says by its language, or by `<!-- example: ... -->` in the line before, how it is
// known to be right. Without a mark:
//   text  is output or a picture, and is not run
//   json  is the config of a job, and has to be one
//   sh    is run by test/e2e/documents.test.ts, sql and its config by test/pg/cookbook.test.ts or test/pg/privileges.test.ts
//   http  is an example of docs/api.md, made from the schemas and read by them
//   cel   is compiled by test/pg/cookbook.test.ts
// Marks: `problem` and `notification` name the schema of a block of JSON; `run in FILE` names the test that runs it; `checked:` and
// `aws:` say why it is not run. Commands, options, scripts, routes and JSON are looked at in every block.

const pages = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/*.md'), ...globSync('examples/*/*.md')].sort();
const examples = pages.flatMap((page) => examplesOf(page));
const where = ({ page, line }: Example) => `${page}:${line}`;
const written = examples.filter((e) => !e.generated);

const RUN_IN = /^run in (test\/[\w./-]+\.test\.ts)/;
const SCHEMAS = { problem: problemBody, notification } as const;
/** Where blocks of SQL are run as they stand. */
const SQL_RUN = ['docs/cookbook.md', 'docs/privileges.md'];

test('every block has a language, and a mark that is known', () => {
  const odd = examples.filter(({ language, mark = 'run in test/unit/examples.test.ts', page }) => {
    if (!['text', 'json', 'sh', 'sql', 'http', 'cel'].includes(language)) return true;
    if (language === 'sql' && mark.startsWith('run in test/unit') && !SQL_RUN.includes(page)) return true;
    const file = RUN_IN.exec(mark)?.[1];
    return !(mark in SCHEMAS || /^(checked|aws): \S/.test(mark) || (file !== undefined && existsSync(file)));
  });

  expect(examples.length).toBeGreaterThan(100);
  expect(odd.map(where)).toEqual([]);
});

test('files that a mark names are there', () => {
  const named = written.flatMap((e) =>
    [...(e.mark ?? '').matchAll(/(?:test|lib)\/[\w/-]+\.test\.ts/g)].map((m) => m[0]),
  );

  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((file) => !existsSync(file))).toEqual([]);
});

describe('json', () => {
  const blocks = written.filter((e) => e.language === 'json');

  test.each(blocks.map((e) => [where(e), e] as const))('%s', (_where, { text, mark }) => {
    const value: unknown = JSON.parse(text);
    const schema = SCHEMAS[mark as keyof typeof SCHEMAS] ?? (mark?.startsWith('checked') ? undefined : jobConfigSchema);

    const read = schema?.safeParse(value);

    expect(read?.error?.issues).toBeUndefined();
  });
});

test('examples of the API are what its schemas take, and are of routes that are there', () => {
  const heads = routes.map(({ method, path }) => `${method} ${path}`);
  expect(Object.keys(REQUESTS).filter((head) => !heads.includes(head))).toEqual([]);
  expect(Object.keys(PLACES).filter((path) => !routes.some((r) => r.path === path))).toEqual([]);

  const wrong = routes.flatMap((route) => {
    const { method, path } = route;
    const request = route.body?.safeParse(requestExample(method, path));
    const answer = answerExample(method, path);
    const answered = answer && route.responses[answer.status]?.schema?.safeParse(answer.body);
    return [request, answered].filter((read) => read?.success === false).map((read) => [method, path, read?.error]);
  });

  expect(wrong).toEqual([]);
});

describe('sh', async () => {
  const blocks = written.filter((e) => e.language === 'sh');
  const known = await helpTexts();
  const root = optionsIn(known.get('') ?? '');
  const local = localHelp();
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  const paths = routes.map((r) => new RegExp(`^${r.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`));

  /** What is wrong with a command; empty for those that are not ours. */
  function faults(words: readonly string[]): readonly string[] {
    const [program = '', ...rest] = words;
    if (program === 'tfsync') return tfsyncFaults(rest);
    if (program === 'npm') return npmFaults(rest);
    if (program === 'curl') return curlFaults(rest);
    return /^\w+=/.test(program) ? [] : [program];
  }

  function tfsyncFaults(words: readonly string[]): readonly string[] {
    const names = words.filter((word) => /^[a-z][a-z-]*$/.test(word));
    const depth = [2, 1].find((n) => known.has(names.slice(0, n).join(' ')));
    if (depth === undefined || words[0]?.startsWith('-')) return [`tfsync ${names[0]}`];
    const options = new Set([...root, ...optionsIn(known.get(names.slice(0, depth).join(' ')) ?? '')]);
    return words.filter((word) => word.startsWith('--') && !options.has(word));
  }

  function npmFaults([verb = '', ...rest]: readonly string[]): readonly string[] {
    if (verb === 'ci' || verb === 'test') return [];
    const flags = rest.filter((word) => word !== '--silent');
    const script = verb === 'run' ? (flags[0] ?? '') : verb;
    if (!(script in scripts)) return [`npm ${verb} ${script}`];
    const own = flags.slice(flags.indexOf('--') + 1);
    if (script === 'tfsync') return tfsyncFaults(own);
    return flags.includes('--') ? own.filter((word) => word.startsWith('--') && !optionsIn(local).has(word)) : [];
  }

  const curlFaults = (words: readonly string[]): readonly string[] =>
    words
      .flatMap((word) => /^(?:\$U|http:\/\/[^/]+)(\/[^?]*)/.exec(word)?.[1] ?? [])
      .filter((path) => !paths.some((one) => one.test(path)));

  /** Programs of others, loops and functions are only taken where a mark says that the block is not run. */
  const ours = ([program = '']: readonly string[]) => ['tfsync', 'npm', 'curl'].includes(program);

  test.each(blocks.map((e) => [where(e), e] as const))('%s', (_where, { text, mark }) => {
    const found = shellCommands(text).filter((command) => mark === undefined || ours(command));

    expect(found.length + (mark?.length ?? 0)).toBeGreaterThan(0);
    expect(found.flatMap(faults)).toEqual([]);
  });
});
