import { tellOnce } from '../audit/tell-once.ts';
import { type Approval, isOpen, type Person } from '../model/approval.ts';
import { SyncError } from '../model/errors.ts';
import type { ApprovalStore, AuditLog, Clock } from '../ports.ts';

export interface ApprovalDecision {
  readonly id: string;
  readonly state: 'approved' | 'rejected';
  readonly by: Person;
  readonly note?: string;
}

/** A request as it can be looked at. Throws `approval_not_found`. */
export async function approvalFor(id: string, approvals: Pick<ApprovalStore, 'get'>): Promise<Approval> {
  const found = await approvals.get(id);
  if (!found) throw new SyncError('approval_not_found', 'There is no such request.');
  return found;
}

const closed = (approval: Approval, now: Date) =>
  new SyncError('approval_decided', `The request is ${isOpen(approval, now) ? approval.state : 'expired'}.`, {
    facts: { state: approval.state, expires_at: approval.expires_at },
  });

/** Both sides of a decision. The same request may be made again later, with a higher revision. */
async function tell(approval: Approval, audit: AuditLog): Promise<void> {
  const { id, digest, work, state, decided_by, decided_at, asked_by, asked_at, revision } = approval;
  const trail = { job_id: `approval#${id}`, seq: revision };
  const { source, target, schedule, protected: guarded } = work;
  const asked = { approval_id: id, digest, protected: guarded, source, target, ...(schedule && { schedule }) };
  const by = { stream: 'asked', at: asked_at, actor: asked_by.actor };
  await tellOnce(audit, { ...trail, ...by, type: 'approval.asked', data: asked });
  const then = { stream: 'decided', at: decided_at ?? asked_at, actor: decided_by?.actor ?? '' };
  await tellOnce(audit, { ...trail, ...then, type: 'approval.decided', data: { approval_id: id, digest, state } });
}

interface Ports {
  readonly approvals: Pick<ApprovalStore, 'get' | 'put'>;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

/**
 * A second person says yes or no. Whoever has asked can say no, which takes the request back, and never yes; who that is, the `sub`
 * of the token tells. The same decision by the same person again is the same answer.
 *
 * Throws `approval_not_found`, `approval_by_requester`, `approval_decided`.
 */
export async function decideApproval(
  { id, state, by, note }: ApprovalDecision,
  { approvals, audit, clock }: Ports,
): Promise<Approval> {
  const found = await approvalFor(id, approvals);
  if (state === 'approved' && found.asked_by.subject === by.subject)
    throw new SyncError('approval_by_requester', 'You have asked for this yourself: another person has to approve it.');
  const now = clock();
  if (!isOpen(found, now)) throw closed(found, now);
  if (found.state === state && found.decided_by?.subject === by.subject) {
    await tell(found, audit); // whoever decided it may not have come that far
    return found;
  }
  if (found.state !== 'pending') throw closed(found, now);
  const decided: Approval = {
    ...found,
    state,
    decided_by: by,
    decided_at: now.toISOString(),
    ...(note !== undefined && { note }),
    revision: found.revision + 1,
  };
  if (!(await approvals.put(decided))) throw closed(await approvalFor(id, approvals), now);
  await tell(decided, audit);
  return decided;
}
