import { type JobConfig, writesBoth } from '../model/config.ts';
import type { Problem } from '../model/errors.ts';
import type { StrategyFacts } from '../model/strategy.ts';
import { type Column, type Relation, relationText } from '../model/table.ts';
import { keyOf } from './schema.ts';
import { columnInScope, isView } from './scope.ts';

type Pair = { readonly source: Relation; readonly target: Relation };

const unsupported = (field: string, message: string, hint: string): Problem => ({
  code: 'direction_unsupported',
  field,
  message,
  hint,
});

/** Options under which edits of the target could not be seen, or would be undone. */
function optionProblems(strategy: StrategyFacts, config: JobConfig): Problem[] {
  const sees = strategy.seesConflicts && strategy.compares === 'row' && strategy.full.sees.target_edits === 'always';
  const incremental = strategy.incremental?.sees.target_edits ?? 'always';
  return [
    ...(sees && incremental === 'always'
      ? []
      : [
          unsupported(
            '/config/detection_strategy',
            `The detection_strategy ${strategy.name} does not see every change of the target.`,
            'Use detection_strategy "hash" or "content".',
          ),
        ]),
    ...(config.delete_mode === 'mirror'
      ? [
          unsupported(
            '/config/delete_mode',
            'delete_mode "mirror" deletes rows that only the target has, which this direction carries to the source.',
            'Use delete_mode "tracked" or "keep".',
          ),
        ]
      : []),
    ...(Object.keys(config.mapping).length > 0
      ? [
          unsupported(
            '/config/mapping',
            'A mapping is computed from the source; what it makes cannot be carried back.',
            'Leave out mapping, or use direction "source_to_target".',
          ),
        ]
      : []),
    ...(['filters', 'tolerances'] as const)
      .filter((option) => Object.keys(config[option]).length > 0)
      .map((option) =>
        unsupported(
          `/config/${option}`,
          option === 'filters'
            ? 'With filters a row that leaves them cannot be told from one that was deleted.'
            : 'Values that count as equal within a tolerance would differ on both sides for good.',
          `Leave out ${option}, or use direction "source_to_target".`,
        ),
      ),
  ];
}

const sameType = (a: Column, b: Column) =>
  a.declared === b.declared && a.type.name === b.type.name && a.type.schema === b.type.schema;

const sameSet = (a: readonly string[], b: readonly string[]) => a.length === b.length && a.every((x) => b.includes(x));

function columnProblems({ source, target }: Pair, config: JobConfig): Problem[] {
  const table = relationText(source);
  const cannot = (column: string, why: string, hint: string): Problem => ({
    code: 'direction_unsupported',
    side: 'source',
    object: `${table}.${column}`,
    message: `${table}.${column} ${why}.`,
    hint,
  });
  const mapped = source.columns.filter((c) => !c.generated && columnInScope(source, c, config));
  return [
    ...mapped.flatMap((c) => {
      const other = target.columns.find((t) => t.name === c.name);
      if (!other || sameType(c, other)) return []; // that it is missing is said elsewhere
      const why = `is ${c.declared} in the source and ${other.declared} in the target, so values could not go both ways unchanged`;
      return [cannot(c.name, why, 'Give both columns the same type.')];
    }),
    ...source.columns.flatMap((c) => {
      const fed = c.generated || c.hasDefault || c.identity !== '' || !c.notNull;
      const taken = mapped.some((m) => m.name === c.name) && target.columns.some((t) => t.name === c.name);
      if (taken || fed) return [];
      return [cannot(c.name, 'is NOT NULL in the source, has no default and takes no part', 'Give it a default.')];
    }),
  ];
}

function tableProblems(pair: Pair, config: JobConfig): Problem[] {
  const { source } = pair;
  const object = relationText(source);
  const side = 'source' as const;
  if (isView(source)) return []; // what it is comes first
  const key = keyOf(source, config);
  const keyed = key && [source, pair.target].every((t) => t.uniqueKeys.some((k) => sameSet(k, key)));
  const noKey = {
    code: 'direction_unsupported' as const,
    side,
    object,
    message: `${object} has no unique key over NOT NULL columns that is the same on both sides, so nobody can say which row was changed.`,
    hint: 'Add a primary key on both sides.',
  };
  return [...(keyed ? [] : [noKey]), ...columnProblems(pair, config)];
}

/** Everything that keeps a job from writing to the source as well; nothing of a job that does not. */
export function bothWaysProblems(
  pairs: readonly Pair[],
  strategy: StrategyFacts,
  config: JobConfig,
): readonly Problem[] {
  if (!writesBoth(config)) return [];
  return [...optionProblems(strategy, config), ...pairs.flatMap((p) => tableProblems(p, config))];
}
