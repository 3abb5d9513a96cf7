import { createHash } from 'node:crypto';
import { canonicalJson } from '../audit/canonical-json.ts';
import {
  APPROVAL_HOURS,
  type Approval,
  type ApprovedWork,
  type GivenApproval,
  isOpen,
  type Person,
  type ScheduledWhen,
} from '../model/approval.ts';
import { type JobConfig, writesBoth } from '../model/config.ts';
import { type ConnectionView, connectionView, type ServerIdentity, type Side } from '../model/connection.ts';
import {
  directionProblems,
  type Environment,
  type EnvironmentSides,
  environmentsAt,
  type JobEnvironments,
  type NamedSides,
  protectedOnes,
  sameDatabase,
} from '../model/environment.ts';
import { type Problem, problemsError, SyncError } from '../model/errors.ts';
import type { JobMode } from '../model/job.ts';
import type { ApprovalStore, Clock, EnvironmentStore } from '../ports.ts';

/** What somebody wants to start, or to let start again and again. */
export interface Wanted {
  readonly pair: { readonly [S in Side]: ConnectionView };
  readonly environments?: NamedSides;
  readonly mode?: JobMode;
  readonly config: JobConfig;
  readonly actor: string;
  /** Who asks, told apart from others; absent: nobody whose request could be approved. */
  readonly subject?: string;
  readonly schedule?: ScheduledWhen;
  /** Of what has been approved before: only exactly that is let through without a new approval. */
  readonly approval?: GivenApproval;
}

export interface AdmissionPorts {
  readonly environments: Pick<EnvironmentStore, 'list'>;
  readonly approvals: Pick<ApprovalStore, 'get' | 'put'>;
  readonly clock: Clock;
}

/** Let in. `withdraw`: nothing came of it, so the approval can be used again. */
export interface Admission {
  readonly environments?: JobEnvironments;
  readonly approval?: GivenApproval;
  withdraw(): Promise<void>;
}

type Identities = { readonly [S in Side]: ServerIdentity };

const SIDES = ['source', 'target'] as const;

/** The environments of one side. Throws `environment_moved` where one leads to another database than when it was put. */
function environmentsOf(
  side: Side,
  wanted: Pick<Wanted, 'pair' | 'environments'>,
  identity: ServerIdentity,
  all: readonly Environment[],
) {
  const name = wanted.environments?.[side];
  const found = environmentsAt(wanted.pair[side], identity, all);
  const named = all.filter((e) => e.name === name);
  const ends = [...named, ...found.filter((e) => e.name !== name)];
  const moved = ends.find((e) => !sameDatabase(e.identity, identity));
  if (!moved) return ends;
  const message = `Where the environment ${moved.name} leads there is another database by now.`;
  const field = `/${side}_environment`;
  throw problemsError([{ code: 'environment_moved', side, field, object: moved.name, message }]);
}

const noted = (end: readonly Environment[], asked: string | undefined) =>
  end.length > 0 ? { names: end.map((e) => e.name), asked: asked !== undefined } : undefined;

function jobEnvironments(sides: EnvironmentSides, names: NamedSides = {}): JobEnvironments | undefined {
  const [source, target] = SIDES.map((side) => noted(sides[side], names[side]));
  return source || target ? { ...(source && { source }), ...(target && { target }) } : undefined;
}

/** One text for what is to be done with which databases; another order of fields is the same work. */
export function digestOf(work: ApprovedWork, identities: Identities): string {
  const ends = SIDES.map((side) => {
    const { host, port, database } = work[side]; // not the user: credentials may be put anew
    const { system_identifier, database_oid } = identities[side];
    return { host, port, database, system_identifier, database_oid };
  });
  const { mode, config, schedule } = work;
  return createHash('sha256')
    .update(canonicalJson({ v: 1, mode, config, schedule, ends }))
    .digest('hex');
}

const given = (a: Approval): GivenApproval => ({
  id: a.id,
  digest: a.digest,
  asked_by: a.asked_by.actor,
  approved_by: a.decided_by?.actor ?? '',
  approved_at: a.decided_at ?? '',
});

const required = (approval: Approval) =>
  new SyncError(
    'approval_required',
    `Writing to ${approval.work.protected.join(', ')} needs the approval of a second person.`,
    { facts: { approval_id: approval.id, expires_at: approval.expires_at } },
  );

