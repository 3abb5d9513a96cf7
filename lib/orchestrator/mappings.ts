import { canonicalJson } from '../audit/canonical-json.ts';
import { SyncError } from '../model/errors.ts';
import type { Mapping } from '../model/mapping.ts';
import { inForce, mappingState } from '../model/mapping-state.ts';
import type { MappingChange, MappingSummary, MappingVersion, MappingView } from '../model/stored-mapping.ts';
import type { Clock, MappingStore } from '../ports.ts';
import { mappingHash, notFound } from './approved-mappings.ts';

export type DraftRequest = Pick<MappingVersion, 'name' | 'mapping' | 'checks' | 'origin' | 'author' | 'note'> & {
  /** The newest version that the author has seen, 0 for none; absent: whatever it is. */
  readonly expectedVersion?: number;
};

export interface MappingPorts {
  readonly mappings: MappingStore;
  readonly clock: Clock;
}

/** An item of DynamoDB holds 400 KB; findings and names take their part. */
const MOST_BYTES = 300_000;
const MOST_CHECKS = 200;
/** Lost races in a row: each means that somebody else stored a version. */
const TRIES = 10;

/** Stores a new version. Throws `mapping_changed` where there is another newest version than expected. */
export async function storeDraft(request: DraftRequest, { mappings, clock }: MappingPorts): Promise<MappingVersion> {
  const { expectedVersion, note, ...content } = request;
  if (Buffer.byteLength(canonicalJson(content.mapping)) > MOST_BYTES)
    throw new SyncError('mapping_too_large', `the mapping is larger than ${MOST_BYTES} bytes`);
  for (let lost = 0; lost < TRIES; lost++) {
    const latest = await mappings.latest(request.name);
    if (expectedVersion !== undefined && expectedVersion !== latest)
      throw changed(request.name, expectedVersion, latest);
    const version: MappingVersion = {
      ...content,
      checks: content.checks.slice(0, MOST_CHECKS),
      ...(note !== undefined && { note }),
      version: latest + 1,
      created_at: clock().toISOString(),
      hash: mappingHash(request.mapping),
    };
    if (await mappings.put(version)) return version;
  }
  throw new SyncError('unavailable', 'too many versions of this mapping are stored at once');
}

const changed = (name: string, expected: number, found: number) =>
  new SyncError('mapping_changed', `expected version ${expected} of ${name} to be the newest, found ${found}`, {
    facts: { latest: found },
  });

/** Forgets the content of a draft; its number is not used again. Throws `mapping_not_found`, `mapping_approved`. */
export async function discardDraft(
  { name, version, actor }: { readonly name: string; readonly version: number; readonly actor: string },
  { mappings, clock }: MappingPorts,
): Promise<void> {
  if (!(await mappings.get(name, version))) throw notFound(name, version);
  if (await mappings.discard(name, version, { by: actor, at: clock().toISOString() })) return;
  throw new SyncError('mapping_approved', `version ${version} of ${name} is or was approved`);
}

/** A version as people see it, the newest that is left where none is named: with its state, and what it changes. */
export async function describeMapping(
  name: string,
  version: number | undefined,
  { mappings }: Pick<MappingPorts, 'mappings'>,
): Promise<MappingView> {
  const latest = await mappings.latest(name);
  const [found, approvals] = await Promise.all([
    version === undefined ? newest(name, latest, mappings) : mappings.get(name, version),
    mappings.approvals(name),
  ]);
  if (!found) throw notFound(name, version);
  const current = inForce(approvals)?.version;
  const base = current !== undefined && current !== found.version ? await mappings.get(name, current) : undefined;
  return {
    ...found,
    state: mappingState(found.version, approvals),
    latest,
    approved: current ?? null,
    approvals: [...approvals.approvals],
    compared_with: base?.version ?? null,
    diff: base ? [...mappingDiff(base.mapping, found.mapping)] : [],
  };
}

async function newest(name: string, latest: number, mappings: MappingStore): Promise<MappingVersion | undefined> {
  for (let version = latest; version > 0; version--) {
    const found = await mappings.get(name, version);
    if (found) return found;
  }
  return undefined;
}

export interface MappingPage {
  readonly mappings: readonly MappingSummary[];
  /** Name of the last one, where there are more. */
  readonly last?: string;
}

/** In name order, behind `after`. */
export async function listMappings(
  { after = '', limit = 500 }: { readonly after?: string; readonly limit?: number },
  { mappings }: Pick<MappingPorts, 'mappings'>,
): Promise<MappingPage> {
  const heads = (await mappings.names()).filter((head) => head.name > after);
  const shown = heads.slice(0, limit);
  const summaries = shown.map(async (head) => ({
    ...head,
    approved: inForce(await mappings.approvals(head.name))?.version ?? null,
  }));
  const last = heads.length > limit ? shown.at(-1)?.name : undefined;
  return { mappings: await Promise.all(summaries), ...(last !== undefined && { last }) };
}

/** What is otherwise in `after`: tables first, then columns, each in name order. Pure. */
export function mappingDiff(before: Mapping, after: Mapping): readonly MappingChange[] {
  const names = (a: object, b: object) => [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  const own = <T>(record: Readonly<Record<string, T>>, key: string) =>
    Object.hasOwn(record, key) ? record[key] : undefined;
  const differ = (a: unknown, b: unknown) => canonicalJson(a ?? null) !== canonicalJson(b ?? null);
  return names(before, after).flatMap((table): MappingChange[] => {
    const [a, b] = [own(before, table), own(after, table)];
    const head = (t: typeof a) => t && { from: t.from, unnamed: t.unnamed };
    const own_ = differ(head(a), head(b)) ? [{ table, before: head(a) ?? null, after: head(b) ?? null }] : [];
    const columns = names(a?.columns ?? {}, b?.columns ?? {}).flatMap((column): MappingChange[] => {
      const [x, y] = [own(a?.columns ?? {}, column), own(b?.columns ?? {}, column)];
      return differ(x, y) ? [{ table, column, before: x ?? null, after: y ?? null }] : [];
    });
    return [...own_, ...columns];
  });
}
