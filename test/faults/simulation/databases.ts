import { type Change, type RowKey, toRuns } from '../../../lib/model/change.ts';
import { streamOf } from '../../../lib/model/checkpoint.ts';
import type { ServerFacts } from '../../../lib/model/connection.ts';
import { type ErrorCode, SyncError } from '../../../lib/model/errors.ts';
import { NO_COUNTS } from '../../../lib/model/job.ts';
import { type Relation, type RelationName, relationText, type Segment } from '../../../lib/model/table.ts';
import type {
  ChangeLog,
  ChangeSource,
  Chunk,
  Database,
  Databases,
  EpochMove,
  Reopening,
  RoundLog,
  StaleHolder,
  TargetDatabase,
} from '../../../lib/ports.ts';
import type { Breakage } from '../breakages.ts';
import { simReader } from './reader.ts';
import type { Actor, Scheduler } from './scheduler.ts';
import {
  appendEvent,
  progressOf,
  type Session,
  type SimCheckpoint,
  type SimJob,
  type World,
  type Write,
} from './world.ts';

/** As lib/postgres pins them: a lock is waited for 5 s, a raise of the epoch 1.2 s, and an idle transaction ends after 30 s. */
const LOCK_MS = 5_000;
const RAISE_MS = 1_200;
const RAISE_TRIES = 3;
const IDLE_MS = 30_000;

/** Keys go from 0 to KEYS - 1, in two segments of four buckets each. */
export const KEYS = 48;
const SEGMENTS = 2;
const BUCKETS = 4;

const superseded = (ended = false) =>
  new SyncError('epoch_superseded', 'A newer run of this job has taken over.', { facts: { ended } });
const away = (side: 'source' | 'target') =>
  new SyncError(`${side}_unavailable`, `The connection to the ${side} broke.`);

const text = { schema: 'pg_catalog', name: 'text', kind: 'b' };
const column = (name: string) => ({
  name,
  type: { ...text, base: text },
  declared: 'text',
  notNull: name === 'id',
  generated: false,
  identity: '' as const,
  hasDefault: false,
});

function relationOf(name: string): Relation {
  return {
    schema: 'public',
    name,
    oid: '1',
    kind: 'r',
    columns: [column('id'), column('v')],
    key: ['id'],
    uniqueKeys: [['id']],
    foreignKeys: [],
    inherited: false,
    rowSecurity: false,
    triggers: 1, // no COPY pass-through: every row is looked at
    privileges: ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'],
    schemaUsable: true,
    lockedSequences: [],
    rowsEstimate: KEYS,
    bytes: KEYS * 100,
  };
}

/** What one connection is asked by one process; each call is two turns: it is done, and its answer arrives. */
function connection(world: World, scheduler: Scheduler, actor: Actor, side: 'source' | 'target', session: Session) {
  const ask = async <T>(label: string, look: () => T): Promise<T> => {
    const name = `${side}.${label}`;
    await scheduler.step(actor, name);
    if (session.dead) throw away(side);
    const answer = look();
    await scheduler.step(actor, `${name} reply`);
    if (session.dead) throw away(side);
    return answer;
  };
  const facts = (): ServerFacts => ({
    system_identifier: side,
    database_oid: '1',
    version_num: 180_000,
    readOnly: side === 'target' && world.readOnly,
    standby: false,
    maySeeTransactions: true,
    maySuppressTriggers: true,
    mayKeepControlSchema: true,
    role: 'sync',
    database: 'county',
  });
  const database: Database = {
    facts: () => ask('facts', facts),
    async withMark(work) {
      const mark = `${side} ${actor.name} ${scheduler.nowMs}`;
      await ask('withMark', () => world.marks.add(mark));
      try {
        return await work(mark);
      } finally {
        world.marks.delete(mark);
        await ask('mark gone', () => undefined); // a broken connection shows here: whoever looked may have seen no mark
      }
    },
    seesMark: (mark) => ask('seesMark', () => mark.startsWith(`${side} `) && world.marks.has(mark)),
    clock: () => ask('clock', () => ({ now: new Date(scheduler.nowMs).toISOString(), timeline: '1' })),
    storage: (tables) => ask('storage', () => tables.map(() => 'same')),
    touchSignals: (tables) => ask('touchSignals', () => tables.map(() => undefined)),
    readAs: async (values) => values.map((v) => v.text),
    dictionary: async () => [],
    shapes: (tables) => ask('shapes', () => tables.map(() => ({ columns: [], parts: [] }))),
    windowFacts: async () => ({ rowsEstimate: 0, indexed: true }),
    introspect: () => ask('introspect', () => [...world[side].keys()].map(relationOf)),
    scopeRows: async () => 0,
    hasRoots: async () => true,
    keyClashes: () => ask('keyClashes', () => 0),
    snapshot: () => ask('snapshot', () => String(world.sourceVersion)),
    probe: () => ask('probe', () => ['same']),
    reader: (plan, segment) => simReader(world, side, plan[side].name, segment, ask),
    sequences: () => ask('sequences', () => []),
    changes: NO_CHANGES,
    streamFacts: never,
    close: async () => {
      session.dead = true;
    },
  };
  return { ask, database };
}