/** Stores a request where there is none that is open. Throws what keeps the work from being done. */
async function ask(
  work: ApprovedWork,
  { digest, id, by }: { readonly digest: string; readonly id: string; readonly by: Person },
  before: Approval | undefined,
  ports: AdmissionPorts,
): Promise<never> {
  const now = ports.clock();
  const open = before && isOpen(before, now);
  if (open && before.state === 'rejected')
    throw new SyncError('approval_rejected', 'Somebody has said no to exactly this.', {
      facts: { approval_id: id, expires_at: before.expires_at },
    });
  if (open && before.state === 'pending') throw required(before);
  const expires = new Date(now.getTime() + APPROVAL_HOURS * 3_600_000);
  const request: Approval = {
    id,
    state: 'pending',
    digest,
    work,
    asked_by: by,
    asked_at: now.toISOString(),
    expires_at: expires.toISOString(),
    revision: (before?.revision ?? 0) + 1,
  };
  await ports.approvals.put(request); // where somebody else was faster, it was the same person with the same request
  throw required(request);
}

/** What uses of approvals by jobs begin with; a job's id is given once. */
const JOB = 'job:';

const justUsed = (id: string) =>
  new SyncError('approval_decided', 'The approval has just been used.', { facts: { approval_id: id } });

/** Takes an approval that is there, or asks for one and throws. */
async function useApproval(
  work: ApprovedWork,
  digest: string,
  wanted: Wanted,
  usedBy: string,
  ports: AdmissionPorts,
): Promise<Pick<Admission, 'approval' | 'withdraw'>> {
  if (wanted.approval?.digest === digest) return { approval: wanted.approval, withdraw: async () => undefined };
  if (wanted.subject === undefined)
    throw new SyncError('approval_required', `Writing to ${work.protected.join(', ')} needs a new approval.`);
  const by = { actor: wanted.actor, subject: wanted.subject };
  const id = createHash('sha256').update(`${digest}/${by.subject}`).digest('hex').slice(0, 32);
  const found = await ports.approvals.get(id);
  if (found?.state === 'used' && found.used_by === usedBy && usedBy.startsWith(JOB)) {
    // the same start again (a schedule of a name may be another one): written anew, so that the call before does not give it back under this one
    if (!(await ports.approvals.put({ ...found, revision: found.revision + 1 }))) throw justUsed(id);
    return { approval: given(found), withdraw: async () => undefined };
  }
  if (found?.state !== 'approved' || !isOpen(found, ports.clock())) return ask(work, { digest, id, by }, found, ports);
  const used: Approval = { ...found, state: 'used', used_by: usedBy, revision: found.revision + 1 };
  if (!(await ports.approvals.put(used))) throw justUsed(id);
  return {
    approval: given(found),
    withdraw: async () => {
      await ports.approvals.put({ ...found, revision: used.revision + 1 });
    },
  };
}

/** What the environments of both databases say of a start, before anybody is asked. */
export interface Judgement {
  readonly sides: EnvironmentSides;
  readonly problems: readonly Problem[];
  /** Those that a second person must let it write to. */
  readonly guarded: readonly Environment[];
}

/** Pure. Throws `environment_moved`. */
export function judge(
  wanted: Pick<Wanted, 'pair' | 'environments' | 'config'>,
  identities: Identities,
  all: readonly Environment[],
): Judgement {
  const sides: EnvironmentSides = {
    source: environmentsOf('source', wanted, identities.source, all),
    target: environmentsOf('target', wanted, identities.target, all),
  };
  const writes: readonly Side[] = writesBoth(wanted.config) ? SIDES : ['target'];
  const guarded = wanted.config.dry_run ? [] : protectedOnes(sides, writes);
  return { sides, problems: directionProblems(sides, writes), guarded };
}

/**
 * Whether the environments that both databases are let this happen; `usedBy` names what it is. Rules of an environment hold for
 * its database however the caller came to it, by name or by a connection. A dry run writes no row, so nobody approves it.
 *
 * Throws `environment_read_only`, `direction_not_allowed`, `environment_moved`, `approval_required`, `approval_rejected`.
 */
export async function admit(
  wanted: Wanted,
  identities: Identities,
  usedBy: string,
  ports: AdmissionPorts,
): Promise<Admission> {
  const { sides, problems, guarded } = judge(wanted, identities, await ports.environments.list());
  if (problems.length > 0) throw problemsError(problems);
  const environments = jobEnvironments(sides, wanted.environments);
  const admission = { ...(environments && { environments }), withdraw: async () => undefined };
  if (guarded.length === 0) return admission;
  const work: ApprovedWork = {
    mode: wanted.mode ?? 'full',
    config: wanted.config,
    source: connectionView(wanted.pair.source),
    target: connectionView(wanted.pair.target),
    protected: [...new Set(guarded.map((e) => e.name))],
    ...(wanted.schedule && { schedule: wanted.schedule }),
  };
  return { ...admission, ...(await useApproval(work, digestOf(work, identities), wanted, usedBy, ports)) };
}
