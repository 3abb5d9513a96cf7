import { mkdirSync } from 'node:fs';
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
  const url = await listenLoopback(server);
  return emulatorOf(server, url, () => closeServer(server));
}
