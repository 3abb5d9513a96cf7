import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type TestDatabase } from '../../support/databases.ts';
import { answers, columnsOf, compiled, envOf, PINS } from './support.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createDatabase();
  await db.client.query(PINS);
  await db.client.query('create table public.row (a int8, b numeric(12,3), s text, r varchar(30))');
});
afterAll(() => db[Symbol.asyncDispose]());

/** What could not be computed. */
const FAILED = Symbol('failed');
/** NULL beside what could not be computed: there is no value, and the row may be marked or not. */
const OPEN = Symbol('open');
type Fraction = { readonly n: bigint; readonly d: bigint };
type Result = Fraction | string | boolean | null | typeof FAILED | typeof OPEN;

/** An expression as text and as a function of a row, made together and by other rules than the compiler's. */
interface Pair {
  readonly text: string;
  of(row: Readonly<Record<string, Result>>): Result;
}

const fraction = (text: string): Fraction => {
  const [whole = '', part = ''] = text.split('.');
  return { n: BigInt(whole + part), d: 10n ** BigInt(part.length) };
};
/** NULL in is NULL out. */
const lift =
  (f: (a: never, b: never) => Result) =>
  (a: Result, b: Result): Result => {
    if (a === OPEN || b === OPEN) return OPEN;
    if (a === null || b === null) return a === FAILED || b === FAILED ? OPEN : null;
    return a === FAILED || b === FAILED ? FAILED : f(a as never, b as never);
  };
const cut = (x: bigint, y: bigint) => x / y;
const ARITHMETIC: Readonly<Record<string, (a: Fraction, b: Fraction) => Result>> = {
  '+': (a, b) => ({ n: a.n * b.d + b.n * a.d, d: a.d * b.d }),
  '-': (a, b) => ({ n: a.n * b.d - b.n * a.d, d: a.d * b.d }),
  '*': (a, b) => ({ n: a.n * b.n, d: a.d * b.d }),
  '%': (a, b) => {
    if (b.n === 0n) return FAILED;
    const times = cut(a.n * b.d, a.d * b.n);
    return { n: a.n * b.d - times * b.n * a.d, d: a.d * b.d };
  },
};
const order = (a: Fraction | string, b: Fraction | string) =>
  typeof a === 'string' || typeof b === 'string'
    ? Buffer.compare(Buffer.from(a as string), Buffer.from(b as string))
    : Number(a.n * b.d > b.n * a.d) - Number(a.n * b.d < b.n * a.d);
const COMPARE: Readonly<Record<string, (n: number) => boolean>> = {
  '<': (n) => n < 0,
  '<=': (n) => n <= 0,
  '==': (n) => n === 0,
  '!=': (n) => n !== 0,
};

const floor = (x: Fraction) => x.n / x.d - (x.n % x.d < 0n ? 1n : 0n);
const characters = (s: string) => [...s];

