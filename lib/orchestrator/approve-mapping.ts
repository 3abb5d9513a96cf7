import { tellOnce } from '../audit/tell-once.ts';
import { SyncError } from '../model/errors.ts';
import { inForce, type MappingApprovals } from '../model/mapping-state.ts';
import type { MappingApproval, MappingVersion, MappingView } from '../model/stored-mapping.ts';
import type { AuditLog } from '../ports.ts';
import { notFound } from './approved-mappings.ts';
import { describeMapping, type MappingPorts } from './mappings.ts';

/** What was said of a name by somebody who may: the version that jobs use from now on, or that they use none. */
interface Said {
  readonly name: string;
  /** The approved version that the caller has seen, 0 for none; absent: whatever it is. */
  readonly replaces?: number;
  /** A person, by their token. */
  readonly actor: string;
  readonly note?: string;
}

export interface ApproveRequest extends Said {
  readonly version: number;
}

type Ports = MappingPorts & { readonly audit: AuditLog };

/**
 * Makes a version the one that jobs use. The same again changes nothing. Throws `mapping_not_found`, `mapping_changed`.
 *
 * First the version is sealed, so that it cannot be discarded any more; then one conditional write names it; then the event
 * is told. A caller that dies in between and tries again does the rest.
 */
export async function approveMapping(request: ApproveRequest, ports: Ports): Promise<MappingView> {
  const { mappings } = ports;
  const { name, version } = request;
  const found = await mappings.get(name, version);
  if (!found || !(await mappings.seal(name, version))) throw notFound(name, version);
  await say(request, version, found, ports);
  return describeMapping(name, version, ports);
}

/** No job may use the name any more, until a version of it is approved again. Jobs that run keep what they have. */
export async function retireMapping(request: Said, ports: Ports): Promise<MappingView> {
  if ((await ports.mappings.latest(request.name)) === 0) throw notFound(request.name);
  await say(request, 0, undefined, ports);
  return describeMapping(request.name, undefined, ports);
}

/** `version` 0: none. What is so already is told again only where nobody was told of it. */
async function say(request: Said, version: number, found: MappingVersion | undefined, ports: Ports): Promise<void> {
  const { mappings, clock } = ports;
  const { name, replaces, actor, note } = request;
  const before = await mappings.approvals(name);
  const current = inForce(before)?.version ?? 0;
  if (current === version) return tell(name, before, found, ports);
  if (replaces !== undefined && replaces !== current) throw replaced(name, replaces, current);
  const approval: MappingApproval = {
    version,
    hash: found?.hash ?? '',
    by: actor,
    at: clock().toISOString(),
    ...(note !== undefined && { note }),
  };
  const after = { rev: before.rev + 1, approvals: [...before.approvals, approval] };
  if (!(await mappings.approve(name, after)))
    throw new SyncError('mapping_changed', `somebody else has decided about ${name} at the same time`);
  await tell(name, after, found, ports);
}

const inWords = (version: number) => (version === 0 ? 'no version' : `version ${version}`);

const replaced = (name: string, expected: number, found: number) =>
  new SyncError('mapping_changed', `expected ${inWords(expected)} of ${name} to be in force, found ${inWords(found)}`);

/** The trail of a name: its approvals. The event has the number of its approval, so that it is told once. */
async function tell(
  name: string,
  { rev, approvals }: MappingApprovals,
  found: MappingVersion | undefined,
  { audit }: Ports,
): Promise<void> {
  const approval = approvals.at(-1);
  if (!approval) return;
  const before = inForce({ approvals: approvals.slice(0, -1) });
  const { version, hash, by, at } = approval;
  const replaces = before && { replaces: before.version };
  const event = { job_id: `mapping#${name}`, stream: `approved/${rev}`, seq: 1, at, actor: by };
  await tellOnce(
    audit,
    found
      ? {
          ...event,
          type: 'mapping.approved',
          data: { name, version, hash, origin: found.origin, author: found.author, ...replaces },
        }
      : { ...event, type: 'mapping.retired', data: { name, ...replaces } },
  );
}
