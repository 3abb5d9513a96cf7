import type { Pass } from '../../lib/model/job.ts';
import { type Asl, forEach, pick, place, runChild } from '../asl.ts';
import { SYNC_TABLE_TIMEOUT_SECONDS } from './sync-table-machine.ts';

/** What a table's child execution is started with, beside its table: what both machines that start some have in their state. */
const JOB = ['job_id', 'epoch'] as const;

/** More segments than any table has: the first execution of a table asks for all of them. */
export const ALL_SEGMENTS = 1_000_000;

/** A state that holds the pass, or the pass itself. */
type PassOf = { readonly 'pass.$': string } | { readonly pass: Pass };

const passText = (pass: PassOf) => ('pass' in pass ? `'${pass.pass}'` : '$.pass');

/** Levels one after another, so that parents are there before their children; tables of one level at once. */
export const forEachLevel = (levels: string, names: readonly [tables: string, table: string], pass: PassOf): Asl =>
  forEach(
    levels,
    { MaxConcurrency: 1 },
    { ...pick(...JOB, 'max_parallel_tables', 'max_parallel_operations'), ...pass, 'tables.$': '$$.Map.Item.Value' },
    [
      names[0],
      forEach(
        '$.tables',
        { MaxConcurrencyPath: '$.max_parallel_tables' },
        { ...pick(...JOB, 'max_parallel_operations'), ...pass, 'table.$': '$$.Map.Item.Value' },
        [names[1], syncTable(pass)],
      ),
    ],
  );

/** A child is named `<job>-e<epoch>-t<table>-<pass>-a<attempt>`: 36 + 2+6 + 2+5 + 8 + 2+1 = 62 of 80 characters. */
const syncTable = (pass: PassOf): Asl =>
  runChild(
    place('SyncTableArn'),
    `States.Format('{}-e{}-t{}-{}-a{}', $.job_id, $.epoch, $.table, ${passText(pass)}, $$.State.RetryCount)`,
    SYNC_TABLE_TIMEOUT_SECONDS,
    {
      ...pick(...JOB, 'table', 'max_parallel_operations'),
      ...pass,
      whole: true,
      part: { from: 0, to: ALL_SEGMENTS },
    },
  );

/** Parts of a pass one after another, each a child execution. Named by its pages: 36 + 2+6 + 8 + 2+5+1+5 + 2+1 = 68. */
export const forEachPart = (parts: string, name: string, pass: PassOf, timeoutSeconds: number): Asl =>
  forEach(
    parts,
    { MaxConcurrency: 1 },
    { ...pick(...JOB, 'max_parallel_tables', 'max_parallel_operations'), ...pass, 'part.$': '$$.Map.Item.Value' },
    [
      name,
      runChild(
        place('SyncPartArn'),
        `States.Format('{}-e{}-{}-p{}-{}-a{}', $.job_id, $.epoch, ${passText(pass)}, $.part.from, $.part.to, $$.State.RetryCount)`,
        timeoutSeconds,
        { ...pick(...JOB, 'part', 'max_parallel_tables', 'max_parallel_operations'), ...pass },
      ),
    ],
  );