const { num, str, bool } = fc.letrec<{ num: Pair; str: Pair; bool: Pair }>((tie) => {
  const of = (...all: fc.Arbitrary<Pair>[]) => fc.oneof({ maxDepth: 4, depthSize: 'small' }, ...all);
  const two = (
    a: fc.Arbitrary<Pair>,
    b: fc.Arbitrary<Pair>,
    text: (x: string, y: string) => string,
    f: (x: never, y: never) => Result,
  ) =>
    fc.tuple(a, b).map(([x, y]): Pair => ({ text: text(x.text, y.text), of: (row) => lift(f)(x.of(row), y.of(row)) }));
  const one = (a: fc.Arbitrary<Pair>, text: (x: string) => string, f: (x: never) => Result) =>
    a.map((x): Pair => ({ text: text(x.text), of: (row) => lift((v: never) => f(v))(x.of(row), true) }));
  const [n, s, b] = [tie('num'), tie('str'), tie('bool')];
  const column = (name: string): Pair => ({ text: name, of: (row) => row[name] ?? null });
  const written = fc
    .stringMatching(/^[0-9]{1,12}(\.[0-9]{1,5})?$/)
    .map((text): Pair => ({ text, of: () => fraction(text) }));
  const literal = fc
    .constantFrom("''", "'a'", "'-'", "'é😀'", "'0042'", "'\\\\'")
    .map((text): Pair => ({ text, of: () => text.slice(1, -1).replace('\\\\', '\\') }));
  return {
    num: of(
      fc.constantFrom(column('a'), column('b')),
      written,
      ...Object.entries(ARITHMETIC).map(([sign, f]) => two(n, n, (x, y) => `(${x} ${sign} ${y})`, f)),
      one(
        n,
        (x) => `abs(${x})`,
        (x: Fraction) => ({ n: x.n < 0n ? -x.n : x.n, d: x.d }),
      ),
      one(
        n,
        (x) => `floor(${x})`,
        (x: Fraction) => ({ n: floor(x), d: 1n }),
      ),
      one(
        n,
        (x) => `(-${x})`,
        (x: Fraction) => ({ n: -x.n, d: x.d }),
      ),
      one(
        s,
        (x) => `size(${x})`,
        (x: string) => ({ n: BigInt(characters(x).length), d: 1n }),
      ),
      one(
        s,
        (x) => `int(${x})`,
        (x: string) =>
          /^[ \t]*[-+]?[0-9]{1,200}[ \t]*$/.test(x) ? { n: BigInt(x.replaceAll(/[ \t+]/g, '')), d: 1n } : FAILED,
      ),
      fc.tuple(n, n).map(
        ([x, y]): Pair => ({
          text: `orElse(${x.text}, ${y.text})`,
          of: (row) => {
            const v = x.of(row);
            return v === null || v === FAILED || v === OPEN ? y.of(row) : v;
          },
        }),
      ),
    ),
    str: of(
      fc.constantFrom(column('s'), column('r')),
      literal,
      two(
        s,
        s,
        (x, y) => `(${x} + ${y})`,
        (x: string, y: string) => x + y,
      ),
      one(
        s,
        (x) => `${x}.substring(1, 3)`,
        (x: string) => characters(x).slice(1, 3).join(''),
      ),
      one(
        s,
        (x) => `upperAscii(${x})`,
        (x: string) => x.replaceAll(/[a-z]/g, (c) => c.toUpperCase()),
      ),
      fc.tuple(b, s, s).map(
        ([c, x, y]): Pair => ({
          text: `(${c.text} ? ${x.text} : ${y.text})`,
          of: (row) => {
            const v = c.of(row);
            return v === true ? x.of(row) : v === false ? y.of(row) : v;
          },
        }),
      ),
    ),
    bool: of(
      fc.constantFrom(...['true', 'false'].map((text): Pair => ({ text, of: () => text === 'true' }))),
      ...Object.entries(COMPARE).flatMap(([sign, f]) =>
        [n, s].map((k) =>
          two(
            k,
            k,
            (x, y) => `(${x} ${sign} ${y})`,
            (x, y) => f(order(x, y)),
          ),
        ),
      ),
      two(
        s,
        s,
        (x, y) => `${x}.contains(${y})`,
        (x: string, y: string) => x.includes(y),
      ),
      one(
        b,
        (x) => `!${x}`,
        (x: boolean) => !x,
      ),
      ...(['&&', '||'] as const).map((sign) =>
        fc.tuple(b, b).map(
          ([x, y]): Pair => ({
            text: `(${x.text} ${sign} ${y.text})`,
            of: (row) => {
              const both = [x.of(row), y.of(row)];
              const settles = sign === '||';
              if (both.includes(settles)) return settles;
              if (both.includes(OPEN)) return OPEN;
              return both.includes(FAILED) ? FAILED : both.includes(null) ? null : !settles;
            },
          }),
        ),
      ),
    ),
  };
});

const row = fc.record({
  a: fc.option(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String), { freq: 4 }),
  b: fc.option(fc.stringMatching(/^-?[0-9]{1,9}\.[0-9]{3}$/), { freq: 4 }),
  s: fc.option(fc.constantFrom('', 'a', ' 42 ', 'Straße', '😀-é', 'x'.repeat(50), '-7', "'", '\\'), { freq: 4 }),
  r: fc.option(fc.constantFrom('', 'b', '12', '- -'), { freq: 4 }),
});

const RUNS = Number(process.env.TRANSFORM_RUNS ?? 400);

/** The same number, text or truth value; NULL and failure are told apart. */
function agrees(expected: Result, [value, failed]: readonly [string | null, boolean, string]): boolean {
  if (expected === OPEN) return value === null;
  if (expected === FAILED) return value === null && failed;
  if (expected === null) return value === null && !failed;
  if (value === null || failed) return false;
  if (typeof expected === 'boolean') return value === String(expected);
  return typeof expected === 'string' ? value === expected : order(fraction(value), expected) === 0;
}

test('numbers, texts and conditions agree with an evaluator of exact fractions', async () => {
  const columns = await columnsOf(db.client, 'public.row');
  let failures = 0;
  await fc.assert(
    fc.asyncProperty(fc.oneof(num, str, bool), row, async (pair, values) => {
      const e = compiled(pair.text, envOf(columns));
      await db.client.query('truncate public.row');
      await db.client.query('insert into public.row values ($1, $2, $3, $4)', [values.a, values.b, values.s, values.r]);
      const [found] = await answers(db.client, e, 'public.row t');
      const expected = pair.of({
        a: values.a === null ? null : fraction(values.a),
        b: values.b === null ? null : fraction(values.b),
        s: values.s,
        r: values.r,
      });
      if (expected === FAILED) failures += 1;
      const shown =
        typeof expected === 'object' && expected !== null ? `${expected.n}/${expected.d}` : String(expected);
      expect(found !== undefined && agrees(expected, found), `${pair.text} is ${found}, not ${shown}`).toBe(true);
    }),
    { numRuns: RUNS },
  );
  expect(failures).toBeGreaterThan(RUNS / 100);
});
