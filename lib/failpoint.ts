import { existsSync, readFileSync, renameSync } from 'node:fs';

/**
 * Moments of a job at which a test may break it, in the order in which a row meets them. Two have no place of their own
 * here: Step Functions sends the messages, so `plan.enqueued` is where a table's segments are handed to it; Lambda deletes
 * a message after the handler has returned, so `msg.deleted` is the last thing before that. Those that begin with `back` are met by
 * rows that go to the source; those that begin with `changes` by a job that follows the source's log, with `round` by one that does
 * so until it is stopped. The last two are moments of an order to decide many conflicts.
 */
export type Failpoint =
  | 'plan.written'
  | 'changes.published'
  | 'changes.slot'
  | 'changes.put'
  | 'changes.kept'
  | 'changes.advanced'
  | 'changes.planned'
  | 'round.begun'
  | 'round.settled'
  | 'round.handed'
  | 'plan.enqueued'
  | 'batch.received'
  | 'diff.done'
  | 'chunk.read'
  | 'transform.done'
  | 'tx.begin'
  | 'fence.ok'
  | 'rows.half'
  | 'rows.all'
  | 'commit.sent'
  | 'commit.done'
  | 'back.ready'
  | 'back.fence'
  | 'back.rows'
  | 'back.written'
  | 'back.settled'
  | 'ddb.mirrored'
  | 'msg.deleted'
  | 'resolution.listed'
  | 'resolution.decided';

/** What a test makes of a failpoint: nothing, an error, or a wait. */
export type FailpointHandler = (name: Failpoint) => Promise<void> | undefined;

/**
 * Put in place by infra/build.ts: `false` in what is deployed, so that nothing of this is in it; the path of a control
 * folder in a test's own build. Not there when the sources run by themselves, as in tests.
 */
declare const FAILPOINTS: string | false;

let handler: FailpointHandler | undefined;

/** Lets a test that runs the sources break them; undefined: no more. */
export function onFailpoint(next: FailpointHandler | undefined): void {
  handler = next;
}

/** A moment at which a test may break this code. Does nothing, and is not there, in a deployed bundle. */
export function fp(name: Failpoint): Promise<void> | undefined {
  if (typeof FAILPOINTS === 'undefined' || FAILPOINTS) return reach(name);
}

/** An order: what to do the `at`-th time (from 1) that an invocation reaches the failpoint. It is obeyed once. */
interface Order {
  readonly at: number;
  readonly action: 'throw' | 'kill' | 'stop' | 'hang' | 'delay';
  readonly delayMs?: number;
}

/** Whose work an invocation does, as its orders name it. */
interface Work {
  readonly job_id: string;
  readonly table?: number | undefined;
  readonly pass?: string | undefined;
}

let folder = '';
let prefix = '';
const seen = new Map<string, number>();

/**
 * An invocation begins. Its orders are the files `<job>/<kind>-<table>-<pass>-<failpoint>.json` of the control folder. A job
 * has no id before it is started, so its orders lie in the folder `next` until the first job that has none takes it.
 */
export function fpWork(kind: 'step' | 'segment', work: Work): void {
  if (typeof FAILPOINTS === 'undefined' || FAILPOINTS) begin(kind, work);
}

function begin(kind: string, { job_id, table, pass }: Work): void {
  if (typeof FAILPOINTS !== 'string') return;
  seen.clear();
  folder = `${FAILPOINTS}/${job_id}`;
  prefix = [kind, table ?? 'all', pass ?? 'all'].join('-');
  if (existsSync(folder)) return;
  try {
    renameSync(`${FAILPOINTS}/next`, folder);
  } catch {
    // there are none
  }
}

function reach(name: Failpoint): Promise<void> | undefined {
  if (typeof FAILPOINTS !== 'string') return handler?.(name);
  const count = (seen.get(name) ?? 0) + 1;
  seen.set(name, count);
  const order = orderFor(`${folder}/${prefix}-${name}.json`, count);
  return order && obey(name, order);
}

/** The order of a file, if it is for now; of several processes one gets it, and leaves its own id behind the name. */
function orderFor(file: string, count: number): Order | undefined {
  try {
    const order = JSON.parse(readFileSync(file, 'utf8')) as Order; // written by a test
    if (order.at > count) return undefined;
    renameSync(file, `${file}.${process.pid}`);
    return order;
  } catch {
    return undefined; // no file: nothing to break, or another process was faster
  }
}

async function obey(name: Failpoint, { action, delayMs = 0 }: Order): Promise<void> {
  if (action === 'kill') process.kill(process.pid, 'SIGKILL');
  if (action === 'stop') process.kill(process.pid, 'SIGSTOP');
  if (action === 'throw') throw new Error(`failpoint ${name}`);
  if (action === 'hang') await new Promise(() => undefined);
  await new Promise((done) => setTimeout(done, delayMs));
}
