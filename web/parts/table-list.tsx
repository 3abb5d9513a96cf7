import { useMemo } from 'preact/hooks';
import type { TableStatus } from '../../lib/model/answers.ts';
import { number } from '../../lib/model/figures.ts';
import type { Counts } from '../../lib/model/job.ts';
import { lookText } from '../../lib/model/look.ts';
import { tableShare } from '../../lib/model/progress.ts';
import { VALIDATION } from '../../lib/model/validation.ts';
import { tablesText, wordsOf } from '../job/table-words.ts';
import { percent } from '../words.ts';
import { COUNT_WORDS, ISSUES, namesIn } from './counts.tsx';
import { FailureNote } from './problem.tsx';
import { Chip } from './state.tsx';

interface TableListProps {
  readonly tables: readonly TableStatus[];
  /** Nobody works on the job. */
  readonly idle: boolean;
  /** Why the job failed; a table does not say it again. */
  readonly said: string | undefined;
}

/** The tables of a job in their order, each with its progress and counts, and with why it failed. */
export function TableList({ tables, idle, said }: TableListProps) {
  if (tables.length === 0) return null;
  const names = namesIn(tables.map((t) => t.counts as Counts)); // made of Counts: no field is undefined
  return (
    <section aria-labelledby="tables-title">
      <div class="heading">
        <h2 id="tables-title">Tables</h2>
        <p class="fine">
          {tablesText(
            tables.map(({ validation }) => validation),
            idle,
          )}
        </p>
      </div>
      <div class="scroll">
        <table class="cards tables">
          <caption class="only-read">Tables of the job</caption>
          <thead>
            <tr>
              <th scope="col">Table</th>
              <th scope="col">State</th>
              <th scope="col">Progress</th>
              {names.map((name) => (
                <th key={name} scope="col" class="figure" title={COUNT_WORDS[name].meaning}>
                  {COUNT_WORDS[name].text}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {tables.map((table) => (
              <Table key={table.table} table={table} idle={idle} said={said} names={names} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

interface TableProps extends Omit<TableListProps, 'tables'> {
  readonly table: TableStatus;
  /** The counts that are shown. */
  readonly names: readonly (keyof Counts)[];
}

/** Drawn again where it says something else than before: of many tables few change between two looks. */
function Table(props: TableProps) {
  return useMemo(() => <Row {...props} />, [JSON.stringify(props)]);
}

function Row({ table, idle, said, names }: TableProps) {
  const share = tableShare(table);
  const pending = table.state === 'pending';
  return (
    <>
      <tr>
        <th scope="row">{table.name}</th>
        <td>
          <Chip
            title={VALIDATION[table.validation]}
            {...wordsOf(table.validation, idle)}
            {...(!idle && phase(table))}
          />
        </td>
        <td class="share">
          <progress value={share} max={1} aria-label={`Progress of ${table.name}`} />
          <span>{percent(share)}</span>
        </td>
        {names.map((name) => {
          const count = table.counts[name] ?? 0;
          const tone = count === 0 ? ' zero' : ISSUES.includes(name) ? ' issue' : '';
          return (
            <td key={name} class={`figure${tone}`} data-label={COUNT_WORDS[name].text}>
              {pending ? '' : number(count)}
            </td>
          );
        })}
      </tr>
      <Remarks table={table} said={said} names={names} />
    </>
  );
}

/** Which pass a running table is in, and how far in its segments. */
function phase({ state, pass, segments }: TableStatus): { readonly text: string } | undefined {
  if (state !== 'running') return undefined;
  return { text: segments.total > 0 ? `${pass} ${segments.done}/${segments.total}` : pass };
}

function Remarks({ table, said, names }: Omit<TableProps, 'idle'>) {
  const { failure, in_flight, samples } = table;
  const look = lookText(table);
  const news = failure && failure.message !== said ? failure : undefined;
  const sampled = Object.entries(samples ?? {}).filter(([, keys]) => keys.length > 0);
  if (!news && !in_flight && !look && sampled.length === 0) return null;
  return (
    <tr class="remarks">
      <td colSpan={3 + names.length}>
        {news && <FailureNote title="Failed" failure={news} tone="bad" />}
        {look && <p class="fine">{look}</p>}
        {in_flight !== undefined && in_flight > 0 && (
          <p class="fine">{number(in_flight)} rows moved while the job ran and still do.</p>
        )}
        {sampled.length > 0 && (
          <details>
            <summary>A few keys of what would change</summary>
            {sampled.map(([operation, keys]) => (
              <p key={operation}>
                {operation}: <code>{keys.map((key) => key.join(', ')).join('; ')}</code>
              </p>
            ))}
          </details>
        )}
      </td>
    </tr>
  );
}
