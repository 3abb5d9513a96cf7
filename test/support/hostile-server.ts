import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** Messages of a PostgreSQL server, as bytes: type, length with itself, body. */
export function message(type: string, body: Buffer | string = ''): Buffer {
  const bytes = Buffer.from(body);
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeUInt32BE(bytes.length + 4, 1);
  return Buffer.concat([head, bytes]);
}

/** AuthenticationRequest of a kind: 0 ok, 3 clear text, 5 MD5, 7 GSS, 10 SASL, 11 SASL continue, 12 SASL final. */
export function authentication(kind: number, rest: Buffer | string = ''): Buffer {
  const code = Buffer.alloc(4);
  code.writeUInt32BE(kind);
  return message('R', Buffer.concat([code, Buffer.from(rest)]));
}

export const READY = message('Z', 'I');

export const errorMessage = (text: string, sqlstate = 'XX000') =>
  message('E', `SFATAL\0VFATAL\0C${sqlstate}\0M${text}\0\0`);

export interface FakeServer extends AsyncDisposable {
  readonly port: number;
  /** Everything that was sent to it, as latin1. */
  readonly heard: () => string;
  readonly connections: () => number;
}

/** A server on loopback; `behave` is called for each connection, with what was first said on it. */
export async function fakeServer(
  behave: (socket: Socket, first: Buffer) => void | Promise<void>,
  host = '127.0.0.1',
): Promise<FakeServer> {
  let heard = '';
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined); // the client hangs up on purpose
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
    });
    socket.once('data', (first) => void behave(socket, first));
  });
  server.listen(0, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port, // it listens on TCP
    heard: () => heard,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Writes the same bytes for as long as the other side takes them. */
export async function pour(socket: Socket, bytes: Buffer): Promise<number> {
  let poured = 0;
  while (!socket.destroyed) {
    poured += bytes.length;
    if (!socket.write(bytes)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => undefined); // reset by the client
  }
  return poured;
}
