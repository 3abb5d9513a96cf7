import fc from 'fast-check';
import type { Detect } from '../../../lib/change-detector/strategy.ts';
import type { BucketRun, BucketSum, KeyedFingerprint } from '../../../lib/model/change.ts';
import { toRuns } from '../../../lib/model/change.ts';
import { ERRORS, type ErrorCode, SyncError } from '../../../lib/model/errors.ts';
import { ENDED_STATES, JOB_STATES } from '../../../lib/model/job.ts';
import type { Relation } from '../../../lib/model/table.ts';
import { endsInPause, remedyFor, retryDelaySeconds } from '../../../lib/orchestrator/healing.ts';
import { foreignKeyLevels } from '../../../lib/orchestrator/levels.ts';
import { JOB_EVENTS, LIFECYCLE } from '../../../lib/orchestrator/lifecycle.ts';
import { nextChunkRows } from '../../../lib/orchestrator/segment-work.ts';
import { decideSweep } from '../../../lib/orchestrator/sweep.ts';
import type { SegmentReader } from '../../../lib/ports.ts';
import { sampleJob } from '../../contract/samples.ts';

/** A side of a segment as a list of rows, in the order in which its server hands them out. */
function listReader(rows: ReadonlyMap<string, string>): SegmentReader {
  const bucket = (key: string) => key.length % 3;
  const all = (): KeyedFingerprint[] =>
    [...rows]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, fingerprint]) => ({ bucket: bucket(key), key: [key], fingerprint }));
  return {
    isEmpty: async () => rows.size === 0,
    sums: async () =>
      [...Map.groupBy(all(), (r) => r.bucket)].map(
        ([b, group]): BucketSum => ({
          bucket: b,
          rows: group.length,
          hash: group.map((r) => `${r.key}=${r.fingerprint}`).join('|'),
        }),
      ),
    open: async (runs: readonly BucketRun[]) =>
      all().filter((r) => runs.some(([a, b]) => a <= r.bucket && r.bucket <= b)),
  } as unknown as SegmentReader; // what a comparison by buckets asks for
}

const rowsOf = fc.dictionary(
  fc.string({ unit: fc.constantFrom('a', 'B', 'é', 'z', '-', '1'), minLength: 1, maxLength: 4 }),
  fc.constantFrom('x', 'y'),
  { maxKeys: 12 },
);

/** What a strategy finds is exactly what two maps say differs, in whatever order keys sort. */
export async function findsExactly(detect: Detect, numRuns: number, seed: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(rowsOf, rowsOf, async (a, b) => {
      const [source, target] = [new Map(Object.entries(a)), new Map(Object.entries(b))];
      const found: string[] = [];
      let equal = 0;
      for await (const f of detect(listReader(source), listReader(target), { after: -1, pageRows: 100 })) {
        equal += f.equal;
        for (const d of f.differences) found.push(`${d.kind} ${d.key[0]}`);
      }
      const wanted = [...new Set([...source.keys(), ...target.keys()])].flatMap((key) => {
        if (!target.has(key)) return [`source_only ${key}`];
        if (!source.has(key)) return [`target_only ${key}`];
        return source.get(key) === target.get(key) ? [] : [`both_differ ${key}`];
      });
      const same = [...source].filter(([key, v]) => target.get(key) === v).length;
      if (found.sort().join() !== wanted.sort().join() || equal !== same)
        throw new Error(`found ${found}, wanted ${wanted}`);
    }),
    { numRuns, seed },
  );
}

const table = (name: string, parents: readonly { to: string; nullable: boolean }[]): Relation =>
  ({
    schema: 'public',
    name,
    foreignKeys: parents.map(({ to, nullable }) => ({
      name: `${name}_${to}`,
      references: { schema: 'public', name: to },
      deleteAction: false,
      nullable: nullable ? [`${to}_id`] : [],
    })),
  }) as unknown as Relation; // the order of tables looks at nothing else

const graph = fc
  .integer({ min: 1, max: 7 })
  .chain((n) =>
    fc
      .array(fc.record({ child: fc.nat(n - 1), parent: fc.nat(n - 1), nullable: fc.boolean() }), { maxLength: 14 })
      .map((edges) => ({ n, edges })),
  );

const job = fc.record({
  state: fc.constantFrom(...JOB_STATES),
  takeovers: fc.nat(8),
  silentMs: fc.nat(5 * 3_600_000),
  execution: fc.constantFrom('running' as const, 'ended' as const, 'missing' as const),
});
const NOW = new Date('2026-11-23T12:00:00Z');

