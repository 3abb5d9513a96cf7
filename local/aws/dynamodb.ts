import { mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import dynalite from 'dynalite';
import type { Emulator } from './emulator.ts';
import { closeServer, emulatorOf, listenLoopback } from './loopback.ts';

/**
 * DynamoDB as dynalite serves it, kept in `folder`.
 *
 * Waits of 0 ms: a table that was in CREATING when the process was killed would stay there for ever.
 */
export async function startDynamoDb(folder: string): Promise<Emulator> {
  mkdirSync(folder, { recursive: true });
  const server = dynalite({ path: folder, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  const atWork = callsAtWork(server);
  const url = await listenLoopback(server);
  const emulator = emulatorOf(server, url, () => closeServer(server));
  return {
    ...emulator,
    async stop() {
      for (const end = Date.now() + IDLE_LIMIT_MS; atWork() > 0 && Date.now() < end; ) await pause(5);
      await emulator.stop();
    },
  };
}

/** A call takes some milliseconds. */
const IDLE_LIMIT_MS = 5_000;

/**
 * How many calls are being worked on, also for clients that were killed meanwhile. dynalite throws where nobody can catch it when
 * its store is closed under a query, and when a client dies before it has sent its whole call; the latter is taken from it.
 */
function callsAtWork(server: Server): () => number {
  let count = 0;
  server.on('request', (request, response) => {
    count += 1;
    let done = false;
    const finish = () => {
      if (!done) count -= 1;
      done = true;
    };
    const end = response.end.bind(response) as (...all: unknown[]) => typeof response;
    response.end = ((...all: unknown[]) => {
      finish();
      return end(...all);
    }) as typeof response.end;
    request.removeAllListeners('error');
    request.on('error', finish);
    request.on('close', () => {
      if (!request.complete) finish(); // dynalite never begins with it
    });
  });
  return () => count;
}
