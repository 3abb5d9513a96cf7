import type { PlannedConflicts } from '../model/conflict-plan.ts';
import type { FieldChoice } from '../model/merge.ts';
import type { Verdict } from './classify.ts';
import { conflictStrategy } from './registry.ts';

/** A clock that is this much ahead of the service's own is not trusted. Clocks of servers differ by seconds. */
export const TRUSTED_SKEW_MS = 300_000;

/** What is known of both rows besides their prints. */
export interface Contest {
  /** Names of the mapped columns, in order. */
  readonly columns: readonly string[];
  readonly rules: PlannedConflicts;
  /** Microseconds since 1970; absent: no row, NULL, or not finite. */
  readonly clocks: { readonly source?: string | undefined; readonly target?: string | undefined };
  /** The service's clock. */
  readonly nowMs: number;
  /** The base is known, with the values of these columns. */
  readonly images: readonly string[];
}

/** What becomes of a row. `rule` says who decided, for the record. */
export type Ruling =
  | { readonly kind: 'source' | 'target' | 'people' | 'aside'; readonly rule: string }
  | { readonly kind: 'merge'; readonly rule: string; readonly fields: ReadonlyMap<number, FieldChoice> };

type Conflicting = Extract<Verdict, { kind: 'conflict' }>;

/** Of both update columns the one that counts: NULL and the future do not. */
export function trusted(clock: string | undefined, nowMs: number): bigint | undefined {
  if (clock === undefined) return undefined;
  const at = BigInt(clock);
  return at > BigInt(nowMs + TRUSTED_SKEW_MS) * 1000n ? undefined : at;
}

/** Which row is newer, and how that was seen. A tie goes to the source; a row without a usable time loses. Pure. */
export function newerSide({ clocks, nowMs }: Pick<Contest, 'clocks' | 'nowMs'>) {
  const [s, t] = [trusted(clocks.source, nowMs), trusted(clocks.target, nowMs)];
  if (s === t) return { side: 'source', how: s === undefined ? 'no_time' : 'tie' } as const;
  if (s === undefined || t === undefined)
    return { side: s === undefined ? 'target' : 'source', how: 'one_time' } as const;
  return { side: s > t ? 'source' : 'target', how: 'later' } as const;
}

/** The contested columns but for the update column, which takes the later time wherever the rest is merged. */
function besidesClock({ split }: Conflicting, { columns, rules }: Contest): readonly number[] {
  return split.contested.filter(
    (i) => columns[i] !== rules.clock?.column || rules.fields[columns[i] ?? ''] !== undefined,
  );
}

/** The columns that are taken over or made anew; those that are not named stay as the target has them. */
function merged({ split }: Conflicting, contested: readonly (readonly [number, FieldChoice])[]) {
  const decided = new Map(contested);
  const clocks = split.contested.filter((i) => !decided.has(i)).map((i) => [i, 'max'] as const);
  return new Map<number, FieldChoice>([...split.fromSource.map((i) => [i, 'source'] as const), ...clocks, ...decided]);
}

/** What the rule of a column comes to; undefined: people decide. */
function choiceOf(column: string, contest: Contest): FieldChoice | undefined {
  const { fields } = contest.rules;
  const rule = fields[column] ?? fields['*'] ?? 'manual';
  if (rule === 'manual') return undefined;
  if (rule === 'newer') return contest.rules.clock && newerSide(contest).side;
  if (rule === 'sum' && !contest.images.includes(column)) return undefined; // nobody knows what was added
  return rule;
}

function byRules(found: Conflicting, contest: Contest): Ruling {
  const choices: [number, FieldChoice][] = [];
  for (const i of besidesClock(found, contest)) {
    const column = contest.columns[i] ?? '';
    const choice = choiceOf(column, contest);
    if (choice === undefined) return { kind: 'people', rule: `field_level/${column}` };
    choices.push([i, choice]);
  }
  return { kind: 'merge', rule: 'field_level', fields: merged(found, choices) };
}

function byTime(found: Conflicting, contest: Contest): Ruling {
  const { contested } = found.split;
  if (contested.length > 0 && besidesClock(found, contest).length === 0)
    return { kind: 'merge', rule: 'merge', fields: merged(found, []) };
  if (!contest.rules.clock) return { kind: 'people', rule: 'newer_wins/no_column' };
  const { side, how } = newerSide(contest);
  return { kind: side, rule: `newer_wins/${how}` };
}

/** What a strategy makes of a conflict. Pure. */
export function ruleOn(found: Conflicting, contest: Contest, name = contest.rules.types[found.type]): Ruling {
  const outcome = conflictStrategy(name).outcomes[found.type];
  switch (outcome) {
    case 'newer':
      return byTime(found, contest);
    case 'fields':
      return byRules(found, contest);
    default:
      return { kind: outcome, rule: name };
  }
}

/** What becomes of a row that is no conflict, or of one that is. `keep`: it stays as it is, and nothing was decided. Pure. */
export type Action = Ruling | { readonly kind: 'keep' | 'equal'; readonly rule: string };

export function decideRow(verdict: Verdict, contest: Contest): Action {
  switch (verdict.kind) {
    case 'equal':
      return { kind: 'equal', rule: 'equal' };
    case 'apply':
      return { kind: 'source', rule: 'apply' };
    case 'merge':
      return {
        kind: 'merge',
        rule: 'merge',
        fields: new Map(verdict.split.fromSource.map((i) => [i, 'source'] as const)),
      };
    case 'target_edit':
      // in both directions an edit of one side is no disagreement, whoever wins those
      return !contest.rules.both && conflictStrategy(contest.rules.strategy).overwritesEdits
        ? { kind: 'source', rule: contest.rules.strategy }
        : { kind: 'keep', rule: 'target_edit' };
    case 'settled':
    case 'target_only':
      return { kind: 'keep', rule: verdict.kind };
    case 'conflict':
      return ruleOn(verdict, contest);
  }
}
