import fc from 'fast-check';
import { decodeCursor, encodeCursor } from '../../../functions/aws/dynamo/cursor.ts';
import { AUDIT_EVENT_TYPES, keeps } from '../../../lib/audit/catalogue.ts';
import { conversion } from '../../../lib/data-types/lattice.ts';
import { healingStream } from '../../../lib/model/audit-event.ts';
import { disjoint, keyId, toRuns } from '../../../lib/model/change.ts';
import { streamOf } from '../../../lib/model/checkpoint.ts';
import { connectionLimit, LEAST_BUDGET } from '../../../lib/model/connection-budget.ts';
import { parseConnection } from '../../../lib/model/connection-string.ts';
import { addCounts, NO_COUNTS, PASSES } from '../../../lib/model/job.ts';
import { mayCall, ROLES } from '../../../lib/model/roles.ts';
import { ROW_CODES, rowCode } from '../../../lib/model/row-code.ts';
import type { Column, Relation, Segment } from '../../../lib/model/table.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { copyRuns } from '../../../lib/orchestrator/copy-pass.ts';
import { layoutFits, withRoom } from '../../../lib/orchestrator/layout.ts';
import { windowStart } from '../../../lib/orchestrator/window.ts';
import { ident, literal } from '../../../lib/postgres/sql.ts';
import { textArray } from '../../../lib/postgres/text-array.ts';
import { tablesInScope } from '../../../lib/validator/scope.ts';

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const key = fc.array(text, { minLength: 1, maxLength: 3 });

const counts = fc.record(
  Object.fromEntries(Object.keys(NO_COUNTS).map((k) => [k, fc.nat(1_000)])),
) as unknown as fc.Arbitrary<typeof NO_COUNTS>; // the keys of it

const segment = fc
  .record({
    ranges: fc.integer({ min: 1, max: 4_000 }),
    split: fc.integer({ min: 1, max: 8 }),
    hashed: fc.boolean(),
    rows: fc.nat(3_000_000),
    lo: fc.integer({ min: -1_000_000, max: 1_000_000 }),
    width: fc.integer({ min: 1, max: 10_000 }),
  })
  .map(
    ({ ranges, split, hashed, rows, lo, width }): Segment => ({
      rowsEstimate: rows,
      buckets: {
        keyspace: hashed ? 'hashed' : 'integer',
        lo: String(lo),
        width: String(width),
        ranges,
        split,
      } as Segment['buckets'],
    }),
  );

const TYPES = [
  'int2',
  'int4',
  'int8',
  'float4',
  'float8',
  'numeric',
  'text',
  'varchar',
  'bpchar',
  'date',
  'timestamp',
  'timestamptz',
  'json',
  'jsonb',
  'inet',
  'cidr',
  'bool',
  'uuid',
] as const;
const column = fc
  .record({
    name: fc.constantFrom(...TYPES),
    limit: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
    scale: fc.nat(5),
  })
  .map(({ name, limit, scale }): Column => {
    const type = { schema: 'pg_catalog', name, base: { schema: 'pg_catalog', name, kind: 'b' } };
    const limited = limit !== undefined && ['numeric', 'varchar', 'bpchar'].includes(name);
    const modifier = name === 'numeric' ? `(${(limit ?? 0) + scale},${scale})` : `(${limit})`;
    return { name: 'c', declared: limited ? `${name}${modifier}` : name, type } as unknown as Column; // what a conversion looks at
  });

/** What PostgreSQL reads in a quoted identifier or constant. */
const unquoted = (quoted: string, sign: string) => quoted.slice(1, -1).replaceAll(sign + sign, sign);

const name = fc.string({ unit: fc.constantFrom('a', 'b', '_', '1'), minLength: 1, maxLength: 6 });
const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '_', '*', '*'), minLength: 1, maxLength: 6 });
const table = (n: string): Relation => ({ schema: 'public', name: n, kind: 'r', columns: [] }) as unknown as Relation; // scope asks for no more

