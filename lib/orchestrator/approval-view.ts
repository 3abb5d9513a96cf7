import * as z from 'zod';
import type { GivenApproval } from '../model/approval.ts';

/** What of an approval is shown with what it let happen. */
export const givenApproval = z
  .object({ id: z.string(), asked_by: z.string(), approved_by: z.string(), approved_at: z.iso.datetime() })
  .meta({ id: 'GivenApproval', description: 'Who let it write to a protected environment. Absent: nobody had to.' });

export const approvalView = ({ id, asked_by, approved_by, approved_at }: GivenApproval) => ({
  id,
  asked_by,
  approved_by,
  approved_at,
});