/** No job of the simulation follows a log. */
const never = () => Promise.reject(new Error('the simulation has no log of changes'));
const NO_CHANGES: ChangeSource = {
  publish: never,
  awaitOpen: never,
  createSlot: never,
  dropSlot: never,
  dropPublication: never,
  horizon: never,
  peek: never,
  advance: never,
  lag: never,
};
const NO_CHANGE_LOG: ChangeLog = {
  stream: never,
  begin: never,
  register: never,
  tables: never,
  drain: never,
  storePlans: never,
};

const NO_ROUNDS: RoundLog = { load: never, hasNew: never, begin: never, quiet: never, settle: never, counts: never };

function segmentsOf(snapshot: string): Segment[] {
  const size = KEYS / SEGMENTS;
  return Array.from({ length: SEGMENTS }, (_, i) => ({
    ...(i > 0 && { from: [String(i * size)] }),
    ...(i < SEGMENTS - 1 && { to: [String((i + 1) * size)] }),
    rowsEstimate: size,
    buckets: { keyspace: 'integer', lo: String(i * size), width: String(size / BUCKETS), ranges: BUCKETS, split: 1 },
    snapshot: Number(snapshot),
  }));
}

const keyText = (key: RowKey) => key[0] ?? '';
const keyOf = (change: Change) => keyText(change.kind === 'delete' ? change.key : change.row.key);

