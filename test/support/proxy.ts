import { once } from 'node:events';
import { createServer, connect as dial, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { TestDatabase } from './databases.ts';

/**
 * What a network can do to a connection. `pass`: nothing. `blackhole`: what is sent vanishes, and nobody says so. `drip`:
 * answers come a few bytes at a time. `cut`: every connection breaks now, and new ones do at once.
 */
export type Mode = 'pass' | 'blackhole' | 'drip' | 'cut';

export interface Proxy extends AsyncDisposable {
  /** The database as seen through the proxy. */
  readonly database: TestDatabase;
  set(mode: Mode): void;
  /** Bytes that came back from the server. */
  readonly received: () => number;
}

const DRIP_BYTES = 512;
const DRIP_MS = 1;

async function drip(data: Buffer, to: Socket, stillOn: () => boolean): Promise<void> {
  for (let at = 0; at < data.length && !to.destroyed; ) {
    const size = stillOn() ? DRIP_BYTES : data.length;
    to.write(data.subarray(at, at + size));
    at += size;
    if (at < data.length) await pause(DRIP_MS);
  }
}

/** Puts a proxy in front of a database's server. */
export async function proxyTo(database: TestDatabase): Promise<Proxy> {
  let mode: Mode = 'pass';
  let received = 0;
  const open = new Set<Socket>();
  const forget = (s: Socket) => s.on('close', () => open.delete(s)).on('error', () => s.destroy());
  const server = createServer((client) => {
    open.add(client);
    forget(client);
    if (mode === 'cut') return void client.destroy();
    const upstream = dial(database.connection.port, database.connection.host);
    open.add(upstream);
    forget(upstream);
    client.on('data', (data) => void (mode === 'blackhole' || upstream.write(data)));
    let before = Promise.resolve(); // answers keep their order while they drip
    upstream.on('data', (data) => {
      received += data.length;
      if (mode === 'blackhole') return;
      before = before.then(() => (client.destroyed ? undefined : drip(data, client, () => mode === 'drip')));
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => void before.then(() => client.destroy()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number }; // a TCP server has an object here
  return {
    database: { ...database, connection: { ...database.connection, host: '127.0.0.1', port } },
    set(next) {
      mode = next;
      if (next === 'cut') for (const socket of open) socket.destroy();
    },
    received: () => received,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
