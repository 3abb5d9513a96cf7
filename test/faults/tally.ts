/** How often each class of fault was injected, and what came of it; printed as the coverage table. */
export interface Tally {
  readonly faults: Map<string, number>;
  schedules: number;
  kills: number;
  duplicates: number;
  stops: number;
  lost: number;
  duplicated: number;
  wrongEnds: number;
}

export const newTally = (): Tally => ({
  faults: new Map(),
  schedules: 0,
  kills: 0,
  duplicates: 0,
  stops: 0,
  lost: 0,
  duplicated: 0,
  wrongEnds: 0,
});

export function hit(tally: Tally, fault: string): void {
  tally.faults.set(fault, (tally.faults.get(fault) ?? 0) + 1);
}

/** What must never happen, seen in a schedule. `kind` says under which total it counts. */
export class Broken extends Error {
  readonly kind: 'lost' | 'duplicated' | 'wrongEnds';
  constructor(kind: Broken['kind'], message: string) {
    super(message);
    this.name = 'Broken';
    this.kind = kind;
  }
}
