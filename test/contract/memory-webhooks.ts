import { SyncError } from '../../lib/model/errors.ts';
import { Secret } from '../../lib/model/secret.ts';
import type { Webhook, WebhookSecret } from '../../lib/model/webhook.ts';
import { newKey } from '../../lib/notifications/signature.ts';
import type { Post, Posting, WebhookSecrets, WebhookStore } from '../../lib/ports.ts';

/** What keeps webhooks, and posts to them, in memory. */
export interface MemoryWebhooks {
  readonly webhooks: WebhookStore;
  readonly secrets: WebhookSecrets;
  readonly post: Post;
  /** By reference. */
  readonly stored: Map<string, WebhookSecret>;
  readonly posted: Posting[];
  /** What the next posts answer: a status, or what they throw; 204 when there is none left. */
  readonly answers: (number | Error)[];
  /** Makes a webhook of this name. */
  add(name: string, over?: Partial<Webhook>): Promise<Webhook>;
}

const AT = '2026-11-23T10:00:00.000Z';

export function sampleWebhook(over: Partial<Webhook> = {}): Webhook {
  return {
    name: 'ops',
    origin: 'https://hooks.example',
    events: ['job.ended'],
    paused: false,
    secret_ref: 'tf/webhook/1',
    actor: 'ada',
    created_at: AT,
    updated_at: AT,
    seq: 1,
    given_up: 0,
    ...over,
  };
}

export function memoryWebhookStore(): WebhookStore {
  const all = new Map<string, Webhook>();
  return {
    get: async (name) => all.get(name),
    list: async () => [...all.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    async create(webhook) {
      if (all.has(webhook.name)) return false;
      all.set(webhook.name, webhook);
      return true;
    },
    async advance(webhook) {
      const stored = all.get(webhook.name);
      if (stored?.seq !== webhook.seq - 1) return false;
      const { last: _l, ...rest } = webhook;
      all.set(webhook.name, { ...rest, given_up: stored.given_up, ...(stored.last && { last: stored.last }) });
      return true;
    },
    async remove(name) {
      all.delete(name);
    },
    async note(name, delivery) {
      const stored = all.get(name);
      if (!stored) return;
      const given_up = stored.given_up + Number(delivery.outcome === 'given_up');
      all.set(name, { ...stored, last: delivery, given_up });
    },
  };
}

export function memoryWebhooks(): MemoryWebhooks {
  const stored = new Map<string, WebhookSecret>();
  const posted: Posting[] = [];
  const answers: (number | Error)[] = [];
  let made = 0;
  const kept: MemoryWebhooks = {
    webhooks: memoryWebhookStore(),
    async add(name, over) {
      const content = { url: new Secret('https://hooks.example/x'), key: newKey() };
      const webhook = sampleWebhook({ name, ...over, secret_ref: await kept.secrets.create(name, content) });
      await kept.webhooks.create(webhook);
      return webhook;
    },
    secrets: {
      async create(webhook, content) {
        made += 1;
        const ref = `tf/webhook/${webhook}/${made}`;
        stored.set(ref, content);
        return ref;
      },
      async get(ref) {
        const found = stored.get(ref);
        if (!found) throw new SyncError('secret_missing', 'The secret of the webhook is gone.');
        return found;
      },
      async remove(ref) {
        stored.delete(ref);
      },
    },
    async post(posting) {
      posted.push(posting);
      const answer = answers.shift() ?? 204;
      if (typeof answer !== 'number') throw answer;
      return { status: answer };
    },
    stored,
    posted,
    answers,
  };
  return kept;
}
