import * as z from 'zod';
import { mapping } from './mapping.ts';
import { proposalFinding } from './proposal.ts';

/** Names of routes under /api/sync/mappings are none of a mapping. */
export const mappingName = z
  .string()
  .regex(/^(?!suggest)[a-z0-9][a-z0-9_-]{0,62}$/)
  .meta({
    description: 'Lower-case letters, digits, - and _; not beginning with suggest.',
    example: 'county-to-training',
  });

/** Who thought of it: a person, the rules of the service, or a language model. Whoever it was, a person approves it. */
export const MAPPING_ORIGINS = ['person', 'rules', 'model'] as const;

/** One version of a stored mapping. It never changes. */
export const mappingVersion = z
  .object({
    name: z.string(),
    version: z.int().min(1),
    mapping,
    /** What was found wrong with it when it was stored. */
    checks: z.array(proposalFinding),
    origin: z.enum(MAPPING_ORIGINS),
    author: z.string(),
    created_at: z.string(),
    note: z.string().optional(),
    hash: z.string().meta({ description: 'SHA-256 of the mapping; what an approval stands for.' }),
  })
  .meta({ id: 'MappingVersion' });
export type MappingVersion = z.infer<typeof mappingVersion>;

/** That a person found a version fit for jobs. */
export const mappingApproval = z
  .object({ version: z.int(), hash: z.string(), by: z.string(), at: z.string(), note: z.string().optional() })
  .meta({ id: 'MappingApproval' });
export type MappingApproval = z.infer<typeof mappingApproval>;

/** All approvals of a name, oldest first: the last one is in force. `rev` grows by one with each. */
export interface MappingApprovals {
  readonly rev: number;
  readonly approvals: readonly MappingApproval[];
}

export const MAPPING_STATES = ['draft', 'approved', 'superseded'] as const;
export type MappingState = (typeof MAPPING_STATES)[number];

/** A state is no field: it follows from the approvals, so that one write changes the states of two versions. */
export function mappingState(version: number, { approvals }: MappingApprovals): MappingState {
  if (approvals.at(-1)?.version === version) return 'approved';
  return approvals.some((a) => a.version === version) ? 'superseded' : 'draft';
}

/** What a list shows of a name. */
export interface MappingHead {
  readonly name: string;
  /** Number of its newest version. */
  readonly latest: number;
  readonly updated_at: string;
}

/** One target column whose source is another one than in the version compared with; null: there is none. */
export const mappingChange = z
  .object({
    table: z.string(),
    column: z.string().optional().meta({ description: 'Absent: the table itself.' }),
    before: z.unknown(),
    after: z.unknown(),
  })
  .meta({ id: 'MappingChange' });
export type MappingChange = z.infer<typeof mappingChange>;

export const mappingSummary = z
  .object({
    name: z.string(),
    latest: z.int(),
    approved: z.int().nullable().meta({ description: 'The version that jobs use; null: none.' }),
    updated_at: z.string(),
  })
  .meta({ id: 'MappingSummary' });
export type MappingSummary = z.infer<typeof mappingSummary>;

export const mappingView = mappingVersion
  .extend({
    state: z.enum(MAPPING_STATES),
    latest: z.int(),
    approvals: z.array(mappingApproval),
    compared_with: z
      .int()
      .nullable()
      .meta({ description: 'The approved version that diff compares with; null: none.' }),
    diff: z.array(mappingChange),
  })
  .meta({ id: 'StoredMapping' });
export type MappingView = z.infer<typeof mappingView>;