const PART = fc.stringMatching(/^[A-Za-z0-9!$&'()*+,;=:@/?#%"<>\\^`{|}~ -]{1,16}$/);

/** Of keys, buckets, types, text and everything else that is a function of values. */
export const VALUES: Readonly<Record<string, fc.IRawProperty<unknown>>> = {
  'keys of a table have the same identity only when they are the same': fc.property(
    fc
      .integer({ min: 1, max: 3 })
      .chain((n) =>
        fc.tuple(fc.array(text, { minLength: n, maxLength: n }), fc.array(text, { minLength: n, maxLength: n })),
      ),
    ([a, b]) => (keyId(a) === keyId(b)) === same(a, b),
  ),
  'the identity of a key is that of its copy': fc.property(key, (k) => keyId(k) === keyId([...k])),
  'runs of buckets do not overlap': fc.property(fc.array(fc.nat(200)), (buckets) => disjoint(toRuns(buckets))),
  'the same runs come of buckets in any order': fc.property(
    fc
      .array(fc.nat(60))
      .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
    ([a, b]) => same(toRuns(a), toRuns(b)),
  ),
  'runs that share a bucket are seen': fc.property(
    fc.nat(20),
    fc.nat(20),
    fc.nat(20),
    (a, n, m) =>
      !disjoint([
        [a, a + n],
        [a + n, a + n + m],
      ]),
  ),
  'counts add up in any order': fc.property(
    counts,
    counts,
    counts,
    (a, b, c) => same(addCounts(addCounts(a, b), c), addCounts(c, addCounts(b, a))) && same(addCounts(a, NO_COUNTS), a),
  ),
  'a copy goes over every bucket behind the cursor once, in order': fc.property(
    segment,
    fc.integer({ min: 1, max: 2_000 }),
    unit(),
    (s, bytes, at) => {
      const total = s.buckets.ranges * s.buckets.split;
      const after = Math.floor(at * (total + 1)) - 1;
      const runs = copyRuns(s, bytes, after);
      let next = after + 1;
      for (const [first, last] of runs) {
        if (first !== next || last < first) return false;
        next = last + 1;
      }
      return next === total;
    },
  ),
  'a copy that goes on from its own end has nothing left': fc.property(
    segment,
    fc.integer({ min: 1, max: 2_000 }),
    (s, bytes) => {
      const runs = copyRuns(s, bytes, -1);
      return copyRuns(s, bytes, runs.at(-1)?.[1] ?? -1).length === 0;
    },
  ),
  'a copy in two goes has the bounds of a copy in one': fc.property(
    segment,
    fc.integer({ min: 1, max: 2_000 }),
    unit(),
    (s, bytes, at) => {
      const runs = copyRuns(s, bytes, -1);
      const some = Math.floor(at * runs.length);
      return same(copyRuns(s, bytes, some === 0 ? -1 : (runs[some - 1]?.[1] ?? -1)), runs.slice(some));
    },
  ),
  'a layout fits the table it was made of': fc.property(
    segment,
    (s) => layoutFits(withRoom([s]), [s]) && layoutFits([s], [s]),
  ),
  'a layout does not fit a table ten times as large or as small': fc.property(
    segment.filter((s) => s.rowsEstimate > 20_000),
    (s) => {
      const tenfold = { ...s, rowsEstimate: s.rowsEstimate * 10 };
      return !layoutFits([s], [tenfold]) && !layoutFits([tenfold], [s]);
    },
  ),
  'room is added behind the buckets, which stay what they were': fc.property(segment, (s) => {
    const [roomy] = withRoom([s]);
    if (!roomy) return false;
    const { ranges, filled = ranges, ...rest } = roomy.buckets;
    const { ranges: before, ...own } = s.buckets;
    return (
      ranges >= before &&
      filled === before &&
      same({ ...rest }, own) &&
      ranges * rest.split <= Math.max(131_072, before * rest.split)
    );
  }),
  'room is not added twice where there is room': fc.property(segment, (s) => {
    const [once] = withRoom([s]);
    return once !== undefined && (once.buckets.filled ?? once.buckets.ranges) === s.buckets.ranges;
  }),
  'a type is always the same as itself': fc.property(column, (c) => conversion(c, c) === 'same'),
  'what widens one way loses the other, or they hold the same values': fc.property(column, column, (a, b) => {
    const numbers = ['int2', 'int4', 'int8', 'float8'];
    if (
      !numbers.includes(a.type.base.name) ||
      !numbers.includes(b.type.base.name) ||
      a.type.base.name === b.type.base.name
    )
      return true;
    const there = conversion(a, b);
    const back = conversion(b, a);
    return !(there === 'widening' && back === 'widening');
  }),
  'everything has a text form': fc.property(column, (c) => {
    const type = { schema: 'pg_catalog', name: 'text', base: { schema: 'pg_catalog', name: 'text', kind: 'b' } };
    return ['same', 'widening'].includes(conversion(c, { name: 'c', declared: 'text', type } as unknown as Column));
  }),
  'integers widen into a numeric exactly when it has the digits': fc.property(
    fc.constantFrom(['int2', 5] as const, ['int4', 10] as const, ['int8', 19] as const),
    fc.integer({ min: 1, max: 30 }),
    fc.nat(6),
    ([from, digits], whole, scale) => {
      const of = (n: string, declared: string) =>
        ({
          name: 'c',
          declared,
          type: { schema: 'pg_catalog', name: n, base: { schema: 'pg_catalog', name: n, kind: 'b' } },
        }) as unknown as Column;
      return (
        conversion(of(from, from), of('numeric', `numeric(${whole + scale},${scale})`)) ===
        (whole >= digits ? 'widening' : 'lossy')
      );
    },
  ),
  'a longer text column takes what a shorter one holds, and no other way round': fc.property(
    fc.integer({ min: 1, max: 200 }),
    fc.integer({ min: 1, max: 200 }),
    (a, b) => {
      const of = (n: number) =>
        ({
          name: 'c',
          declared: `varchar(${n})`,
          type: { schema: 'pg_catalog', name: 'varchar', base: { schema: 'pg_catalog', name: 'varchar', kind: 'b' } },
        }) as unknown as Column;
      return conversion(of(a), of(b)) === (a === b ? 'same' : a < b ? 'widening' : 'lossy');
    },
  ),
  'a name in quotes is one name': fc.property(text, (t) => {
    const quoted = ident(t);
    return /^"(?:[^"]|"")*"$/s.test(quoted) && unquoted(quoted, '"') === t;
  }),
  'a constant in quotes is one constant': fc.property(text, (t) => {
    const quoted = literal(t).replace(/^ E/, '');
    const inner = unquoted(quoted, "'");
    return /^'(?:[^']|'')*'$/s.test(quoted) && (t.includes('\\') ? inner.replaceAll('\\\\', '\\') : inner) === t;
  }),
  'an array of texts reads back as it was': fc.property(
    fc.array(fc.option(text, { nil: null }), { maxLength: 8 }),
    (values) => {
      const sent = textArray(values);
      const read: (string | null)[] = [];
      const n = sent.readInt32BE(0) === 0 ? 0 : sent.readInt32BE(12);
      for (let i = 0, at = 20; i < n; i++) {
        const size = sent.readInt32BE(at);
        at += 4;
        read.push(size < 0 ? null : sent.toString('utf8', at, at + size));
        at += Math.max(0, size);
      }
      return same(read, values);
    },
  ),
  'streams of different segments have different names': fc.property(
    fc.tuple(fc.nat(30), fc.constantFrom(...PASSES), fc.nat(30)),
    fc.tuple(fc.nat(30), fc.constantFrom(...PASSES), fc.nat(30)),
    (a, b) => (streamOf(...a) === streamOf(...b)) === same(a, b),
  ),
  'healing streams sort by their time': fc.property(
    fc.date({ min: new Date('2026-01-01'), max: new Date('2099-01-01'), noInvalidDate: true }),
    fc.date({ min: new Date('2026-01-01'), max: new Date('2099-01-01'), noInvalidDate: true }),
    text,
    (a, b, id) => {
      const [first, second] = [healingStream(a, id), healingStream(b, id)];
      return (
        first.startsWith('healing/') &&
        /^[\w/-]+$/.test(`${first}x`) &&
        (a.getTime() === b.getTime() || first < second === a < b)
      );
    },
  ),
  'a higher audit level keeps all that a lower one keeps': fc.property(
    fc.constantFrom(...AUDIT_EVENT_TYPES),
    (type) =>
      (!keeps('minimal', type) || keeps('standard', type)) &&
      (!keeps('standard', type) || keeps('detailed', type)) &&
      keeps('detailed', type),
  ),
  'a worker finds two connections in any budget, and leaves two for a step and two for a command': fc.property(
    fc.integer({ min: LEAST_BUDGET, max: 1_000 }),
    (budget) => {
      const [worker, step, command] = (['worker', 'step', 'command'] as const).map((c) =>
        connectionLimit(budget, c),
      ) as [number, number, number];
      return worker >= 2 && step - worker >= 2 && command - step >= 2 && command <= budget;
    },
  ),
  'a window never begins after its watermark, and a longer overlap never later': fc.property(
    fc.date({ min: new Date('2020-01-01'), max: new Date('2040-01-01'), noInvalidDate: true }),
    fc.constantFrom('timestamptz' as const, 'timestamp' as const, 'date' as const),
    fc.boolean(),
    fc.nat(100_000),
    fc.nat(100_000),
    (at, type, rounded, a, b) => {
      const start = (overlap: number) =>
        Date.parse(windowStart(at.toISOString(), { name: 'c', type, rounded } as never, overlap));
      return start(a) <= at.getTime() && start(a + b) <= start(a);
    },
  ),
  'a role may do what the ones below it may': fc.property(
    fc.constantFrom(...ROLES),
    fc.constantFrom(...ROLES),
    fc.array(text),
    (needed, has, others) => {
      const foreign = others.filter((o) => !(ROLES as readonly string[]).includes(o));
      return (
        mayCall(needed, [...foreign, has]) === ROLES.indexOf(has) >= ROLES.indexOf(needed) && !mayCall(needed, foreign)
      );
    },
  ),
  'any SQLSTATE says something of a row': fc.property(
    fc.stringMatching(/^[0-9A-Z]{5}$/),
    (state) => rowCode(state) in ROW_CODES,
  ),
  'a place in a list reads back as it was': fc.property(
    fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }),
    fc.uuid(),
    (at, id) => {
      const after = `${at.toISOString()}#${id}`;
      return decodeCursor(encodeCursor(after)) === after;
    },
  ),
  'no other text is a place in a list': fc.property(
    fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.json().map((j) => Buffer.from(j).toString('base64url')),
    ),
    (t) => {
      try {
        return encodeCursor(decodeCursor(t)) === t;
      } catch (error) {
        return (error as { code?: string }).code === 'cursor_invalid';
      }
    },
  ),
  'a pattern takes the tables that it would as an expression': fc.property(
    pattern,
    fc.uniqueArray(name, { maxLength: 8 }),
    (p, names) => {
      const { tables } = tablesInScope(names.map(table), jobConfigSchema.parse({ tables: { include: [p] } }));
      const expression = new RegExp(`^${p.replaceAll('*', '.*')}$`);
      return same(
        tables.map((t) => t.name),
        names.filter((n) => expression.test(n)),
      );
    },
  ),
  'what is left out takes no part, whatever lets it in': fc.property(
    pattern,
    pattern,
    fc.uniqueArray(name, { maxLength: 8 }),
    (include, exclude, names) => {
      const both = tablesInScope(
        names.map(table),
        jobConfigSchema.parse({ tables: { include: [include], exclude: [exclude] } }),
      ).tables;
      const out = tablesInScope(names.map(table), jobConfigSchema.parse({ tables: { include: [exclude] } })).tables;
      return both.every((t) => !out.includes(t));
    },
  ),
  'a password in a connection string arrives as it is, and no problem repeats it': fc.property(
    PART,
    PART,
    (user, password) => {
      const parsed = parseConnection(
        `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@db.example:5433/county`,
        '/f',
      );
      if (!parsed.ok) return password.length < 4 || !JSON.stringify(parsed.problems).includes(password);
      const { connection: c } = parsed;
      return (
        c.user === user &&
        c.password?.reveal() === password &&
        c.host === 'db.example' &&
        c.port === 5433 &&
        c.database === 'county'
      );
    },
  ),
  'no text at all makes the reader of connection strings throw': fc.property(
    fc.oneof(fc.anything(), fc.webUrl(), fc.string()),
    (t) => {
      const parsed = parseConnection(t, '/f');
      return parsed.ok || parsed.problems.length > 0;
    },
  ),
  'every problem of a connection string is told once': fc.property(fc.string(), (t) => {
    const parsed = parseConnection(`postgresql://${t}`, '/f');
    return parsed.ok || new Set(parsed.problems.map((p) => `${p.code} ${p.message}`)).size === parsed.problems.length;
  }),
};

function unit() {
  return fc.double({ min: 0, max: 0.999_999, noNaN: true });
}
