import { conversion } from '../../data-types/lattice.ts';
import type { ColumnSource, Mapping } from '../../model/mapping.ts';
import type { Proposal, ProposalFinding, ProposedColumn, ProposedTable } from '../../model/proposal.ts';
import type { Column } from '../../model/table.ts';
import { type CatalogTable, viewOf } from './column-score.ts';
import { type ComputedMatch, geometryStep, joinedNames, leftOver } from './computed.ts';
import { type ColumnMatch, matchTables, type TableMatch } from './match.ts';
import { maskFor, personalKind } from './personal.ts';
import type { Shape } from './shapes.ts';

/** One side as the proposer sees it. `shapes`: by table (schema.table) and column, where values may be looked at. */
export interface ProposerSide {
  readonly tables: readonly CatalogTable[];
  readonly shapes?: ReadonlyMap<string, ReadonlyMap<string, Shape>>;
}

export interface ProposerOptions {
  /** Whether columns that seem to hold personal data are masked, or only marked. */
  readonly mask: boolean;
  /** How many pairs of columns are compared at most: some 13 µs each; more is `suggestion_too_large`. */
  readonly mostCells?: number;
}

/**
 * A draft mapping between two catalogs, by names, types, keys, references, positions and, where allowed, the shapes of values.
 * The same catalogs give the same draft. Cost: each target table is compared with at most six source tables, cell by cell.
 */
export function proposeMapping(source: ProposerSide, target: ProposerSide, options: ProposerOptions): Proposal {
  const views = ({ tables, shapes }: ProposerSide) =>
    tables.map((t) => viewOf(t, shapes?.get(`${t.schema}.${t.name}`)));
  const [sources, targets] = [views(source), views(target)];
  const matches = matchTables(sources, targets, options.mostCells);
  const drafts = matches.map((match) => draftOf(match, options));
  const used = new Set(matches.map((m) => m.source.text));
  const filled = new Set(matches.map((m) => m.target.text));
  return {
    mapping: mappingOf(drafts.map((d) => d.table)),
    tables: drafts.map((d) => d.table),
    unmatched_tables: {
      source: sources.filter((s) => !used.has(s.text)).map((s) => s.text),
      target: targets.filter((t) => !filled.has(t.text)).map((t) => t.text),
    },
    findings: drafts.flatMap((d) => d.findings),
    proposer: 'rules',
    notes: [],
  };
}

/** The mapping that proposed tables stand for. Nothing happens to a column that nobody named. */
export function mappingOf(tables: readonly ProposedTable[]): Mapping {
  return Object.fromEntries(
    tables.map(({ table, from, columns }) => [
      table,
      { from, columns: Object.fromEntries(columns.map((c) => [c.column, c.source])), unnamed: 'omit' as const },
    ]),
  );
}

interface Draft {
  readonly table: ProposedTable;
  readonly findings: readonly ProposalFinding[];
}

function draftOf(match: TableMatch, options: ProposerOptions): Draft {
  const computed = joinedNames(match);
  const rest = leftOver(match, computed);
  const columns = [
    ...match.columns.map((column) => columnDraft(column, match, options)),
    ...computed.map((column) => computedDraft(column, match, options)),
  ];
  const order = new Map(match.target.columns.map((c, i) => [c.column.name, i]));
  columns.sort((a, b) => (order.get(a.column) ?? 0) - (order.get(b.column) ?? 0));
  const table: ProposedTable = {
    table: match.target.text,
    from: match.source.text,
    confidence: rounded(match.confidence),
    reasons: [...match.reasons],
    columns,
    unmatched_target: rest.target.map((c) => c.name),
    unmatched_source: rest.source.map((c) => c.name),
  };
  return { table, findings: findingsOf(table, rest.target) };
}

const rounded = (n: number) => Math.round(n * 100) / 100;

function columnDraft(
  { source, target, confidence, reasons }: ColumnMatch,
  match: TableMatch,
  { mask }: ProposerOptions,
): ProposedColumn {
  const personal = personalKind(source, match.source) ?? personalKind(target, match.target);
  const name = source.column.name;
  const unique = target.role !== undefined;
  const step: ColumnSource =
    personal && mask
      ? { column: name, mask: maskFor(personal, unique) }
      : (geometryStep(source.column, target.column) ?? name);
  const how = conversion(source.column, target.column);
  return {
    column: target.column.name,
    from: [name],
    source: step,
    confidence: rounded(confidence),
    reasons: [...reasons],
    conversion: how === 'incompatible' ? 'computed' : how,
    ...(personal && { personal }),
  };
}

/** A name that is masked needs no second part: what stands for the last name stands for the whole. */
function computedDraft(
  { target, from, expression, confidence, reasons }: ComputedMatch,
  match: TableMatch,
  { mask }: ProposerOptions,
): ProposedColumn {
  const personal = personalKind(target, match.target) ?? 'full_name';
  const last = from.at(-1)?.name ?? '';
  const masked: ColumnSource = { column: last, mask: maskFor(personal, target.role !== undefined) };
  return {
    column: target.column.name,
    from: from.map((c) => c.name),
    source: mask ? masked : { expression },
    confidence,
    reasons: [...reasons],
    conversion: 'computed',
    personal,
  };
}

/** What keeps the draft from running, and what somebody should look at. */
export function findingsOf(table: ProposedTable, unmatched: readonly Column[]): readonly ProposalFinding[] {
  const missing = unmatched
    .filter((c) => c.notNull && !c.hasDefault && !c.generated && c.identity === '')
    .map((c) => ({
      code: 'target_column_unmapped',
      severity: 'error' as const,
      table: table.table,
      column: c.name,
      message: `${c.name} must have a value (${c.declared}, not null, no default), and nothing of ${table.from} fits it`,
      remedy: 'Name a source column, a constant or an expression for it, or give it a default in the target.',
    }));
  const lossy = table.columns
    .filter((c) => c.conversion === 'lossy')
    .map((c) => ({
      code: 'type_lossy',
      severity: 'warning' as const,
      table: table.table,
      column: c.column,
      message: `${c.from.join(', ')} may lose something on the way into ${c.column}`,
      remedy: 'Widen the column of the target, or start the job with allow_lossy.',
    }));
  const unsure = table.columns
    .filter((c) => c.confidence < 0.7)
    .map((c) => ({
      code: 'low_confidence',
      severity: 'info' as const,
      table: table.table,
      column: c.column,
      message: `${c.from.join(', ')} is only a guess for ${c.column}`,
      remedy: 'Look at both columns before this is approved.',
    }));
  return [...missing, ...lossy, ...unsure];
}
