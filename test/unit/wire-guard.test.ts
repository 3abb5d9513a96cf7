import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { WireError, wireGuard } from '../../lib/postgres/wire-guard.ts';
import { message } from '../support/hostile-server.ts';

const MIB = 1024 * 1024;

/** What reaches the driver of these pieces, and how the stream ends. */
async function pass(pieces: readonly Buffer[], answer: 'collected' | 'streamed' = 'collected') {
  const stream = new PassThrough();
  const errors: Error[] = [];
  stream.on('error', (error) => errors.push(error));
  const seen: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => seen.push(chunk));
  const guard = wireGuard();
  guard.stand(stream);
  guard.expect(answer);
  for (const piece of pieces) stream.write(piece);
  await new Promise(setImmediate);
  return { bytes: Buffer.concat(seen).length, errors };
}

test('messages pass however they are cut', async () => {
  const bytes = Buffer.concat([
    message('T', 'abc'),
    message('D'),
    message('D', Buffer.alloc(70_000)),
    message('Z', 'I'),
  ]);
  const cut = Array.from({ length: bytes.length }, (_, i) => bytes.subarray(i, i + 1));

  for (const pieces of [[bytes], cut, [bytes.subarray(0, 3), bytes.subarray(3)]])
    expect(await pass(pieces)).toEqual({ bytes: bytes.length, errors: [] });
});

test('of what only passes through any amount may come, but no message above 64 MiB', async () => {
  const many = Array.from({ length: 40 }, () => message('d', Buffer.alloc(8 * MIB)));
  const huge = Buffer.from([0x45, 0x04, 0, 0, 0x05]); // an error text of 64 MiB and one byte

  expect((await pass(many, 'streamed')).errors).toEqual([]);
  expect((await pass(many, 'collected')).errors).toEqual([expect.any(WireError)]);
  expect((await pass([huge], 'streamed')).errors).toEqual([expect.any(WireError)]);
});
