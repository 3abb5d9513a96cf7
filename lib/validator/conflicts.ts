import type { ConflictRules, JobConfig } from '../model/config.ts';
import { type FieldRule, rulesOf, strategiesIn } from '../model/conflict-plan.ts';
import type { Problem } from '../model/errors.ts';
import { near } from '../model/near.ts';
import { type Column, type Relation, relationText, STAMP_TYPES, type StampType } from '../model/table.ts';
import { USUAL_NAMES } from './timestamp.ts';

const FIELD = '/config/conflict_rules';

const NUMBERS = ['int2', 'int4', 'int8', 'numeric', 'float4', 'float8'];
const ORDERED = [...NUMBERS, 'date', 'time', 'timestamp', 'timestamptz', 'interval', 'text', 'varchar', 'bool'];

const builtIn = ({ type }: Column) => (type.base.schema === 'pg_catalog' ? type.base.name : '');

/** Rules that ask something of a column's type, and what they can work on. */
const FITS: Partial<Readonly<Record<FieldRule, readonly [fits: (c: Column) => boolean, kinds: string]>>> = {
  max: [(c) => ORDERED.includes(builtIn(c)), 'numbers, times, texts and booleans'],
  min: [(c) => ORDERED.includes(builtIn(c)), 'numbers, times, texts and booleans'],
  sum: [(c) => NUMBERS.includes(builtIn(c)), 'numbers'],
  concat: [(c) => c.type.base.kind === 'b' && c.type.base.name.startsWith('_'), 'arrays'],
};

/** What preflight knows of the strategies that the config names. */
export interface StrategyNeeds {
  /** Whether it goes by an update column of both sides. */
  readonly needsClock: (strategy: string) => boolean;
  /** The detection strategy, and whether it sees what both sides changed. */
  readonly detection: { readonly name: string; readonly seesConflicts: boolean };
}

const stampType = (c: Column | undefined): StampType | undefined => c && STAMP_TYPES.find((t) => t === builtIn(c));

type Pair = { readonly source: Relation; readonly target: Relation };

/** The update column that both sides have: the one the config names, else the first of the usual names that is an instant. */
export function clockColumn(
  { source, target }: Pair,
  named: string | undefined,
): { readonly column: string; readonly type: StampType } | undefined {
  for (const column of named === undefined ? USUAL_NAMES : [named]) {
    const type = stampType(target.columns.find((c) => c.name === column));
    if (type && stampType(source.columns.find((c) => c.name === column))) return { column, type };
  }
  return undefined;
}

function fieldProblems({ source, target }: Pair, fields: NonNullable<ConflictRules['fields']>): Problem[] {
  const table = relationText(source);
  return Object.entries(fields).flatMap(([name, rule]): Problem[] => {
    if (name === '*') return [];
    const object = `${table}.${name}`;
    const column = target.columns.find((c) => c.name === name);
    if (!column) {
      const like = near(
        name,
        target.columns.map((c) => c.name),
      );
      const hint = like ? { hint: `Did you mean ${like}?` } : {};
      const message = `conflict_rules names ${object}, which is no column of the target table.`;
      return [{ code: 'conflict_rule_invalid', object, field: `${FIELD}/${table}/fields/${name}`, message, ...hint }];
    }
    const [fits, kinds] = FITS[rule] ?? [];
    if (!fits || fits(column)) return [];
    const message = `The rule ${rule} works on ${kinds}; ${object} is ${column.declared}.`;
    return [{ code: 'conflict_rule_invalid', object, field: `${FIELD}/${table}/fields/${name}`, message }];
  });
}

function tableProblems(pair: Pair, keyless: boolean, needs: StrategyNeeds, config: JobConfig): Problem[] {
  const table = relationText(pair.source);
  const rules = rulesOf(config, table);
  const names = strategiesIn(rules);
  if (names.every((n) => n === 'source_wins')) return [];
  const object = table;
  const unsupported = (why: string): Problem => ({
    code: 'conflict_strategy_unsupported',
    object,
    field: '/config/conflict_strategy',
    message: `${names.filter((n) => n !== 'source_wins').join(', ')} cannot decide anything in ${table}: ${why}.`,
  });
  if (!needs.detection.seesConflicts)
    return [unsupported(`detection_strategy ${needs.detection.name} never sees what a row holds`)];
  if (keyless) return [unsupported('it has no key, so nobody can say which row was changed')];
  const byTime = names.filter(needs.needsClock);
  const ruled = names.includes('field_level') && Object.values(rules.fields).includes('newer');
  const noClock = (byTime.length > 0 || ruled) && !clockColumn(pair, rules.newerColumn);
  const named = rules.newerColumn === undefined ? `none of ${USUAL_NAMES.join(', ')}` : `no ${rules.newerColumn}`;
  return [
    ...fieldProblems(pair, config.conflict_rules[table]?.fields ?? {}),
    ...(noClock
      ? [
          {
            code: 'newer_column_missing' as const,
            object,
            field: `${FIELD}/${table}/newer_column`,
            message: `${table} has ${named} of type ${STAMP_TYPES.join(', ')} on both sides, so nobody can say which row is newer.`,
          },
        ]
      : []),
  ];
}

/** Tables that the rules name and the job does not have, or rules that their tables cannot follow. */
export function conflictProblems(
  pairs: readonly Pair[],
  keyless: (table: Relation) => boolean,
  needs: StrategyNeeds,
  config: JobConfig,
): readonly Problem[] {
  const known = pairs.map((p) => relationText(p.source));
  const strangers = Object.keys(config.conflict_rules).filter((name) => name !== '*' && !known.includes(name));
  return [
    ...strangers.map((name): Problem => {
      const like = near(name, known);
      const message = `conflict_rules names ${name}, which is no table of the job.`;
      const hint = like ? { hint: `Did you mean ${like}?` } : {};
      return { code: 'conflict_rule_invalid', object: name, field: `${FIELD}/${name}`, message, ...hint };
    }),
    ...pairs.flatMap((pair) => tableProblems(pair, keyless(pair.source), needs, config)),
  ];
}
