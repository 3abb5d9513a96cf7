import type { ServerFacts } from '../model/connection.ts';
import { type Problem, problemsError, SyncError } from '../model/errors.ts';
import type { Proposal } from '../model/proposal.ts';
import type { Secret } from '../model/secret.ts';
import type { Suggestion } from '../model/suggestion.ts';
import { type Relation, relationText } from '../model/table.ts';
import type { Catalogs, ConnectionPair, LookingDatabase, Suggester } from '../ports.ts';
import { proposeMapping } from '../transformer/propose/propose.ts';
import type { Shape } from '../transformer/propose/shapes.ts';
import { type Asked, askModel, withoutColumns } from './ask-model.ts';
import type { Patience } from './connections.ts';
import { type BothLooks, lookAtBoth } from './look-at-both.ts';
import { postgisOf } from './mapped-tables.ts';
import { findingOf, mappingProblems } from './mapping-problems.ts';
import { type MappingPorts, storeDraft } from './mappings.ts';
import { previewOf } from './preview-mapping.ts';
import { shapesOfValues } from './value-shapes.ts';

export interface SuggestRequest {
  /** Under which the draft is stored. */
  readonly name: string;
  readonly pair: ConnectionPair;
  /** Tables of the target (schema.table) that are asked for; absent: all. */
  readonly tables?: readonly string[];
  readonly mask: boolean;
  /** Whether values may be looked at, for what they look like. */
  readonly samples: boolean;
  readonly previewRows: number;
  /** Whether a model is asked where there is one. */
  readonly model: boolean;
  readonly actor: string;
  readonly note?: string;
}

export interface SuggestPorts extends MappingPorts {
  readonly catalogs: Catalogs;
  /** Absent: this deployment has no model. */
  readonly suggester?: Suggester;
  /** A key that is thrown away, for masks in a preview. */
  readonly freshKey: () => Secret;
  readonly patience?: Patience;
}

/** The gateway gives up after 30 s, and a model takes half of them. */
export const SUGGEST_TIMEOUT_MS = 5_000;
/** Catalogs that are read and held at once. */
const MOST_TABLES = 500;
const MOST_COLUMNS = 8_000;
/** Some 4 s of one core: 200 tables of 16 columns on either side (docs/suggestions.md). */
const MOST_CELLS = 320_000;

/**
 * Proposes a mapping for a pair of databases and stores it as a draft. Reads catalogs, and values only where the request allows
 * it or for the preview, which no model sees; writes nothing to either database.
 *
 * Throws `suggestion_too_large`, `suggestion_empty`, and what connecting throws.
 */
export async function suggestMapping(request: SuggestRequest, ports: SuggestPorts): Promise<Suggestion> {
  const { suggester, freshKey } = ports;
  const as = { name: 'suggest', statementTimeoutMs: SUGGEST_TIMEOUT_MS, maskKey: freshKey() };
  const ends = await lookAtBoth(request.pair, as, ports, (looks) => readEnds(looks, request));
  // nobody's connection waits for a model
  const asked = await propose(request, ends, suggester);
  const { proposal, preview } = await lookAtBoth(request.pair, as, ports, async (looks) => {
    const { proposal, tables } = await checked(asked, ends, looks);
    const sources = ends.source.tables;
    return { proposal, preview: await previewOf(proposal.tables, tables, sources, looks.source, request.previewRows) };
  });
  if (proposal.tables.length === 0)
    throw new SyncError('suggestion_empty', 'no table of the target looks like one of the source');
  const { name, actor, note } = request;
  const draft = await storeDraft(
    {
      name,
      mapping: proposal.mapping,
      checks: proposal.findings,
      origin: proposal.proposer,
      author: actor,
      ...(note !== undefined && { note }),
    },
    ports,
  );
  const model = proposal.proposer === 'model' ? (suggester?.model ?? null) : null;
  return { ...proposal, name, version: draft.version, state: 'draft', model, preview: [...preview] };
}

