import { SyncError } from '../../lib/model/errors.ts';
import type { Notification } from '../../lib/model/notification.ts';
import type { Clock, EventBus } from '../../lib/ports.ts';
import { calling } from './errors.ts';
import { type Credentials, signedPost } from './signature-v4.ts';

/** What EventBridge calls the service that speaks; rules match on it. */
export const EVENT_SOURCE = 'terrafusion-sync';

/** PutEvents takes 10 entries and 256 KB; one of ours has at most 20 KB. */
const BATCH = 10;

const CALL_MS = 5_000;

export interface BusSettings {
  readonly busName: () => string;
  readonly region: () => string;
  /** Of the SDK's own variable; absent: AWS's. */
  readonly endpoint: () => string | undefined;
  readonly credentials: () => Credentials;
  readonly clock: Clock;
}

/**
 * The EventBridge bus of the stack. PutEvents is one call, made here by hand: the SDK's client for it is not among the
 * dependencies. It is tried once; whoever publishes does so again.
 */
export function awsEventBus(settings: BusSettings): EventBus {
  return {
    publish: (notifications) =>
      calling('event bus', async () => {
        for (let i = 0; i < notifications.length; i += BATCH)
          await putEvents(notifications.slice(i, i + BATCH), settings);
      }),
  };
}

const entryOf = (notification: Notification, bus: string) => ({
  EventBusName: bus,
  Source: EVENT_SOURCE,
  DetailType: notification.type,
  Time: Math.floor(Date.parse(notification.time) / 1000),
  Resources: [],
  Detail: JSON.stringify(notification),
});

async function putEvents(notifications: readonly Notification[], settings: BusSettings): Promise<void> {
  const region = settings.region();
  const url = new URL(settings.endpoint() ?? `https://events.${region}.${suffixOf(region)}`);
  const body = JSON.stringify({ Entries: notifications.map((one) => entryOf(one, settings.busName())) });
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AWSEvents.PutEvents' };
  const { host: _, ...signed } = signedPost(
    { host: url.host, region, service: 'events', headers, body, at: settings.clock() },
    settings.credentials(),
  );
  const signal = AbortSignal.timeout(CALL_MS);
  const answer = await fetch(url, { method: 'POST', headers: signed, body, signal, redirect: 'error' }).catch(
    (cause: unknown) => {
      throw new SyncError('unavailable', 'the event bus does not answer', { cause });
    },
  );
  const said: unknown = await answer.json().catch(() => undefined);
  if (!answer.ok) throw new SyncError('unavailable', `the event bus refused a call: ${answer.status}`);
  const { FailedEntryCount: failed } = (said ?? {}) as { FailedEntryCount?: unknown }; // checked below
  if (failed !== 0) throw new SyncError('unavailable', 'the event bus has not taken every event');
}

/** Of the partition that a region belongs to. */
const suffixOf = (region: string) => (region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com');
