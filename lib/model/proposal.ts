import * as z from 'zod';
import { columnSource, mapping } from './mapping.ts';

export const PERSONAL_KINDS = [
  'first_name',
  'last_name',
  'full_name',
  'street_address',
  'email',
  'phone',
  'identity_number',
  'account_number',
  'birth_date',
] as const;
export type PersonalKind = (typeof PERSONAL_KINDS)[number];

const confidence = z.number().min(0).max(1).meta({ description: 'From 0 to 1: how sure the proposer is.' });
const reasons = z.array(z.string()).meta({ description: 'What speaks for it.' });

const proposedColumn = z
  .object({
    column: z.string().meta({ description: 'Column of the target.' }),
    from: z.array(z.string()).meta({ description: 'Columns of the source that it is made of.' }),
    source: columnSource,
    confidence,
    reasons,
    conversion: z.enum(['same', 'widening', 'lossy', 'computed']),
    personal: z.enum(PERSONAL_KINDS).optional().meta({ description: 'The values are likely to tell who somebody is.' }),
  })
  .meta({ id: 'ProposedColumn' });
export type ProposedColumn = z.infer<typeof proposedColumn>;

const proposedTable = z
  .object({
    table: z.string(),
    from: z.string(),
    confidence,
    reasons,
    columns: z.array(proposedColumn),
    unmatched_target: z.array(z.string()).meta({ description: 'Target columns that nothing of the source fits.' }),
    unmatched_source: z.array(z.string()).meta({ description: 'Source columns that go nowhere.' }),
  })
  .meta({ id: 'ProposedTable' });
export type ProposedTable = z.infer<typeof proposedTable>;

export const proposalFinding = z
  .object({
    code: z.string(),
    severity: z.enum(['error', 'warning', 'info']).meta({ description: 'error: no job can run with it.' }),
    table: z.string(),
    column: z.string().optional(),
    message: z.string(),
    remedy: z.string(),
  })
  .meta({ id: 'ProposalFinding' });
export type ProposalFinding = z.infer<typeof proposalFinding>;

/** A mapping that somebody or something proposes. It does nothing until a person has approved it. */
export const proposal = z
  .object({
    mapping,
    tables: z.array(proposedTable),
    unmatched_tables: z.object({ source: z.array(z.string()), target: z.array(z.string()) }),
    findings: z.array(proposalFinding),
    proposer: z
      .enum(['rules', 'model'])
      .meta({ description: 'model: rules, and what a language model added to them.' }),
    notes: z.array(z.string()),
  })
  .meta({ id: 'MappingProposal' });
export type Proposal = z.infer<typeof proposal>;
