import { type JobConfig, writesBoth } from '../model/config.ts';
import type { ServerFacts } from '../model/connection.ts';
import type { Problem } from '../model/errors.ts';
import { isContinuous } from '../model/following.ts';
import { STRATEGY_OPTIONS, type StrategyFacts, type StrategyOption } from '../model/strategy.ts';
import type { Relation } from '../model/table.ts';
import { sqlName } from './sql-name.ts';
import { stampColumn } from './timestamp.ts';

/** Whether the config asks for an option at all. */
const ASKED: Readonly<Record<StrategyOption, (config: JobConfig) => boolean>> = {
  tolerances: (c) => Object.keys(c.tolerances).length > 0,
  timestamp_columns: (c) => Object.keys(c.timestamp_columns).length > 0,
  key_sweep: (c) => c.key_sweep,
  max_quiet_runs: (c) => c.max_quiet_runs > 0,
  continuous: isContinuous,
};

function optionProblems(strategy: StrategyFacts, config: JobConfig): Problem[] {
  return STRATEGY_OPTIONS.filter((o) => ASKED[o](config) && !strategy.options.includes(o)).map((option) => ({
    code: 'option_not_supported',
    field: `/config/${option}`,
    message: `The detection_strategy ${strategy.name} has no ${option}.`,
  }));
}

/** A job that is not to end writes, and to one side. */
function continuousProblems(config: JobConfig): Problem[] {
  if (!isContinuous(config)) return [];
  const against = [...(config.dry_run ? ['dry_run'] : []), ...(writesBoth(config) ? ['direction bidirectional'] : [])];
  return against.map((other) => ({
    code: 'option_not_supported',
    field: '/config/continuous',
    message: `A job that is continuous cannot have ${other}.`,
    hint: 'Leave one of both out.',
  }));
}

/** What keeps the open transactions of a source from being seen, which `timestamp` needs. */
export function viewProblems(source: ServerFacts): Problem[] {
  if (source.standby)
    return [
      {
        code: 'source_standby',
        side: 'source',
        message: 'The source is a standby, which does not show the open transactions of its primary.',
        hint: 'Name the primary server as the source, or use another detection_strategy.',
      },
    ];
  if (source.maySeeTransactions) return [];
  return [
    {
      code: 'privilege_missing',
      side: 'source',
      message:
        'The source role may not see when transactions of other sessions began, so a late commit could be missed.',
      hint: `GRANT pg_read_all_stats TO ${sqlName(source.role)};`,
    },
  ];
}

/** What the strategy needs and does not find in the source, and options that it does not honour. */
export function needProblems(
  strategy: StrategyFacts,
  source: { readonly facts: ServerFacts; readonly tables: readonly Relation[] },
  config: JobConfig,
): readonly Problem[] {
  return [
    ...optionProblems(strategy, config),
    ...continuousProblems(config),
    ...(strategy.needs.openTransactions ? viewProblems(source.facts) : []),
    ...(strategy.needs.timestampColumn
      ? source.tables.flatMap((t) => {
          const found = stampColumn(t, config);
          return 'code' in found ? [found] : [];
        })
      : []),
  ];
}
