import fc from 'fast-check';
import type { Progress } from '../../../lib/model/checkpoint.ts';
import { ERRORS, type ErrorCode, SyncError } from '../../../lib/model/errors.ts';
import { ENDED_STATES, JOB_STATES, PASSES, TABLE_STATES } from '../../../lib/model/job.ts';
import type { Part } from '../../../lib/model/message.ts';
import type { TablePlan } from '../../../lib/model/table.ts';
import { VALIDATION_STATES } from '../../../lib/model/validation.ts';
import { codeIn } from '../../../lib/orchestrator/caught.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { afterError, giveBackSeconds } from '../../../lib/orchestrator/connections.ts';
import {
  chunkDelayMs,
  chunkRemedy,
  endsInPause,
  failsTable,
  probeDelayMs,
  remedyFor,
} from '../../../lib/orchestrator/healing.ts';
import {
  allowedActions,
  JOB_EVENTS,
  LIFECYCLE,
  stateAfter,
  statesAllowing,
} from '../../../lib/orchestrator/lifecycle.ts';
import {
  assertState,
  DIRECT_TABLES,
  FAN_OUT,
  PAGE_TABLES,
  pagesOf,
  partition,
  partitionSegments,
  SEGMENTS_AT_ONCE,
} from '../../../lib/orchestrator/paging.ts';
import { pauseFor } from '../../../lib/orchestrator/pause-job.ts';
import {
  guardDeletes,
  levelsOf,
  passesOf,
  passOrder,
  segmentsToDo,
  tablesToDo,
} from '../../../lib/orchestrator/plan.ts';
import { validationOf } from '../../../lib/orchestrator/validation.ts';
import { verdict } from '../../../lib/orchestrator/verdict.ts';

const code = fc.constantFrom(...(Object.keys(ERRORS) as ErrorCode[]));
const state = fc.constantFrom(...JOB_STATES);
const event = fc.constantFrom(...JOB_EVENTS);
const pass = fc.constantFrom(...PASSES);
const unit = fc.double({ min: 0, max: 0.999_999, noNaN: true });
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
const sorted = (some: Iterable<number>) => [...some].sort((a, b) => a - b);

const plan = (table: number, level: number, over: Partial<TablePlan> = {}): TablePlan =>
  ({
    table,
    level,
    target: { schema: 'public', name: `t${table}` },
    verifyAll: false,
    sideEffects: false,
    ...over,
  }) as TablePlan; // what planning a pass looks at
const plans = fc
  .array(fc.record({ level: fc.nat(5), verifyAll: fc.boolean(), sideEffects: fc.boolean() }), { maxLength: 12 })
  .map((all) => all.map(({ level, ...over }, table) => plan(table, level, over)));

const progress = (over: Partial<Progress>): Progress => ({
  table: 0,
  pass: 'apply',
  segment: 0,
  seq: 1,
  counts: {},
  finished: true,
  wrote: false,
  hasExtra: false,
  toDelete: 0,
  unexplained: 0,
  inFlight: 0,
  samples: {},
  ...over,
});
const someProgress = fc.array(
  fc
    .record({
      table: fc.nat(5),
      pass,
      segment: fc.nat(3),
      finished: fc.boolean(),
      wrote: fc.boolean(),
      hasExtra: fc.boolean(),
      toDelete: fc.nat(300),
      unexplained: fc.nat(2),
      quarantined: fc.nat(2),
      kept: fc.nat(500),
    })
    .map(({ quarantined, kept, ...rest }) => progress({ ...rest, counts: { quarantined, kept } })),
  { maxLength: 20 },
);

/** Levels of tables, each number once. */
const levels = fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 12 }).map((sizes) => {
  let next = 0;
  return sizes.map((n) => Array.from({ length: n }, () => next++));
});

/** All tables that an execution over these levels comes to in the end, in order, following its parts. */
function reached(all: readonly (readonly number[])[], todo: ReadonlySet<number>, part?: Part): number[] {
  const { levels: own, parts } = partition(all, todo, part);
  return [...own.flat(), ...parts.flatMap((p) => reached(all, todo, p))];
}
const withTodo = levels.chain((all) =>
  fc.record({ all: fc.constant(all), some: fc.array(fc.nat(1_500), { maxLength: 400 }) }).map(({ some }) => {
    const known = new Set(all.flat());
    return { all, todo: new Set(some.filter((t) => known.has(t))) };
  }),
);
const segments = fc.uniqueArray(fc.nat(2_000), { maxLength: 300 }).map(sorted);
function reachedSegments(todo: readonly number[], part?: Part): number[] {
  const { segments: own, parts } = partitionSegments(todo, part);
  return [...own, ...parts.flatMap((p) => reachedSegments(todo, p))];
}

