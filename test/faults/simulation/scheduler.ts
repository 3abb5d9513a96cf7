import type { Random } from '../random.ts';

/** A process of the simulated service: one invocation of a function, or somebody who calls it. */
export interface Actor {
  readonly name: string;
  /** Minutes its clock is wrong by, in milliseconds. */
  readonly skewMs: number;
  /** A process that is killed takes no further step; nobody tells it. */
  dead: boolean;
  /** Stopped by SIGSTOP until this time. */
  pausedUntilMs: number;
  /** Run when it dies or ends: what the outside notices. */
  readonly atDeath: (() => void)[];
}

interface Parked {
  readonly actor: Actor;
  readonly label: string;
  readonly ready: () => boolean;
  /** Gives the actor its turn; an error is thrown where it waits. */
  readonly go: (error?: Error) => void;
}

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** What may happen to a step that was chosen: nothing, an error in place of it, or it never happens (the actor is dead). */
export type Disturb = (actor: Actor, label: string) => Error | undefined;

const microtasksDone = () => new Promise<void>((done) => void setImmediate(done));

/**
 * One clock, one queue of steps, one seed: every await of the simulated service waits here for its turn, and the seed
 * decides whose turn it is. The same seed gives the same run.
 */
export class Scheduler {
  nowMs = Date.parse('2026-11-23T00:00:00Z');
  steps = 0;
  disturb: Disturb = () => undefined;
  private readonly random: Random;
  private parked: Parked[] = [];
  private timers: Timer[] = [];
  private order = 0;

  constructor(random: Random) {
    this.random = random;
  }

  actor(name: string, skewMs = 0): Actor {
    return { name, skewMs, dead: false, pausedUntilMs: 0, atDeath: [] };
  }

  /** Waits for a turn, and for `ready`. */
  step(actor: Actor, label: string, ready: () => boolean = () => true): Promise<void> {
    return new Promise((resolve, reject) => {
      if (actor.dead) return; // the dead wait for ever
      this.parked.push({ actor, label, ready, go: (error) => (error ? reject(error) : resolve()) });
    });
  }

  /** Waits for a turn, at most `limitMs`; false: the time ran out. */
  async within(actor: Actor, label: string, limitMs: number, ready: () => boolean): Promise<boolean> {
    const endMs = this.nowMs + limitMs;
    this.at(endMs, () => undefined); // so that the clock comes by
    await this.step(actor, label, () => ready() || this.nowMs >= endMs);
    return ready();
  }

  after(ms: number, run: () => void): void {
    this.at(this.nowMs + ms, run);
  }

  private at(atMs: number, run: () => void): void {
    this.timers.push({ atMs, order: this.order++, run });
  }

  /** Waits in virtual time. */
  async sleep(actor: Actor, ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    this.at(endMs, () => undefined);
    await this.step(actor, 'sleep', () => this.nowMs >= endMs);
  }

  kill(actor: Actor): void {
    if (actor.dead) return;
    actor.dead = true;
    this.parked = this.parked.filter((p) => p.actor !== actor);
    for (const tell of actor.atDeath.splice(0)) tell();
  }

  pause(actor: Actor, ms: number): void {
    actor.pausedUntilMs = this.nowMs + ms;
    this.at(actor.pausedUntilMs, () => undefined);
  }

  /** Takes steps until `done`, or until `limit` of them; says whether it was done. */
  async run(done: () => boolean, limit: number): Promise<boolean> {
    const end = this.steps + limit;
    for (;;) {
      await microtasksDone();
      if (done()) return true;
      if (this.steps++ >= end) return false;
      const runnable = this.parked.filter((p) => p.actor.pausedUntilMs <= this.nowMs && p.ready());
      if (runnable.length === 0) {
        if (!this.nextTimer()) return false; // nothing will ever happen again
        continue;
      }
      this.take(this.random.pick(runnable));
      this.pass(this.random.below(40));
    }
  }

  /** What waits, for people. */
  waiting(): readonly string[] {
    return this.parked.map((p) => `${p.actor.name}: ${p.label}`);
  }

  private take(chosen: Parked): void {
    this.parked.splice(this.parked.indexOf(chosen), 1);
    const error = this.disturb(chosen.actor, chosen.label);
    if (!chosen.actor.dead) chosen.go(error);
  }

  private pass(ms: number): void {
    this.nowMs += ms;
    while (this.timers.some((t) => t.atMs <= this.nowMs)) this.fire();
  }

  private nextTimer(): boolean {
    if (this.timers.length === 0) return false;
    this.fire();
    return true;
  }

  private fire(): void {
    const first = this.timers.reduce((a, b) => (b.atMs < a.atMs || (b.atMs === a.atMs && b.order < a.order) ? b : a));
    this.timers.splice(this.timers.indexOf(first), 1);
    this.nowMs = Math.max(this.nowMs, first.atMs);
    first.run();
  }
}