interface End {
  readonly facts: ServerFacts;
  readonly tables: readonly Relation[];
  /** What values look like, where they may be looked at. */
  readonly shapes?: ReadonlyMap<string, ReadonlyMap<string, Shape>>;
}
type Ends = { readonly source: End; readonly target: End };

async function readEnds({ source, target }: BothLooks, { tables, samples }: SuggestRequest): Promise<Ends> {
  const [s, t, sources, targets] = await Promise.all([
    source.facts(),
    target.facts(),
    source.introspect(),
    target.introspect(),
  ]);
  const problems = (tables ?? [])
    .filter((name) => !targets.some((r) => relationText(r) === name))
    .map(
      (name): Problem => ({
        code: 'table_not_found',
        side: 'target',
        object: name,
        field: '/tables',
        message: `The target has no table ${name}.`,
      }),
    );
  if (problems.length > 0) throw problemsError(problems);
  const ordinary = targets.filter((r) => ['r', 'p'].includes(r.kind)); // rows cannot be written to any other
  const wanted = tables ? ordinary.filter((r) => tables.includes(relationText(r))) : ordinary;
  for (const [side, all] of [
    ['source', sources],
    ['target', wanted],
  ] as const) {
    const columns = all.flatMap((r) => r.columns).length;
    if (all.length > MOST_TABLES || columns > MOST_COLUMNS)
      throw new SyncError(
        'suggestion_too_large',
        `the ${side} has ${all.length} tables with ${columns} columns; ${MOST_TABLES} and ${MOST_COLUMNS} are looked at`,
      );
  }
  const shapes = async (tables: readonly Relation[], database: LookingDatabase) =>
    samples ? { shapes: await shapesOfValues(tables, database) } : {};
  return {
    source: { facts: s, tables: sources, ...(await shapes(sources, source)) },
    target: { facts: t, tables: wanted, ...(await shapes(wanted, target)) },
  };
}

async function propose(request: SuggestRequest, ends: Ends, suggester: Suggester | undefined): Promise<Asked> {
  const rules = proposeMapping(ends.source, ends.target, { mask: request.mask, mostCells: MOST_CELLS });
  if (!request.model || !suggester) return { proposal: rules, byModel: new Set() };
  return askModel(rules, suggester, contextOf(ends, request.mask));
}

const contextOf = ({ source, target }: Ends, mask: boolean) => ({
  source: source.tables,
  target: target.tables,
  mask,
  serverVersion: Math.min(source.facts.version_num, target.facts.version_num),
  ...postgisOf(source.tables),
});

/** No field of a JSON object that a schema reads can have this name; a column that has it is left alone. */
const NO_NAME = '__proto__';

const isProposed = (column: string, { tables }: Proposal) =>
  tables.some((t) => t.columns.some((c) => `${t.table}.${c.column}` === column));

/** The proposal with what a start would say of it. What the model added and no job could run with is taken out again. */
async function checked(asked: Asked, ends: Ends, looks: BothLooks) {
  const first = await mappingProblems(asked.proposal.mapping, ends, looks);
  const wrong = new Set([
    ...first.problems.flatMap(({ object }) => (object && asked.byModel.has(object) ? [object] : [])),
    ...asked.proposal.tables.map((t) => `${t.table}.${NO_NAME}`).filter((c) => isProposed(c, asked.proposal)),
  ]);
  const proposal =
    wrong.size > 0
      ? withoutColumns(asked, wrong, { source: ends.source.tables, target: ends.target.tables }).proposal
      : asked.proposal;
  const { problems, tables } = wrong.size > 0 ? await mappingProblems(proposal.mapping, ends, looks) : first;
  const names = proposal.tables.map((t) => t.table);
  const known = new Set(proposal.findings.map((f) => `${f.code} ${f.table}.${f.column ?? ''}`));
  const more = problems
    .map((p) => findingOf(p, names))
    .filter((f) => !known.has(`${f.code} ${f.table}.${f.column ?? ''}`));
  return { proposal: { ...proposal, findings: [...more, ...proposal.findings] }, tables };
}
