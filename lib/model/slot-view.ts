import * as z from 'zod';
import { SLOT_CONCERNS, type SlotConcern } from './slot.ts';

const CONCERNS = Object.keys(SLOT_CONCERNS) as [SlotConcern, ...SlotConcern[]]; // keys of the record

const meanings = CONCERNS.map((name) => `${name}: ${SLOT_CONCERNS[name]}`).join(' ');

/** A slot of this service as the API shows it. */
export const slotView = z
  .object({
    slot: z.string(),
    database: z.string().meta({ description: 'The database that it tells of; connect there to drop its pair.' }),
    active: z.boolean(),
    retained_bytes: z.int().meta({ description: 'Log that the server keeps for it.' }),
    limit_bytes: z.int().optional().meta({ description: 'max_slot_wal_keep_size; absent: there is no limit.' }),
    wal_status: z.string(),
    confirmed: z.string().optional().meta({ description: 'Place in the log up to which it was read.' }),
    inactive_since: z.string().optional(),
    concerns: z.array(z.enum(CONCERNS)).meta({ description: meanings }),
    last_job: z.object({ job_id: z.string(), state: z.string(), created_at: z.string() }).optional(),
    target: z.object({ host: z.string(), port: z.int(), database: z.string() }).optional().meta({
      description: 'Where that job went.',
    }),
  })
  .meta({ id: 'Slot' });
export type SlotView = z.infer<typeof slotView>;
