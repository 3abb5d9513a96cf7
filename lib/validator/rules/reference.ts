import * as z from 'zod';
import { defineRule, RuleProblem } from './rule.ts';

const names = z.array(z.string().min(1).max(200)).min(1).max(16);

interface Reference {
  readonly columns: readonly string[];
  readonly table: string;
  readonly references: readonly string[];
}

export const reference = defineRule<Reference>({
  name: 'reference',
  summary:
    'A row of `table` (of the target) has the values of `columns` in its `references`, or the job brings one. A row with NULL in one of them passes.',
  settings: { columns: names, table: z.string().min(1).max(200), references: names },
  columns: (s) => s.columns,
  set: ({ columns, table, references }) => {
    if (columns.length !== references.length) throw new RuleProblem('columns and references are equally many.');
    return { kind: 'reference', columns, table, references };
  },
  examples: [
    {
      settings: { columns: ['kind'], table: 'public.kinds', references: ['code'] },
      columns: 'kind int',
      good: ['1', 'null'],
      bad: ['2'],
      target: 'create table kinds (code bigint primary key); insert into kinds values (1)',
    },
  ],
});
