import type { Side } from '../model/connection.ts';
import type { Drift, ShapeColumn, ShapePair, ShapePart, TableShape } from '../model/table-shape.ts';

/** A column in one line, as people compare it. */
export function columnText(c: ShapeColumn): string {
  return [
    c.declared,
    c.collation && `collate ${c.collation}`,
    c.not_null && 'not null',
    c.identity && `generated ${c.identity} as identity`,
    c.default && (c.generated ? `generated as (${c.default})` : `default ${c.default}`),
    c.labels && `labels ${c.labels.join(', ')}`,
    c.domain && c.domain.length > 0 && `domain ${c.domain.join(', ')}`,
  ]
    .filter(Boolean)
    .join(' ');
}

interface Entry {
  readonly kind: Drift['kind'];
  readonly name: string;
  readonly text: string;
}

const entriesOf = ({ columns, parts }: TableShape): readonly Entry[] => [
  ...columns.map((c) => ({ kind: 'column' as const, name: c.name, text: columnText(c) })),
  ...parts.map(({ kind, name, definition }: ShapePart) => ({ kind, name, text: definition })),
];

function driftOf(side: Side, before: TableShape, after: TableShape): readonly Drift[] {
  const idOf = ({ kind, name }: Entry) => JSON.stringify([kind, name]);
  const then = new Map(entriesOf(before).map((e) => [idOf(e), e]));
  const now = new Map(entriesOf(after).map((e) => [idOf(e), e]));
  const gone = [...then].filter(([id]) => !now.has(id)).map(([, e]) => e);
  const there = [...now].flatMap(([id, { kind, name, text }]): Drift[] => {
    const old = then.get(id);
    if (!old) return [{ side, change: 'added', kind, name, after: text }];
    return old.text === text ? [] : [{ side, change: 'changed', kind, name, before: old.text, after: text }];
  });
  return [
    ...gone.map(({ kind, name, text }) => ({ side, change: 'removed' as const, kind, name, before: text })),
    ...there,
  ];
}

/** What either side has changed: what is gone first, then what is new or other, each in the catalog's order. Pure. */
export function shapeDrift(before: ShapePair, after: ShapePair): readonly Drift[] {
  return (['source', 'target'] as const).flatMap((side) => driftOf(side, before[side], after[side]));
}
