import { createHash } from 'node:crypto';
import { canonicalJson } from '../audit/canonical-json.ts';
import { append } from '../audit/trail.ts';
import { SyncError } from '../model/errors.ts';
import { type Mapping, mapping as mappingSchema } from '../model/mapping.ts';
import {
  type MappingApproval,
  type MappingApprovals,
  type MappingChange,
  type MappingSummary,
  type MappingVersion,
  type MappingView,
  mappingState,
} from '../model/stored-mapping.ts';
import type { ApprovedMappings, AuditLog, Clock, MappingStore } from '../ports.ts';

/** What an approval stands for: the mapping itself, whatever was noted beside it. */
export function mappingHash(mapping: Mapping): string {
  return createHash('sha256').update(canonicalJson(mapping)).digest('hex');
}

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

const notFound = (name: string, version?: number) =>
  new SyncError(
    'mapping_not_found',
    version === undefined ? `there is no mapping ${name}` : `there is no version ${version} of ${name}`,
  );

export interface ApproveRequest {
  readonly name: string;
  readonly version: number;
  /** The approved version that the approver has seen, 0 for none; absent: whatever it is. */
  readonly replaces?: number;
  /** A person, by their token. */
  readonly actor: string;
  readonly note?: string;
}

/**
 * Makes a version the one that jobs use. The same again changes nothing. Throws `mapping_not_found`, `mapping_changed`.
 *
 * First the version is sealed, so that it cannot be discarded any more; then one conditional write names it; then the event
 * is told. A caller that dies in between and tries again does the rest.
 */
export async function approveMapping(
  request: ApproveRequest,
  ports: MappingPorts & { readonly audit: AuditLog },
): Promise<MappingView> {
  const { mappings, clock } = ports;
  const { name, version, replaces, actor, note } = request;
  const found = await mappings.get(name, version);
  if (!found || !(await mappings.seal(name, version))) throw notFound(name, version);
  const before = await mappings.approvals(name);
  const current = before.approvals.at(-1);
  if (current?.version !== version) {
    if (replaces !== undefined && replaces !== (current?.version ?? 0)) throw replaced(name, replaces, current);
    const approval: MappingApproval = {
      version,
      hash: found.hash,
      by: actor,
      at: clock().toISOString(),
      ...(note !== undefined && { note }),
    };
    const after = { rev: before.rev + 1, approvals: [...before.approvals, approval] };
    if (!(await mappings.approve(name, after))) throw replaced(name, current?.version ?? 0, undefined);
    await tell(name, after, current, ports.audit);
  } else await tell(name, before, before.approvals.at(-2), ports.audit);
  return describeMapping(name, version, ports);
}

const replaced = (name: string, expected: number, current: MappingApproval | undefined) =>
  new SyncError(
    'mapping_changed',
    current
      ? `expected version ${expected} of ${name} to be in force, found ${current.version}`
      : `somebody else has approved another version of ${name}`,
  );

/** The trail of a name: its approvals. The event has the number of its approval, so that it is told once. */
async function tell(
  name: string,
  { rev, approvals }: MappingApprovals,
  before: MappingApproval | undefined,
  audit: AuditLog,
): Promise<void> {
  const approval = approvals.at(-1);
  if (!approval) return;
  const trail = `mapping#${name}`;
  const stream = `approved/${rev}`;
  if (await isTold(audit, trail, `${stream}#1`)) return;
  const { version, hash, by, at } = approval;
  const data = { name, version, hash, ...(before && { replaces: before.version }) };
  await append(audit, trail, [{ job_id: trail, stream, seq: 1, type: 'mapping.approved', at, actor: by, data }]);
}

async function isTold(audit: AuditLog, trail: string, id: string): Promise<boolean> {
  for (let after = 0; ; ) {
    const { blocks, more } = await audit.blocks(trail, after);
    if (blocks.some((b) => (b.records ?? []).some((r) => r.id === id))) return true;
    const last = blocks.at(-1);
    if (!more || !last) return false;
    after = last.first + last.events - 1;
  }
}

/** Forgets the content of a draft; its number is not used again. Throws `mapping_not_found`, `mapping_approved`. */
export async function discardDraft(
  { name, version, actor }: { readonly name: string; readonly version: number; readonly actor: string },
  { mappings, clock }: MappingPorts,
): Promise<void> {
  if (!(await mappings.get(name, version))) throw notFound(name, version);
  if (await mappings.discard(name, version, { by: actor, at: clock().toISOString() })) return;
  throw new SyncError('mapping_approved', `version ${version} of ${name} is or was approved`);
}

/** A version as people see it: with its state, and what it changes against the approved one. */
export async function describeMapping(
  name: string,
  version: number | undefined,
  { mappings }: Pick<MappingPorts, 'mappings'>,
): Promise<MappingView> {
  const latest = await mappings.latest(name);
  const wanted = version ?? latest;
  const [found, approvals] = await Promise.all([mappings.get(name, wanted), mappings.approvals(name)]);
  if (!found) throw notFound(name, version);
  const state = mappingState(wanted, approvals);
  const inForce = approvals.approvals.at(-1)?.version;
  const base = inForce !== undefined && inForce !== wanted ? await mappings.get(name, inForce) : undefined;
  return {
    ...found,
    state,
    latest,
    approvals: [...approvals.approvals],
    compared_with: base?.version ?? null,
    diff: base ? [...mappingDiff(base.mapping, found.mapping)] : [],
  };
}

export async function listMappings({ mappings }: Pick<MappingPorts, 'mappings'>): Promise<readonly MappingSummary[]> {
  const heads = await mappings.names();
  return Promise.all(
    heads.map(async (head) => ({
      ...head,
      approved: (await mappings.approvals(head.name)).approvals.at(-1)?.version ?? null,
    })),
  );
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

/** What a start may use: the version in force, and only if it is still what was approved. */
export function approvedMappings(mappings: Pick<MappingStore, 'get' | 'approvals'>): ApprovedMappings {
  return {
    approved: async (name, version) => {
      const { approvals } = await mappings.approvals(name);
      const inForce = approvals.at(-1);
      const wanted = version ?? inForce?.version;
      const found = wanted === undefined ? undefined : await mappings.get(name, wanted);
      if (wanted !== undefined && !found) throw notFound(name, wanted);
      if (!found || !inForce || inForce.version !== wanted)
        throw new SyncError(
          'mapping_not_approved',
          inForce
            ? `version ${wanted} of ${name} is not approved; version ${inForce.version} is`
            : `no version of ${name} is approved`,
          { facts: { mapping: name, ...(inForce && { approved: inForce.version }) } },
        );
      if (mappingHash(found.mapping) !== inForce.hash)
        throw new SyncError('mapping_tampered', `version ${wanted} of ${name} is not what was approved`);
      return { name, version: found.version, mapping: mappingSchema.parse(found.mapping) };
    },
  };
}
