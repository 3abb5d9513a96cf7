import { type ProposerSide, proposeMapping } from '../../lib/transformer/propose/propose.ts';
import { catalogOf, type FixturePair, fixturePairs } from './proposer-fixture.ts';

/** How many proposed columns are right, wrong, and missing, and which. */
export interface Figures {
  right: number;
  wrong: number;
  missing: number;
  readonly faults: string[];
}

const empty = (): Figures => ({ right: 0, wrong: 0, missing: 0, faults: [] });

export const precision = ({ right, wrong }: Figures): number => right / (right + wrong);
export const recall = ({ right, missing }: Figures): number => right / (right + missing);

const sideOf = (side: FixturePair['source']): ProposerSide => ({ tables: catalogOf(side) });
const text = (columns: readonly string[] | undefined) => columns?.join(' + ');

/** One half of the published schemas against its true mapping: columns, and which of them hold personal data. */
export function measure(half: 'first' | 'second'): { readonly columns: Figures; readonly personal: Figures } {
  const [columns, personal] = [empty(), empty()];
  const count = (figures: Figures, what: string, wanted: string | undefined, got: string | undefined) => {
    if (wanted === got) {
      if (wanted !== undefined) figures.right++;
      return;
    }
    if (got !== undefined) figures.wrong++;
    if (wanted !== undefined) figures.missing++;
    figures.faults.push(`${what}: wanted ${wanted ?? 'nothing'}, proposed ${got ?? 'nothing'}`);
  };
  for (const pair of fixturePairs(half)) {
    const { tables } = proposeMapping(sideOf(pair.source), sideOf(pair.target), { mask: true });
    for (const { table, columns: proposed } of tables.filter((t) => !pair.mapping[t.table]))
      for (const { column, from } of proposed) count(columns, `${table}.${column}`, undefined, text(from));
    for (const [table, truth] of Object.entries(pair.mapping)) {
      const found = tables.find((t) => t.table === table);
      for (const [column, wanted] of Object.entries(truth.columns)) {
        const got = found?.columns.find((c) => c.column === column);
        const of = (name: string) => (found?.from === truth.from ? name : `${found?.from}.${name}`);
        const true_ = typeof wanted === 'string' ? wanted : text(wanted ?? undefined);
        count(columns, `${table}.${column}`, true_, got && text(got.from.map(of)));
        if (wanted !== null)
          count(
            personal,
            `${table}.${column}`,
            truth.personal?.includes(column) ? 'personal' : undefined,
            got?.personal && 'personal',
          );
      }
    }
  }
  return { columns, personal };
}