/** Of chunks, references between tables, states and the sweeper. */
export const ENGINE: Readonly<Record<string, fc.IRawProperty<unknown>>> = {
  'a chunk at most doubles or halves, and never has no row': fc.property(
    fc.integer({ min: 1, max: 20_000 }),
    fc.integer({ min: -5, max: 120_000 }),
    (rows, ms) => {
      const next = nextChunkRows(rows, ms);
      return next >= 1 && next <= rows * 2 && next >= Math.floor(rows / 2);
    },
  ),
  'runs cover the buckets given and no other, apart and in order': fc.property(fc.array(fc.nat(60)), (buckets) => {
    const runs = toRuns(buckets);
    const covered = runs.flatMap(([a, b]) => Array.from({ length: b - a + 1 }, (_, i) => a + i));
    return (
      covered.join() === [...new Set(buckets)].sort((x, y) => x - y).join() &&
      runs.every(([a], i) => i === 0 || a > (runs[i - 1]?.[1] ?? 0) + 1)
    );
  }),
  'parents come before their children, but for references that may come later': fc.property(graph, ({ n, edges }) => {
    const names = Array.from({ length: n }, (_, i) => `t${i}`);
    const tables = names.map((name, i) =>
      table(
        name,
        edges.filter((e) => e.child === i).map((e) => ({ to: `t${e.parent}`, nullable: e.nullable })),
      ),
    );
    const { levels, nullFirst, cycle } = foreignKeyLevels(tables);
    if (cycle.length > 0) return levels.length === 0;
    const level = new Map(levels.flatMap((l, i) => l.map((t) => [t.name, i] as const)));
    return (
      level.size === n &&
      edges.every((e) => {
        if (e.child === e.parent) return true;
        const later = nullFirst.get(`public.t${e.child}`)?.includes(`t${e.parent}_id`);
        return later || (level.get(`t${e.parent}`) ?? 9) < (level.get(`t${e.child}`) ?? -1);
      })
    );
  }),
  'a cycle is told of only where every reference on it must be there': fc.property(graph, ({ n, edges }) => {
    const tables = Array.from({ length: n }, (_, i) =>
      table(
        `t${i}`,
        edges.filter((e) => e.child === i).map((e) => ({ to: `t${e.parent}`, nullable: true })),
      ),
    );
    return foreignKeyLevels(tables).cycle.length === 0;
  }),
  'no event leads out of completed': fc.property(
    fc.constantFrom(...JOB_EVENTS),
    fc.constantFrom('completed' as const, 'completed_with_issues' as const),
    (event, state) => {
      const next = LIFECYCLE[state][event];
      return next === null || next === state;
    },
  ),
  'any history of events stays within the states, and reaches completed through verifying only': fc.property(
    fc.array(fc.constantFrom(...JOB_EVENTS), { maxLength: 30 }),
    (events) => {
      let state: (typeof JOB_STATES)[number] = 'created';
      for (const event of events) {
        const next: (typeof JOB_STATES)[number] | null = LIFECYCLE[state][event];
        if (next === null) continue;
        if (next === 'completed' && state !== 'completed' && state !== 'verifying') return false;
        state = next;
      }
      return JOB_STATES.includes(state);
    },
  ),
  'the sweeper touches only jobs that run, and takes over five times at most': fc.property(
    job,
    ({ state, takeovers, silentMs, execution }) => {
      const at = new Date(NOW.getTime() - silentMs).toISOString();
      const what = decideSweep(sampleJob({ state, takeovers, heartbeat_at: at, created_at: at }), execution, NOW);
      if (what === 'take_over')
        return takeovers < 5 && ['created', 'preparing', 'running', 'verifying'].includes(state);
      if (what === 'give_up') return takeovers >= 5 && !ENDED_STATES.includes(state);
      if (what === 'finish_stop') return state === 'stopping';
      if (what === 'forget') return state === 'completed' || state === 'completed_with_issues';
      return true;
    },
  ),
  'a job whose execution has ended is not left alone for long': fc.property(job, ({ state, takeovers }) => {
    const at = new Date(NOW.getTime() - 60_000).toISOString();
    if (!['created', 'preparing', 'running', 'verifying'].includes(state)) return true;
    return decideSweep(sampleJob({ state, takeovers, heartbeat_at: at, created_at: at }), 'ended', NOW) !== 'leave';
  }),
  'a retry waits at most 30 s, and what is retried can also wait': fc.property(
    fc.constantFrom(...(Object.keys(ERRORS) as ErrorCode[])),
    fc.integer({ min: 1, max: 50 }),
    fc.double({ min: 0, max: 0.999, noNaN: true }),
    (code, attempt, random) => {
      const delay = retryDelaySeconds(attempt, random);
      return delay >= 0 && delay <= 30 && (remedyFor(new SyncError(code, '')) === 'stop' || endsInPause(code));
    },
  ),
  'what is no error of ours is never tried again': fc.property(
    fc.string(),
    (text) => remedyFor(new Error(text)) === 'stop',
  ),
};
