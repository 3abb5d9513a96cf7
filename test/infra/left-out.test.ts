import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { transformSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { shortErrors, withoutDocs, withoutMeanings, withoutMeta } from '../../infra/left-out.ts';
import { ERRORS } from '../../lib/model/errors.ts';

const require = createRequire(import.meta.url);

type ErrorClass = (new (opts: object) => Error & { $fault?: string }) & { readonly shapeId?: string };

/** The error classes of a client, as its own source makes them, or as the one that stands in for it does. */
function classesIn(source: string, base: unknown): Readonly<Record<string, ErrorClass>> {
  const names = [...source.matchAll(/^export (?:class|const) (\w+)/gm)].map(([, name]) => name);
  const body = source.replace(/^import .*$/gm, '').replace(/^export /gm, '');
  return new Function('__BaseException', `${body}\nreturn { ${names.join(', ')} };`)(base);
}

describe.each(['bedrock-runtime', 'dynamodb', 'secrets-manager', 'sfn', 'sqs'])(
  'the short error classes of the client of %s',
  (client) => {
    const entry = require.resolve(`@aws-sdk/client-${client}`);
    const source = readFileSync(entry.replace(/dist-cjs.*$/, 'dist-es/models/errors.js'), 'utf8');
    const [, baseName = ''] = /^import \{ (\w+) as __BaseException \}/m.exec(source) ?? [];
    const base = (require(entry) as Record<string, unknown>)[baseName];
    const [own, short] = [classesIn(source, base), classesIn(shortErrors(source), base)];

    it('are the same classes', () => {
      expect(Object.keys(own).length).toBeGreaterThan(3);
      expect(Object.keys(short)).toEqual(Object.keys(own));
    });

    it.each(Object.keys(own))('%s says the same and is told from the others', (name) => {
      const [ownClass, shortClass] = [own[name], short[name]] as [ErrorClass, ErrorClass];
      const opts = {
        message: 'because',
        $metadata: { httpStatusCode: 400 },
        Item: { a: { S: 'x' } },
        Message: 'as sent',
      };
      const [was, is] = [new ownClass(opts), new shortClass(opts)];

      expect([is.name, is.message, is.$fault]).toEqual([was.name, was.message, was.$fault]);
      expect(shortClass.shapeId).toBe(ownClass.shapeId);
      expect(is).toMatchObject({ $metadata: opts.$metadata });
      for (const [field, value] of Object.entries(was))
        expect((is as unknown as Record<string, unknown>)[field]).toEqual(value);
      expect(is).toBeInstanceOf(shortClass);
      expect(is).toBeInstanceOf(base);
      expect(is).toBeInstanceOf(Error);
      for (const [other, otherClass] of Object.entries(short))
        if (other !== name) expect(is).not.toBeInstanceOf(otherClass);
    });

    it('are smaller, and refused where the generator writes something else', () => {
      expect(shortErrors(source).length).toBeLessThan(source.length / 2);
      expect(() => shortErrors(source.replace('$fault = "client"', () => '$fault = client()'))).toThrow(
        /are not as they were/,
      );
    });
  },
);

describe('what errors mean', () => {
  it('is left out of each, and nothing else; of an unexpected one it stays', () => {
    const source = withoutMeanings(readFileSync('lib/model/errors.ts', 'utf8'));
    const code = transformSync(source, { loader: 'ts', format: 'cjs' }).code;
    const module: { exports: { ERRORS?: typeof ERRORS } } = { exports: {} };
    new Function('module', 'exports', code)(module, module.exports);

    const short = Object.entries(ERRORS).map(([name, e]) => [
      name,
      { ...e, meaning: name === 'internal' ? e.meaning : '' },
    ]);
    expect(module.exports.ERRORS).toEqual(Object.fromEntries(short));
  });
});

describe('texts for docs', () => {
  it('are taken out of what is defined, and nothing else', () => {
    const source = `const a = {
  name: 'a',
  summary:
    'It says "no, [really]", \\'so\\'',
  examples: [['f(1, "]")', '2'], [1, null]],
  build: ([t]) => t,
};
const make = (
  name: string,
  summary: string,
) => ({ name, summary });
const b = { name: 'b', build: 1,
  examples: [] };`;

    const short = withoutDocs(source);

    expect(short).not.toMatch(/examples|really/);
    const run = new Function(`${short.replaceAll(': string', '')}\nreturn [a, a.build([7]), b, make('c', 'd')];`);
    const [a, seven, b, c] = run();
    expect([Object.keys(a), seven]).toEqual([['name', 'build'], 7]);
    expect([b, c]).toEqual([
      { name: 'b', build: 1 },
      { name: 'c', summary: 'd' },
    ]);
  });

  it('are taken off schemas', () => {
    const source = `z.object({ a: z.int().min(0)
      .meta({ description: 'How many, (all) of "it"' }), b: z.string() })
    .meta({ id: 'It' });`;

    expect(withoutMeta(source)).toBe('z.object({ a: z.int().min(0), b: z.string() });');
  });

  it('leave TypeScript behind in every file that has any', () => {
    const files = globSync('{lib/model,functions/api}/**/*.ts').filter((f) =>
      readFileSync(f, 'utf8').includes('.meta({'),
    );
    expect(files.length).toBeGreaterThan(20);
    for (const file of files) {
      const [before, after] = [readFileSync(file, 'utf8'), withoutMeta(readFileSync(file, 'utf8'))];
      const size = (text: string) => transformSync(text, { loader: 'ts' }).code.length;
      expect(after).not.toContain('.meta({');
      expect(size(after), file).toBeLessThan(size(before));
    }
  });
});
