import { readFileSync, unlinkSync } from 'node:fs';

/**
 * Moments of a job at which a test may break it, in the order in which a row meets them. Two have no place of their own
 * here: Step Functions sends the messages, so `plan.enqueued` is where a table's segments are handed to it; Lambda deletes
 * a message after the handler has returned, so `msg.deleted` is the last thing before that. The last two are moments of an
 * order to decide many conflicts.
 */
export type Failpoint =
  | 'plan.written'
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
  | 'ddb.mirrored'
  | 'msg.deleted'
  | 'resolution.listed'
  | 'resolution.decided';

/** What a test makes of a failpoint: nothing, an error, or a wait. */
export type FailpointHandler = (name: Failpoint) => Promise<void> | undefined;

/**
 * Put in place by infra/build.ts: `false` in what is deployed, so that nothing of this is in it; the path of a control
 * file in a test's own build. Not there when the sources run by themselves, as in tests.
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

/** What a control file says: what to do the `at`-th time (from 1) that a process reaches the failpoint. It is used once. */
interface Order {
  readonly name: Failpoint;
  readonly at: number;
  readonly action: 'throw' | 'kill' | 'stop' | 'hang' | 'delay';
  readonly delayMs?: number;
}

const seen = new Map<string, number>();

function reach(name: Failpoint): Promise<void> | undefined {
  if (typeof FAILPOINTS !== 'string') return handler?.(name);
  seen.set(name, (seen.get(name) ?? 0) + 1);
  const order = orderFor(name, FAILPOINTS);
  return order && obey(order);
}

/** The order of the file, if it is for now; of several processes one gets it. */
function orderFor(name: Failpoint, file: string): Order | undefined {
  try {
    const order = JSON.parse(readFileSync(file, 'utf8')) as Order; // written by a test
    if (order.name !== name || order.at > (seen.get(name) ?? 0)) return undefined;
    unlinkSync(file);
    return order;
  } catch {
    return undefined; // no file: nothing to break, or another process was faster
  }
}

async function obey({ name, action, delayMs = 0 }: Order): Promise<void> {
  if (action === 'kill') process.kill(process.pid, 'SIGKILL');
  if (action === 'stop') process.kill(process.pid, 'SIGSTOP');
  if (action === 'throw') throw new Error(`failpoint ${name}`);
  if (action === 'hang') await new Promise(() => undefined);
  await new Promise((done) => setTimeout(done, delayMs));
}
