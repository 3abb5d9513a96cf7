import { mkdirSync } from 'node:fs';
import { buildApp } from 'fauxqs';
import type { Emulator } from './emulator.ts';
import { emulatorOf } from './loopback.ts';

type Stores = NonNullable<NonNullable<Parameters<typeof buildApp>[0]>['stores']>;
type Persistence = NonNullable<Stores['sqsStore']['persistence']>;

/**
 * SQS as fauxqs serves it, kept in `folder`, on the loopback interface.
 *
 * Its own `startFauxqs` always listens on 0.0.0.0 (2.4.1), which would show the queues to the whole network. So its parts
 * are put together here the same way; the inner ones are not in the package's `exports` and are found beside its main file.
 */
export async function startSqs(folder: string): Promise<Emulator> {
  mkdirSync(folder, { recursive: true });
  const { SqsStore } = await inner<{ SqsStore: new () => Stores['sqsStore'] }>('sqs/sqsStore.js');
  const { SnsStore } = await inner<{ SnsStore: new () => Stores['snsStore'] }>('sns/snsStore.js');
  const { S3Store } = await inner<{ S3Store: new () => Stores['s3Store'] }>('s3/s3Store.js');
  const { PersistenceManager } = await inner<{ PersistenceManager: new (folder: string) => Persistence }>(
    'persistence.js',
  );

  const stores: Stores = { sqsStore: new SqsStore(), snsStore: new SnsStore(), s3Store: new S3Store() };
  const persistence = new PersistenceManager(folder);
  // Would set the receive count to NULL, which its table forbids: ChangeMessageVisibility to 0 then fails and loses the
  // message (2.4.1). Left alone, the row says "in flight", and a restart at that moment keeps it hidden a while longer.
  persistence.updateMessageReady = () => {};
  persistence.loadSqsAndSns(stores.sqsStore, stores.snsStore); // before it is attached: else loading would write
  stores.sqsStore.persistence = persistence;
  for (const queue of stores.sqsStore.allQueues()) queue.persistence = persistence;

  const app = buildApp({ logger: false, defaultRegion: 'us-east-1', stores });
  app.addHook('preClose', async () => persistence.close());
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return emulatorOf(app.server, url, () => app.close());
}

async function inner<Module>(path: string): Promise<Module> {
  return (await import(new URL(path, import.meta.resolve('fauxqs')).href)) as Module; // untyped: outside `exports`
}
