import type { MappingApproval } from './stored-mapping.ts';

/** All approvals of a name, oldest first: the last one is in force. `rev` grows by one with each. */
export interface MappingApprovals {
  readonly rev: number;
  readonly approvals: readonly MappingApproval[];
}

/** The approval that is in force; undefined: no version is. */
export function inForce({ approvals }: Pick<MappingApprovals, 'approvals'>): MappingApproval | undefined {
  const last = approvals.at(-1);
  return last?.version === 0 ? undefined : last;
}

export const MAPPING_STATES = ['draft', 'approved', 'superseded'] as const;
export type MappingState = (typeof MAPPING_STATES)[number];

/** A state is no field: it follows from the approvals, so that one write changes the states of two versions. */
export function mappingState(version: number, given: MappingApprovals): MappingState {
  if (inForce(given)?.version === version) return 'approved';
  return given.approvals.some((a) => a.version === version) ? 'superseded' : 'draft';
}