const NOW = new Date('2026-11-23T12:00:00Z');
const message = { v: 1, job_id: 'j', epoch: 1, table: 0, pass: 'apply', segment: 0, task_token: 't' } as const;
const config = fc.record({
  delete_mode: fc.constantFrom('tracked' as const, 'mirror' as const, 'keep' as const),
  dry_run: fc.boolean(),
  verify: fc.constantFrom('changed' as const, 'all' as const, 'none' as const),
});

/** Of states, healing, planning and paging. */
export const WORKFLOW: Readonly<Record<string, fc.IRawProperty<unknown>>> = {
  'an event is allowed exactly where its cell is filled': fc.property(
    state,
    event,
    (s, e) => statesAllowing(e).includes(s) === (LIFECYCLE[s][e] !== null),
  ),
  'where an event leads is what the table says': fc.property(
    state,
    event,
    (s, e) => LIFECYCLE[s][e] === null || stateAfter(e, s) === LIFECYCLE[s][e],
  ),
  'an event that comes twice leads where it led once, or is refused': fc.property(state, event, (s, e) => {
    const once = LIFECYCLE[s][e];
    if (once === null) return true;
    const twice = LIFECYCLE[once][e];
    return twice === null || twice === once;
  }),
  'after a stop was asked for, nothing but stopped or failed can come': fc.property(
    fc.array(
      event.filter((e) => e !== 'resume'),
      { maxLength: 20 },
    ),
    (events) => {
      let now: (typeof JOB_STATES)[number] = 'stopping';
      for (const e of events) now = LIFECYCLE[now][e] ?? now;
      return ['stopping', 'stopped', 'failed'].includes(now);
    },
  ),
  'what may be asked for changes the state': fc.property(state, (s) =>
    allowedActions(s).every((action) => LIFECYCLE[s][action] !== null && LIFECYCLE[s][action] !== s),
  ),
  'only an ended or waiting job is resumed': fc.property(
    state,
    (s) => LIFECYCLE[s].resume === null || ENDED_STATES.includes(s) || s === 'paused',
  ),
  'no ended job is taken over': fc.property(state, (s) => !ENDED_STATES.includes(s) || LIFECYCLE[s].take_over === null),
  'what pauses has a reason, and looks again later than now': fc.property(code, (c) => {
    const { probe_at, since, code: why } = pauseFor({ code: c, message: '' }, NOW);
    return why === c && since === NOW.toISOString() && (probe_at === undefined || probe_at > since);
  }),
  'a code either ends a table or lets the job wait': fc.property(code, (c) => !(failsTable(c) && endsInPause(c))),
  'what is tried again and can be waited out is looked at again': fc.property(
    code,
    (c) => remedyFor(new SyncError(c, '')) === 'stop' || probeDelayMs(c) === undefined || endsInPause(c),
  ),
  'a chunk is never tried again after an error that is not ours': fc.property(
    fc.string(),
    (text) => chunkRemedy(new Error(text)) === 'give_up',
  ),
  'an unknown code stops': fc.property(
    fc.string().filter((t) => !(t in ERRORS)),
    (t) => !endsInPause(t) && probeDelayMs(t) === undefined,
  ),
  'a chunk waits at most 5 s': fc.property(fc.integer({ min: 1, max: 60 }), unit, (attempt, r) => {
    const ms = chunkDelayMs(attempt, r);
    return ms >= 0 && ms < 5_000 && ms < 100 * 2 ** (attempt - 1);
  }),
  'a message given back waits 1 to 64 s': fc.property(fc.integer({ min: 1, max: 60 }), unit, (n, r) => {
    const s = giveBackSeconds(n, r);
    return Number.isInteger(s) && s >= 1 && s <= 64;
  }),
  'the fifth delivery always answers, unless nothing was tried': fc.property(code, unit, (c, r) => {
    const { do: what } = afterError(new SyncError(c, ''), message, 5, r);
    return what === (c === 'too_many_connections' ? 'send_copy' : 'answer');
  }),
  'a message is hidden only for an error that goes away': fc.property(
    code,
    fc.integer({ min: 1, max: 5 }),
    unit,
    (c, n, r) => {
      const error = new SyncError(c, '');
      return afterError(error, message, n, r).do !== 'hide' || remedyFor(error) === 'retry';
    },
  ),
  'a copy of a message counts how often it was given back, and is else the same': fc.property(
    fc.nat(30),
    unit,
    (n, r) => {
      const before = n === 0 ? message : { ...message, given_back: n };
      const next = afterError(new SyncError('too_many_connections', ''), before, 1, r);
      return next.do === 'send_copy' && same(next.message, { ...message, given_back: n + 1 });
    },
  ),
  'our own code is found in whatever Step Functions wraps around it': fc.property(code, fc.nat(3), (c, depth) => {
    let cause = JSON.stringify({ Error: c, Cause: 'why' });
    for (let i = 0; i < depth; i++) cause = JSON.stringify({ Error: 'States.TaskFailed', Cause: cause });
    return codeIn({ Error: 'States.TaskFailed', Cause: cause }) === c && codeIn({ Error: c }) === c;
  }),
  'any error of a machine has a code': fc.property(
    fc.oneof(fc.string(), fc.constantFrom('toString', 'constructor', '__proto__')),
    fc.option(fc.string(), { nil: undefined }),
    (e, cause) => Object.hasOwn(ERRORS, codeIn({ Error: e, ...(cause !== undefined && { Cause: cause }) })),
  ),
  'errors of AWS services themselves are waited out, also those of a child': fc.property(
    fc.constantFrom('SQS', 'Lambda', 'StepFunctions'),
    fc.stringMatching(/^[A-Z][A-Za-z]{3,20}Exception$/),
    fc.boolean(),
    (service, name, child) => {
      const own = { Error: `${service}.${name}`, Cause: 'why' };
      return codeIn(child ? { Error: 'States.TaskFailed', Cause: JSON.stringify(own) } : own) === 'unavailable';
    },
  ),
  'a step whose process died, or was too late, lets the job wait': fc.property(
    fc.constantFrom(
      'States.Timeout',
      'States.HeartbeatTimeout',
      'Lambda.Unknown',
      'Runtime.ExitError',
      'Sandbox.Timedout',
    ),
    fc.string(),
    (name, cause) => codeIn({ Error: name, Cause: cause }) === 'worker_lost' && endsInPause('worker_lost'),
  ),
  'the passes of a job begin with apply, and look for the last time at the end': fc.property(config, (c) => {
    const passes = passesOf(jobConfigSchema.parse(c));
    const verify = passes.indexOf('verify');
    return (
      passes[0] === 'apply' && new Set(passes).size === passes.length && (verify === -1 || verify === passes.length - 1)
    );
  }),
  'a dry run has no pass that writes, and a job that keeps all rows none that deletes': fc.property(config, (c) => {
    const passes = passesOf(jobConfigSchema.parse(c));
    return (
      !(c.dry_run && (passes.includes('revisit') || passes.includes('verify'))) &&
      passes.includes('delete') === (c.delete_mode !== 'keep')
    );
  }),
  'every table is in one level, in the order of levels': fc.property(plans, (all) => {
    const found = levelsOf(all);
    const level = new Map(all.map((p) => [p.table, p.level]));
    const flat = found.flat().map((t) => level.get(t) ?? -1);
    return (
      same(
        sorted(found.flat()),
        all.map((p) => p.table),
      ) &&
      same(flat, sorted(flat)) &&
      found.every((l) => l.length > 0)
    );
  }),
  'deletes go through the levels the other way round, and each pass goes over all tables': fc.property(
    plans,
    pass,
    (all, p) => {
      const order = passOrder(all, p);
      const forwards = levelsOf(all);
      return (
        same(sorted(order.flat()), sorted(forwards.flat())) && (p !== 'delete' || same(order, forwards.toReversed()))
      );
    },
  ),
  'a finished segment is never done again': fc.property(plans, pass, someProgress, (all, p, done) =>
    all.every((one) =>
      segmentsToDo(one, p, done).every((s) =>
        done.some((d) => d.table === one.table && d.pass === p && d.segment === s && !d.finished),
      ),
    ),
  ),
  'apply leaves out nothing that is open': fc.property(plans, someProgress, (all, done) =>
    all.every((one) => {
      const open = done.filter((d) => d.table === one.table && d.pass === 'apply' && !d.finished);
      return same(
        segmentsToDo(one, 'apply', done),
        open.map((d) => d.segment),
      );
    }),
  ),
  'verify leaves out no open segment that was written into': fc.property(plans, someProgress, (all, done) =>
    all.every((one) => {
      const own = done.filter((d) => d.table === one.table);
      const wrote = new Set(own.filter((d) => d.wrote).map((d) => d.segment));
      const todo = segmentsToDo(one, 'verify', done);
      return own.every((d) => d.pass !== 'verify' || d.finished || !wrote.has(d.segment) || todo.includes(d.segment));
    }),
  ),
  'where others may write, verify leaves out no open segment once anything was written': fc.property(
    plans,
    someProgress,
    (all, done) =>
      all.every((one) => {
        if (!one.verifyAll && !(one.sideEffects && done.some((d) => d.wrote))) return true;
        const open = done.filter((d) => d.table === one.table && d.pass === 'verify' && !d.finished);
        return same(
          segmentsToDo(one, 'verify', done),
          open.map((d) => d.segment),
        );
      }),
  ),
  'a table has something to do exactly when a segment of it has': fc.property(
    plans,
    pass,
    someProgress,
    (all, p, done) =>
      same(
        sorted(tablesToDo(all, p, done)),
        all.filter((one) => segmentsToDo(one, p, done).length > 0).map((one) => one.table),
      ),
  ),
  'a hundred rows of a job may always be deleted': fc.property(
    fc.array(fc.nat(100), { maxLength: 5 }),
    fc.nat(1_000),
    (some, kept) => {
      const done = some.map((toDelete, table) => progress({ table, toDelete, counts: { kept } }));
      guardDeletes(
        some.map((_, t) => plan(t, 0)),
        done,
        jobConfigSchema.parse({ max_delete_percent: 0 }),
      );
      return true; // or it throws
    },
  ),
  'more than the share is refused before it happens, and confirmed by its number': fc.property(
    fc.integer({ min: 101, max: 10_000 }),
    fc.nat(10_000),
    fc.integer({ min: 0, max: 100 }),
    (toDelete, others, percent) => {
      const before = toDelete + others;
      const done = [progress({ toDelete, counts: { kept: before } })];
      const limited = jobConfigSchema.parse({ max_delete_percent: percent });
      const ask = (confirmed: number) => {
        try {
          guardDeletes([plan(0, 0)], done, limited, confirmed);
          return true;
        } catch (error) {
          return error instanceof SyncError && error.code === 'confirm_required' ? false : undefined;
        }
      };
      return ask(0) === (100 * toDelete) / before <= percent && ask(toDelete) === true;
    },
  ),
  'pages keep the order of tables, and none is too large': fc.property(levels, (all) => {
    const pages = pagesOf(all);
    return same(pages.flat(2), all.flat()) && pages.every((p) => p.flat().length <= PAGE_TABLES);
  }),
  'the parts of a job come to every table that has something to do, once and in order': fc.property(
    withTodo,
    ({ all, todo }) =>
      same(
        reached(all, todo),
        all.flat().filter((t) => todo.has(t)),
      ),
  ),
  'an execution runs few tables or few parts': fc.property(withTodo, ({ all, todo }) => {
    const { levels: own, parts } = partition(all, todo);
    return own.flat().length <= DIRECT_TABLES && parts.length <= FAN_OUT && (own.length === 0 || parts.length === 0);
  }),
  'the parts of a table come to every segment, once and in order': fc.property(segments, (todo) =>
    same(reachedSegments(todo), todo),
  ),
  'an execution of a table runs few segments': fc.property(
    segments,
    (todo) => partitionSegments(todo).segments.length <= SEGMENTS_AT_ONCE,
  ),
  'whatever a step answers about its parts fits into a state': fc.property(
    withTodo,
    segments,
    ({ all, todo }, some) => {
      assertState(partition(all, todo));
      assertState(partitionSegments(some));
      return true; // or they throw
    },
  ),
  'only a verified table is called equal': fc.property(
    fc.record({
      state: fc.constantFrom(...TABLE_STATES),
      pass,
      jobEnded: fc.boolean(),
      quarantined: fc.nat(1),
      inFlight: fc.nat(1),
    }),
    code,
    (facts, failure) => {
      const found = validationOf({ ...facts, failure });
      const equal = facts.state === 'verified' && facts.quarantined === 0 && facts.inFlight === 0;
      return VALIDATION_STATES.includes(found) && (found === 'validated') === equal;
    },
  ),
  'a job with anything open or unexplained has not reached its goal': fc.property(plans, someProgress, (all, done) => {
    const known = new Set(all.map((p) => p.table));
    const bad = done.some(
      (d) => known.has(d.table) && ((d.pass === 'verify' && d.unexplained > 0) || (d.pass === 'apply' && !d.finished)),
    );
    return (verdict(all, done, []) !== undefined) === bad;
  }),
};
