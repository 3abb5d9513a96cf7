import type { Notification, NotificationType } from './notification.ts';
import type { Secret } from './secret.ts';

/** `failed`: it is tried again; `given_up`: it lies in the queue of dead letters. */
export const DELIVERY_OUTCOMES = ['delivered', 'failed', 'given_up'] as const;
export type DeliveryOutcome = (typeof DELIVERY_OUTCOMES)[number];

/** What became of one attempt. */
export interface WebhookDelivery {
  /** Of the notification. */
  readonly id: string;
  readonly type: NotificationType;
  readonly at: string;
  readonly outcome: DeliveryOutcome;
  /** From 1. */
  readonly attempt: number;
  /** HTTP status of the answer, where there was one. */
  readonly status?: number;
  /** Why there was no good answer: a code of docs/errors.md. */
  readonly code?: string;
  readonly message?: string;
}

/** A named order to tell somebody outside. Its whole URL is a secret, because many carry one in their path. */
export interface Webhook {
  readonly name: string;
  /** Scheme, host and port of the URL; all that is kept of it here. */
  readonly origin: string;
  readonly events: readonly NotificationType[];
  readonly paused: boolean;
  readonly secret_ref: string;
  /** Who put it last. */
  readonly actor: string;
  readonly created_at: string;
  readonly updated_at: string;
  /** When its secret was last replaced; until `overlap_until` the one before it signs too. */
  readonly rotated_at?: string;
  readonly overlap_until?: string;
  /** Raised by each write of a person; a writer must know the one before. */
  readonly seq: number;
  /** The last attempt of all deliveries. */
  readonly last?: WebhookDelivery;
  /** Deliveries that were given up since it was made. */
  readonly given_up: number;
}

/** What Secrets Manager keeps of a webhook. */
export interface WebhookSecret {
  readonly url: Secret;
  /** `whsec_` and 32 bytes in base64. */
  readonly key: Secret;
  /** The key before, which still signs until then. */
  readonly before?: { readonly key: Secret; readonly until: string };
}

/** A message of the queue: a notification for one webhook. It holds no secret. */
export interface DeliveryMessage {
  readonly v: 1;
  readonly webhook: string;
  readonly notification: Notification;
}
