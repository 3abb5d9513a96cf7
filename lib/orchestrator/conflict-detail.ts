import { previewOf } from '../conflict-resolver/preview.ts';
import { suggest } from '../conflict-resolver/suggest.ts';
import type { Conflict, ConflictImages } from '../model/conflict.ts';
import type { ConflictDetail, ConflictField, ConflictView, ShapesView } from '../model/conflict-answers.ts';

/** What a detail is made of besides the conflict and its rows. */
export interface DetailOptions {
  /** Tags of columns, by column; whoever may decide sees the values. */
  readonly masks: Readonly<Record<string, string>>;
  readonly seesMasked: boolean;
  /** Columns that may say when a row was last changed; the first that the table has is taken. */
  readonly clocks: readonly string[];
  /** Of geometry columns. */
  readonly shapes?: ReadonlyMap<string, ShapesView>;
  /** Of enum columns. */
  readonly labels?: ReadonlyMap<string, readonly string[]>;
}

/** Characters of a value that are shown, and of all values together: an answer must stay below 6 MB. */
const SHOWN = 65_536;
const SHOWN_IN_ALL = 3_000_000;
const SHOWN_OF_MANY = 1_024;

/** A stored conflict as a list shows it. */
export function viewOf({ version, pair, prints, ...rest }: Conflict): ConflictView {
  const { decision, ...plain } = rest;
  return JSON.parse(
    JSON.stringify({
      ...plain,
      expected: { source: prints.source, target: prints.target },
      ...(decision && { decision }),
    }),
  ) as ConflictView; // a Conflict of plain values; only readonly is lost
}

type Values = { readonly source?: string | null; readonly target?: string | null; readonly base?: string | null };

function valuesAt(images: ConflictImages, i: number): Values {
  const at = (side: 'source' | 'target' | 'base') => {
    const values = images[side]?.values;
    return values && { [side]: values[i] ?? null };
  };
  return { ...at('source'), ...at('target'), ...at('base') };
}

function changedBy({ source, target, base }: Values): ConflictField['changed_by'] {
  if (base === undefined || source === undefined || target === undefined) return undefined;
  if (source !== base && target !== base) return 'both';
  return source !== base ? 'source' : target !== base ? 'target' : undefined;
}

function shortened(values: Values, most: number) {
  const cut = (v: string | null) => (v !== null && v.length > most ? `${v.slice(0, most)}…` : v);
  const shown = Object.fromEntries(Object.entries(values).map(([side, v]) => [side, cut(v)]));
  const long = Object.values(values).some((v) => typeof v === 'string' && v.length > most);
  return { ...shown, ...(long && { shortened: true }) };
}

function masked(column: string, values: Values, masks: DetailOptions['masks']) {
  const [sides] = previewOf([{ column, source: values.source ?? null, target: values.target ?? null }], masks);
  const [base] = previewOf([{ column, source: values.base ?? null, target: null }], masks);
  return {
    ...(values.source !== undefined && { source: sides?.source ?? null }),
    ...(values.target !== undefined && { target: sides?.target ?? null }),
    ...(values.base !== undefined && { base: base?.source ?? null }),
    masked: true,
  };
}

function fieldsOf(images: ConflictImages, options: DetailOptions): readonly ConflictField[] {
  const all = images.columns.map((_, i) => valuesAt(images, i));
  const sum = all.flatMap((v) => Object.values(v)).reduce((n, v) => n + Math.min(v?.length ?? 0, SHOWN), 0);
  const most = sum > SHOWN_IN_ALL ? SHOWN_OF_MANY : SHOWN;
  const fields = images.columns.map(({ name, type, base }, i): ConflictField => {
    const values = all[i] ?? {};
    const hidden = options.masks[name] !== undefined && !options.seesMasked;
    const by = changedBy(values);
    const shapes = hidden ? undefined : options.shapes?.get(name);
    const labels = options.labels?.get(name);
    return {
      column: name,
      type,
      ...(base?.schema === 'pg_catalog' && { base_type: base.name }),
      ...(labels && { labels: [...labels] }),
      differs: images.changed.includes(name),
      ...(hidden ? masked(name, values, options.masks) : shortened(values, most)),
      ...(by && { changed_by: by }),
      ...(shapes && { shapes }),
    };
  });
  return [...fields.filter((f) => f.differs), ...fields.filter((f) => !f.differs)];
}

/** ISO-like text of PostgreSQL instants of one session sorts by time where both have the same form. */
function laterOf(clocks: ConflictDetail['clocks']): 'source' | 'target' | undefined {
  if (!clocks || clocks.source === null || clocks.target === null) return undefined;
  const [s, t] = [Date.parse(clocks.source), Date.parse(clocks.target)];
  if (Number.isNaN(s) || Number.isNaN(t) || s === t) return undefined;
  return s > t ? 'source' : 'target';
}

function clocksOf(images: ConflictImages, options: DetailOptions): ConflictDetail['clocks'] {
  const name = options.clocks.find((c) => images.columns.some((column) => column.name === c));
  const i = images.columns.findIndex((c) => c.name === name);
  if (name === undefined || !/^(pg_catalog\.)?(timestamp|date)/.test(images.columns[i]?.type ?? '')) return undefined;
  if (options.masks[name] !== undefined && !options.seesMasked) return undefined;
  const at = (side: 'source' | 'target') => images[side]?.values[i] ?? null;
  return { column: name, source: at('source'), target: at('target') };
}

/**
 * A conflict with both rows, differing columns first, and a suggestion. `expected` is that of the rows shown. Without rows
 * (it is closed, and they cannot be read any more) it is what the store knows. Pure.
 */
export function detailOf(
  conflict: Conflict,
  images: ConflictImages | undefined,
  options: DetailOptions,
): ConflictDetail {
  const closed = { reason: `The conflict is ${conflict.state}: there is nothing to decide.` };
  if (!images) {
    const sides = { source: 'unknown', target: 'unknown', base: 'unknown' } as const;
    return { ...viewOf(conflict), sides, fields: [], suggestion: closed };
  }
  const fields = fieldsOf(images, options);
  const clocks = clocksOf(images, options);
  const decidable = conflict.state === 'open';
  return {
    ...viewOf(conflict),
    expected: { source: images.source?.fingerprint ?? null, target: images.target?.fingerprint ?? null },
    changed: [...images.changed],
    sides: {
      source: images.source ? 'row' : 'none',
      target: images.target ? 'row' : 'none',
      base: images.base ? 'row' : 'unknown',
    },
    fields: [...fields],
    ...(clocks && { clocks }),
    suggestion: decidable ? { ...suggestionOf(conflict, { images, fields, later: laterOf(clocks) }) } : closed,
  };
}

function suggestionOf(
  { type }: Conflict,
  seen: {
    readonly images: ConflictImages;
    readonly fields: readonly ConflictField[];
    readonly later: 'source' | 'target' | undefined;
  },
): ConflictDetail['suggestion'] {
  const differing = seen.fields.filter((f) => f.differs).map((f) => ({ column: f.column, changedBy: f.changed_by }));
  const { images, later } = seen;
  const suggestion = suggest({ type, source: !!images.source, target: !!images.target, differing, later });
  return JSON.parse(JSON.stringify(suggestion)) as ConflictDetail['suggestion']; // only readonly is lost
}
