import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Emulator } from './emulator.ts';

/** Listens on 127.0.0.1 only; resolves to the base URL. `port` 0 is any free one. */
export async function listenLoopback(server: Server, port = 0): Promise<string> {
  await new Promise<void>((done, failed) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const inUse = error.code === 'EADDRINUSE';
      failed(inUse ? new Error(`Port ${port} is in use. Choose another one with --port.`) : error);
    });
    server.listen(port, '127.0.0.1', () => {
      server.removeAllListeners('error');
      done();
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address');
  return `http://127.0.0.1:${address.port}`;
}

/** Makes an Emulator of a listening server. `close` must end it; open connections are dropped first. */
export function emulatorOf(server: Server, url: string, close: () => Promise<unknown>): Emulator {
  // Node's 5 s would close connections that SDK clients keep for reuse, just as they reuse them.
  server.keepAliveTimeout = 300_000;
  const sockets = new Set<Socket>();
  let down = false;
  const dropAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  server.on('connection', (socket: Socket) => {
    if (down) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return {
    url,
    setOutage(wanted) {
      down = wanted;
      if (down) dropAll();
    },
    async stop() {
      const closed = close();
      dropAll();
      await closed;
    },
  };
}

export function closeServer(server: Server): Promise<void> {
  return new Promise((done) => server.close(() => done()));
}
