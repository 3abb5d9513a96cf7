import { useSignal } from '@preact/signals';
import { number } from '../../../lib/model/figures.ts';
import type { PairTables, SideTable, TableOfPair } from '../../../lib/model/pair-tables.ts';
import { cannotPick, matching, size, sizeOf, takes } from '../../start/pick.ts';

interface PickerProps {
  readonly pair: PairTables;
  readonly picked: ReadonlySet<string>;
  readonly onPick: (picked: ReadonlySet<string>) => void;
}

/** Rows of the list that are drawn: a database of 10,000 tables stays smooth, and the search finds the others. */
const MOST_ROWS = 300;

/** The tables of both sides, with those that take part ticked. */
export function TablePicker({ pair, picked, onPick }: PickerProps) {
  const text = useSignal('');
  const found = matching(pair, text.value);
  const able = found.filter((table) => cannotPick(table) === undefined);
  const usual = new Set(pair.tables.filter(takes).map(({ name }) => name));
  const sum = sizeOf(pair, picked);
  const set = (names: readonly string[], on: boolean) => {
    const next = new Set(picked);
    for (const name of names) on ? next.add(name) : next.delete(name);
    onPick(next);
  };
  const shown = text.value === '' ? able.filter(({ name }) => usual.has(name)) : able;
  return (
    <div class="picker">
      <div class="picker-bar">
        <label>
          <span class="only-read">Search tables</span>
          <input
            type="search"
            placeholder="Search tables"
            value={text.value}
            onInput={(event) => {
              text.value = event.currentTarget.value;
            }}
          />
        </label>
        <button
          type="button"
          class="quiet"
          onClick={() =>
            set(
              shown.map(({ name }) => name),
              true,
            )
          }
        >
          Pick {text.value === '' ? 'all' : 'these'}
        </button>
        <button
          type="button"
          class="quiet"
          onClick={() =>
            set(
              found.map(({ name }) => name),
              false,
            )
          }
        >
          Pick none{text.value === '' ? '' : ' of these'}
        </button>
        <p class="fine" role="status">
          {sum.tables} of {pair.tables.length} tables, about {number(sum.rows)} rows, {size(sum.bytes)}
          {sum.unknown > 0 && ` (${sum.unknown} without statistics)`}
        </p>
      </div>
      <section class="scroll picker-list" aria-label="Tables of both databases">
        <table class="cards">
          <caption class="only-read">Tables of both databases</caption>
          <thead>
            <tr>
              <th scope="col">Table</th>
              <th scope="col" class="figure">
                Source rows
              </th>
              <th scope="col" class="figure">
                Size
              </th>
              <th scope="col" class="figure">
                Target rows
              </th>
            </tr>
          </thead>
          <tbody>
            {found.slice(0, MOST_ROWS).map((table) => (
              <Row
                key={table.name}
                table={table}
                picked={picked.has(table.name)}
                onPick={(on) => set([table.name], on)}
              />
            ))}
          </tbody>
        </table>
      </section>
      {found.length > MOST_ROWS && (
        <p class="fine">{number(found.length - MOST_ROWS)} more: search for them by name.</p>
      )}
      {pair.more !== undefined && <p class="fine">{number(pair.more)} further tables are not listed.</p>}
    </div>
  );
}

interface RowProps {
  readonly table: TableOfPair;
  readonly picked: boolean;
  readonly onPick: (on: boolean) => void;
}

function Row({ table, picked, onPick }: RowProps) {
  const reason = cannotPick(table);
  const { source, target } = table;
  return (
    <tr class={reason === undefined ? '' : 'not-able'}>
      <th scope="row">
        <label>
          <input
            type="checkbox"
            checked={picked}
            disabled={reason !== undefined}
            onChange={(event) => onPick(event.currentTarget.checked)}
          />
          {table.name}
        </label>
        <Remark source={source} reason={reason} />
      </th>
      <td class="figure" data-label="Source rows">
        {rows(source)}
      </td>
      <td class="figure" data-label="Size">
        {source ? size(source.bytes) : '–'}
      </td>
      <td class="figure" data-label="Target rows">
        {rows(target)}
      </td>
    </tr>
  );
}

const rows = (side: SideTable | undefined) =>
  side === undefined ? '–' : side.rows_estimate === undefined ? '?' : `≈ ${number(side.rows_estimate)}`;

function Remark({ source, reason }: { readonly source: SideTable | undefined; readonly reason: string | undefined }) {
  const kind = source && source.kind !== 'table' ? source.kind.replace('_', ' ') : undefined;
  const keyless = source && source.key === undefined ? 'no key' : undefined;
  const text = [reason, kind, keyless].filter(Boolean).join(', ');
  return text === '' ? null : <span class="fine"> {text}</span>;
}