/** The ports of a pair of databases in memory, whose locks, fences and transactions behave as those of lib/postgres. */
export function simDatabases(world: World, scheduler: Scheduler, actor: Actor, breakage?: Breakage): Databases {
  const now = () => new Date(scheduler.nowMs).toISOString();
  const need = (jobId: string): SimJob => {
    const job = world.jobs.get(jobId);
    if (!job) throw superseded();
    return job;
  };
  const letGo = (session: Session) => {
    session.dead = true;
    if (world.leaseLock === session) world.leaseLock = undefined;
    for (const job of world.jobs.values()) {
      job.sharers.delete(session);
      for (const c of job.checkpoints.values()) if (c.lockedBy === session) c.lockedBy = undefined;
    }
  };

  function target(session: Session): TargetDatabase {
    const { ask, database } = connection(world, scheduler, actor, 'target', session);
    const writable = () => {
      if (session.dead) throw away('target');
      if (world.readOnly) throw new SyncError('target_read_only', 'The target is read-only.');
    };
    /** Waits for a lock as long as lock_timeout allows. */
    const lock = async (label: string, free: () => boolean) => {
      if (!(await scheduler.within(actor, `target.${label}`, LOCK_MS, () => session.dead || free())))
        throw away('target');
      writable();
    };
    /** A transaction of control rows that changes them at once. */
    const change = async <T>(label: string, free: () => boolean, make: () => T): Promise<T> => {
      await lock(label, free);
      const answer = make();
      await scheduler.step(actor, `target.${label} reply`);
      if (session.dead) throw away('target');
      return answer;
    };
    const quiet = (jobId: string) => () => (world.jobs.get(jobId)?.sharers.size ?? 0) === 0;

    async function lease(jobId: string, tables: readonly RelationName[], stale: StaleHolder): Promise<void> {
      for (const t of tables) {
        const held = world.leases.get(relationText(t));
        if (!held || held.jobId === jobId) continue;
        const seconds = (scheduler.nowMs - held.takenMs) / 1000;
        const gone = (breakage === 'ttl_as_lock' && seconds > 60) || (await stale(held.jobId, seconds));
        if (session.dead) throw away('target');
        if (!gone) throw new SyncError('target_busy', `Job ${held.jobId} holds it.`, { facts: { job_id: held.jobId } });
      }
      for (const t of tables) {
        const name = relationText(t);
        world.leases.set(name, { jobId, takenMs: scheduler.nowMs });
        const turn = world.turns.get(name);
        if (turn?.jobId !== jobId) world.turns.set(name, { jobId, turn: (turn?.turn ?? 0) + 1 });
      }
    }

    /** Runs `work` with the lease rows locked. */
    async function leasing<T>(label: string, work: () => Promise<T>): Promise<T> {
      await lock(label, () => world.leaseLock === undefined);
      world.leaseLock = session;
      try {
        return await work();
      } finally {
        if (world.leaseLock === session) world.leaseLock = undefined;
      }
    }

    const release = (jobId: string) => {
      for (const [name, held] of world.leases) if (held.jobId === jobId) world.leases.delete(name);
    };

    function begin(job: SimJob, chunk: Chunk): SimCheckpoint {
      const { id, owner, seq } = chunk;
      const c = job.checkpoints.get(streamOf(id.table, id.pass, id.segment));
      if (!c) throw superseded();
      const epochs = breakage === 'fence_without_epoch' || (job.epoch === id.epoch && c.epoch === id.epoch);
      const fenced = epochs && c.owner === owner && c.seq === seq - 1;
      if (!fenced && breakage !== 'no_fence') throw superseded();
      return c;
    }

    /** Which changes find their row as expected. */
    function fitting(chunk: Chunk): Change[] {
      const rows = world.target.get(chunk.plan.target.name) ?? new Map();
      const fits = chunk.changes.filter((c) => {
        if (breakage === 'no_compare_and_set') return true;
        return c.kind === 'insert' ? !rows.has(keyOf(c)) : rows.get(keyOf(c))?.value === c.expected;
      });
      if (fits.length < chunk.changes.length && breakage !== 'swallowed_row_count')
        throw new SyncError('target_moving', 'rows were not as expected');
      return fits;
    }

    function writeRows(chunk: Chunk, changes: readonly Change[]): void {
      const table = chunk.plan.target.name;
      const rows = world.target.get(table) ?? new Map();
      for (const c of changes) {
        const key = keyOf(c);
        const { jobId, epoch, pass, segment } = chunk.id;
        const write: Write = {
          jobId,
          epoch,
          stream: streamOf(chunk.id.table, pass, segment),
          seq: chunk.seq,
          table,
          key,
          kind: c.kind,
          before: rows.get(key)?.value,
          after: c.kind === 'delete' ? undefined : c.row.fingerprint,
          expected: c.kind === 'insert' ? undefined : c.expected,
        };
        if (write.after === undefined) rows.delete(key);
        else rows.set(key, { value: write.after, version: 0 });
        world.writes.push(write);
      }
    }

    async function commit(chunk: Chunk): Promise<void> {
      const job = need(chunk.id.jobId);
      const alone = () => breakage === 'no_fence' || breakage === 'fence_without_epoch' || job.raisers === 0;
      try {
        await lock('tx.begin', alone);
        job.sharers.add(session);
        const c = job.checkpoints.get(streamOf(chunk.id.table, chunk.id.pass, chunk.id.segment));
        await lock('fence', () => c?.lockedBy === undefined || breakage === 'no_fence');
        const mine = begin(job, chunk);
        mine.lockedBy = session;
        scheduler.after(IDLE_MS, () => {
          if (mine.lockedBy === session && job.sharers.has(session)) letGo(session); // idle in transaction
        });
        await lock('rows.half', () => true);
        await lock('rows.all', () => true);
        const changes = fitting(chunk); // and nothing happens until they are written: that is what row locks do
        const kinds = (kind: Change['kind']) => chunk.changes.filter((x) => x.kind === kind).length;
        const rows = { inserted: kinds('insert'), updated: kinds('update'), deleted: kinds('delete') };
        const a = chunk.advance({ ...rows, quarantined: 0 });
        writeRows(chunk, changes);
        if (breakage === 'checkpoint_elsewhere') await lock('checkpoint elsewhere', () => true);
        mine.seq = chunk.seq;
        mine.cursor = { ...a.cursor };
        mine.counts = a.counts;
        mine.written = toRuns([...mine.written, ...a.written].flatMap(([x, y]) => range(x, y)));
        mine.extra = toRuns([...mine.extra, ...a.extra].flatMap(([x, y]) => range(x, y)));
        mine.toDelete += a.toDelete;
        mine.unexplained += a.unexplained;
        mine.inFlight += a.inFlight;
        mine.finished = a.finished;
        if (a.samples) mine.samples = a.samples;
        const stream = streamOf(chunk.id.table, chunk.id.pass, chunk.id.segment);
        job.outbox.push({ job_id: chunk.id.jobId, stream, seq: chunk.seq, at: now(), ...a.event });
        mine.lockedBy = undefined;
        job.sharers.delete(session);
        await scheduler.step(actor, 'target.commit reply');
        if (session.dead) throw away('target');
      } catch (error) {
        for (const c of job.checkpoints.values()) if (c.lockedBy === session) c.lockedBy = undefined;
        job.sharers.delete(session);
        throw error;
      }
    }

    async function raiseEpoch(jobId: string, epoch: number, how: EpochMove = {}) {
      for (let tries = 1; ; tries++) {
        const job = world.jobs.get(jobId);
        if (!job) throw superseded(true);
        job.raisers += 1;
        const forget = () => {
          job.raisers -= 1;
        };
        actor.atDeath.push(forget);
        const free = await scheduler.within(
          actor,
          'target.raiseEpoch',
          RAISE_MS,
          () => session.dead || job.sharers.size === 0,
        );
        actor.atDeath.splice(actor.atDeath.indexOf(forget), 1);
        forget();
        writable();
        if (!free) {
          if (tries === RAISE_TRIES) throw away('target');
          for (const s of [...job.sharers]) if (s.epoch < epoch) letGo(s);
          continue;
        }
        if (job.ended) throw superseded(true);
        if (job.epoch > epoch) throw superseded();
        const held = job.tables.every((t) => world.leases.get(relationText(t))?.jobId === jobId);
        if (how.holding && !held) throw new SyncError('target_busy', 'another job took the tables');
        const moves = job.epoch < epoch;
        if (moves) {
          if (how.release) release(jobId);
          job.epoch = epoch;
          for (const c of job.checkpoints.values()) {
            if (c.epoch >= epoch) continue;
            c.epoch = epoch;
            if (breakage !== 'fence_without_epoch') c.owner = undefined;
          }
          if (how.event) appendEvent(job, jobId, how.event, now());
        }
        await scheduler.step(actor, 'target.raiseEpoch reply');
        if (session.dead) throw away('target');
        return moves;
      }
    }

    const afresh = (c: SimCheckpoint) =>
      Object.assign(c, {
        cursor: { through: -1, credit: 0 },
        counts: {},
        extra: [],
        toDelete: 0,
        unexplained: 0,
        inFlight: 0,
        finished: false,
      });

    async function reopen(jobId: string, epoch: number, { stale }: Reopening): Promise<void> {
      await leasing('reopen', async () => {
        const job = world.jobs.get(jobId);
        if (!job || job.ended) throw new SyncError('resume_expired', 'no checkpoints any more');
        if (job.epoch > epoch) throw superseded();
        const used = job.tables.filter((t) => (world.turns.get(relationText(t))?.jobId ?? jobId) !== jobId);
        await lease(jobId, job.tables, stale);
        const numbers = new Set(
          job.plans.filter((p) => used.some((u) => relationText(u) === relationText(p.target))).map((p) => p.table),
        );
        const all = [...job.checkpoints.values()];
        for (const c of all) if (numbers.has(c.table)) afresh(c);
        const bad = all.filter((c) => c.pass === 'verify' && c.unexplained > 0);
        for (const c of all) if (bad.some((b) => b.table === c.table && b.segmentNo === c.segmentNo)) afresh(c);
        for (const c of all) if (c.pass === 'verify') afresh(c);
      });
      await scheduler.step(actor, 'target.reopen reply');
      if (session.dead) throw away('target');
    }

    const checkpoints = (jobId: string, table?: number) =>
      [...(world.jobs.get(jobId)?.checkpoints.values() ?? [])].filter((c) => table === undefined || c.table === table);

    return {
      ...database,
      changeLog: NO_CHANGE_LOG,
      rounds: NO_ROUNDS,
      async takeLease(jobId, tables, event, stale) {
        let taken: string | undefined;
        await leasing('takeLease', async () => {
          const before = world.jobs.get(jobId);
          if (before) {
            if (before.epoch !== 1 || before.prepared || before.ended)
              throw new SyncError('state_conflict', 'has begun');
            before.taken = ++world.takes;
            await lease(jobId, tables, stale);
            return;
          }
          await lease(jobId, tables, stale);
          taken = String(++world.takes);
          const job: SimJob = {
            taken: world.takes,
            epoch: 1,
            tables,
            prepared: false,
            ended: false,
            seq: 0,
            plans: [],
            checkpoints: new Map(),
            quarantine: new Map(),
            outbox: [],
            sharers: new Set(),
            raisers: 0,
          };
          world.jobs.set(jobId, job);
          appendEvent(job, jobId, event, now());
        });
        await scheduler.step(actor, 'target.takeLease reply');
        if (session.dead) throw away('target');
        return taken;
      },
      async dropJob(jobId, taken, also) {
        let dropped = false;
        await leasing('dropJob', async () => {
          if (String(world.jobs.get(jobId)?.taken) !== taken) return;
          release(jobId);
          world.jobs.delete(jobId);
          dropped = true;
          await also?.();
        });
        await scheduler.step(actor, 'target.dropJob reply');
        if (session.dead) throw away('target');
        return dropped;
      },
      raiseEpoch,
      reopen,
      // no plan of the simulation decides conflicts
      bases: async (_plan, keys) => keys.map(() => undefined),
      merge: async () => [],
      unseenConflicts: async () => [],
      openConflicts: async () => new Map(),
      settleConflicts: async () => undefined,
      conflictsOf: async () => new Map(),
      refreshConflicts: async () => new Map(),
      resolve: () => Promise.reject(new Error('the simulation has no conflicts')),
      countOpenConflicts: async () => new Map(),
      untoldConflicts: async () => [],
      toldConflicts: async () => undefined,
      quarantinedFor: async () => [],
      isPrepared: (jobId) => ask('isPrepared', () => world.jobs.get(jobId)?.prepared ?? false),
      storePlans: ({ jobId, epoch, passes }, plans, event) =>
        change('storePlans', quiet(jobId), () => {
          const job = need(jobId);
          if (job.epoch !== epoch || job.prepared) throw superseded();
          job.plans = plans.map((p) => p.plan);
          for (const { plan, segments } of plans)
            for (const pass of passes)
              for (const [segmentNo, segment] of segments.entries())
                job.checkpoints.set(streamOf(plan.table, pass, segmentNo), {
                  table: plan.table,
                  pass,
                  segmentNo,
                  segment,
                  epoch,
                  owner: undefined,
                  seq: 0,
                  cursor: { through: -1, credit: 0 },
                  counts: {},
                  written: [],
                  extra: [],
                  toDelete: 0,
                  unexplained: 0,
                  inFlight: 0,
                  samples: {},
                  finished: false,
                  lockedBy: undefined,
                });
          job.prepared = true;
          appendEvent(job, jobId, event, now());
        }),
      loadPlans: (jobId, table) =>
        ask('loadPlans', () =>
          (world.jobs.get(jobId)?.plans ?? []).filter((p) => table === undefined || p.table === table),
        ),
      loadProgress: (jobId, table) => ask('loadProgress', () => checkpoints(jobId, table).map(progressOf)),
      recordEvent: (jobId, epoch, event) =>
        change(
          'recordEvent',
          () => true,
          () => {
            const job = need(jobId);
            if (job.epoch !== epoch) throw superseded();
            appendEvent(job, jobId, event, now());
          },
        ),
      endJob: (jobId, epoch, event) =>
        change('endJob', quiet(jobId), () => {
          const job = world.jobs.get(jobId);
          if (!job || job.ended) return;
          if (job.epoch > epoch) throw superseded();
          appendEvent(job, jobId, event, now());
          job.ended = true;
          job.epoch = epoch + 1;
          release(jobId);
        }),
      peekOutbox: (jobId, limit) => ask('peekOutbox', () => (world.jobs.get(jobId)?.outbox ?? []).slice(0, limit)),
      trimOutbox: (jobId, events) =>
        change(
          'trimOutbox',
          () => true,
          () => {
            const job = world.jobs.get(jobId);
            const gone = new Set(events.map((e) => `${e.stream} ${e.seq}`));
            if (job) job.outbox = job.outbox.filter((e) => !gone.has(`${e.stream} ${e.seq}`));
          },
        ),
      // nobody is alone here: the trail has to hold without that
      drainAlone: async (_jobId, work) => {
        await work();
        return true;
      },
      claim(id, owner) {
        const c = world.jobs.get(id.jobId)?.checkpoints.get(streamOf(id.table, id.pass, id.segment));
        return change(
          'claim',
          () => c?.lockedBy === undefined,
          () => {
            const job = need(id.jobId);
            const current = job.epoch === id.epoch && c?.epoch === id.epoch;
            if (!c || !(current || breakage === 'fence_without_epoch')) throw superseded();
            c.owner = owner;
            return {
              seq: c.seq,
              cursor: { ...c.cursor },
              counts: { ...NO_COUNTS, ...c.counts },
              finished: c.finished,
              segment: c.segment,
            };
          },
        );
      },
      notedBuckets: (id, kind) =>
        ask('notedBuckets', () =>
          toRuns(
            checkpoints(id.jobId, id.table)
              .filter((c) => c.segmentNo === id.segment && c.pass !== 'verify')
              .flatMap((c) => (kind === 'extra' ? c.extra : [...c.written, ...c.extra]))
              .flatMap(([a, b]) => range(a, b)),
          ),
        ),
      commit,
      generations: () => ask('generations', () => []),
      nextGeneration: () => ask('nextGeneration', () => 1),
      completeGenerations: () => ask('completeGenerations', () => undefined),
      notFiled: () => ask('notFiled', () => ({})),
      knownKeys: () => ask('knownKeys', () => []),
      keepShapes: (_seen, shapes) => ask('keepShapes', () => shapes.map(() => undefined)),
      lastShapes: (_pair, tables) => ask('lastShapes', () => tables.map(() => undefined)),
      quietTables: (wanted) => ask('quietTables', () => wanted.map(() => undefined)),
      watermarks: (wanted) => ask('watermarks', () => wanted.map(() => ({ others: [] }))),
      copy: () => Promise.reject(new SyncError('row_rejected', 'the simulation has no COPY')),
      uniqueHolders: async () => [],
      quarantined: (jobId) => ask('quarantined', () => [...(world.jobs.get(jobId)?.quarantine.values() ?? [])]),
      intents: async () => [], // no job of the simulation writes to the source
      intentsOf: async () => [],
      forgetUncounted: async () => undefined,
      raiseSequences: () =>
        change(
          'raiseSequences',
          () => true,
          () => undefined,
        ),
    };
  }

  const open = (side: 'source' | 'target', name: string): Promise<Session> => {
    const [jobId = '', epoch = '0'] = name.split('/');
    const session: Session = { jobId, epoch: Number(epoch), dead: false };
    return scheduler.step(actor, `${side}.connect`).then(() => {
      actor.atDeath.push(() => letGo(session));
      return session;
    });
  };
  return {
    source: async (_c, as) => connection(world, scheduler, actor, 'source', await open('source', as.name)).database,
    target: async (_c, as) => target(await open('target', as.name)),
    planSegments: async (_s, _t, plan) => segmentsOf(plan.sourceSnapshot),
  };
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Error codes that a call may be made to fail with, by what it calls. */
export const AWAY: Readonly<Record<string, ErrorCode>> = {
  source: 'source_unavailable',
  target: 'target_unavailable',
  jobs: 'unavailable',
  secrets: 'unavailable',
  workflow: 'unavailable',
  audit: 'unavailable',
};
