import * as z from 'zod';
import { mapping } from './mapping.ts';
import { MAPPING_STATES } from './mapping-state.ts';
import { proposalFinding } from './proposal.ts';

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

/** That a person found a version fit for jobs; version 0: that none is. */
export const mappingApproval = z
  .object({ version: z.int(), hash: z.string(), by: z.string(), at: z.string(), note: z.string().optional() })
  .meta({ id: 'MappingApproval' });
export type MappingApproval = z.infer<typeof mappingApproval>;

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
    latest: z.int().meta({ description: 'The newest number, also of a version that was discarded.' }),
    approved: z.int().nullable().meta({ description: 'The version that jobs use; null: none.' }),
    approvals: z.array(mappingApproval),
    compared_with: z
      .int()
      .nullable()
      .meta({ description: 'The approved version that diff compares with; null: none.' }),
    diff: z.array(mappingChange),
  })
  .meta({ id: 'StoredMapping' });
export type MappingView = z.infer<typeof mappingView>;
