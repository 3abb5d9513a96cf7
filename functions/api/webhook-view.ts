import * as z from 'zod';
import { NOTIFICATION_TYPES, SUBSCRIBABLE } from '../../lib/model/notification.ts';
import { DELIVERY_OUTCOMES, type Webhook } from '../../lib/model/webhook.ts';

export const webhookName = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/);

export const events = z.array(z.enum(SUBSCRIBABLE)).min(1).max(SUBSCRIBABLE.length);

const delivery = z
  .object({
    id: z.string().meta({ description: 'Of the notification.' }),
    type: z.enum(NOTIFICATION_TYPES),
    at: z.iso.datetime(),
    outcome: z.enum(DELIVERY_OUTCOMES).meta({
      description: 'failed: it is tried again. given_up: it lies in the queue of dead letters.',
    }),
    attempt: z.int(),
    status: z.int().optional().meta({ description: 'HTTP status of the answer.' }),
    code: z.string().optional(),
    message: z.string().optional(),
  })
  .meta({ id: 'WebhookDelivery' });

export const webhookView = z
  .object({
    name: z.string(),
    origin: z.string().meta({ description: 'Scheme, host and port of its URL; the rest is kept secret.' }),
    events,
    paused: z.boolean(),
    rotated_at: z.iso.datetime().optional().meta({ description: 'When its secret was last replaced.' }),
    overlap_until: z.iso.datetime().optional().meta({ description: 'Until then the secret before signs too.' }),
    last: delivery.optional().meta({ description: 'What became of the last attempt.' }),
    given_up: z.int().meta({ description: 'Deliveries that lie in the queue of dead letters, or lay there.' }),
    actor: z.string().meta({ description: 'Who put it last.' }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Webhook' });

export const webhookWithSecret = webhookView
  .extend({
    secret: z.string().optional().meta({
      description: 'What signatures are made with. Shown here and never again.',
      example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=',
    }),
  })
  .meta({ id: 'WebhookWithSecret' });

/** What a caller may know of a webhook: all but where exactly it leads and what signs it. */
export function viewOf(webhook: Webhook, now: Date): z.output<typeof webhookView> {
  const { secret_ref: _s, seq: _q, events: listens, overlap_until, ...rest } = webhook;
  const overlaps = overlap_until !== undefined && now.toISOString() < overlap_until;
  return { ...rest, events: SUBSCRIBABLE.filter((type) => listens.includes(type)), ...(overlaps && { overlap_until }) };
}
