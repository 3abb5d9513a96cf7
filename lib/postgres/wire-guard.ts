import type { Duplex } from 'node:stream';

const MIB = 1024 * 1024;

/** Twice the largest row that the service reads (LARGEST_ROW_BYTES): a message above it is no answer to anything we ask. */
const LARGEST_MESSAGE_BYTES = 64 * MIB;

/** Keys of 2 KB, 20,000 of them, are the largest answers there are: 100 MB with what a row costs. */
const LARGEST_ANSWER_BYTES = 160 * MIB;

/** What a row costs in the driver besides its bytes, about. */
const MESSAGE_COST_BYTES = 100;

/** Settings, keys and notices before the first question; PostgreSQL 18 sends less than 1 KiB. */
const LARGEST_GREETING_BYTES = 64 * 1024;

/** Stands between a server and the driver, which keeps an answer until it is whole and throws at what it cannot read. */
export interface WireGuard {
  /**
   * Reads the stream in the driver's place and hands on what it may see. Only where one message ends and the next begins is
   * looked at. There is one listener of `data` before and after: COPY takes it away and gives it back between messages.
   */
  readonly stand: (stream: Duplex) => void;
  /** Another answer begins: `collected` ones are kept in memory, streamed ones only pass. */
  readonly expect: (answer: 'collected' | 'streamed') => void;
}

/** The server is none, or means no good. */
export class WireError extends Error {}

/** A stream that is refused is destroyed with a WireError. */
export function wireGuard(): WireGuard {
  const header = Buffer.alloc(5); // type, then length with itself
  let headerBytes = 0;
  let bodyBytes = 0;
  let room = LARGEST_GREETING_BYTES;
  const begin = (length: number) => {
    if (length < 4 || length > LARGEST_MESSAGE_BYTES)
      throw new WireError(`the server sends a message of ${length} bytes`);
    room -= length + MESSAGE_COST_BYTES;
    if (room < 0) throw new WireError('the server sends an answer without end');
    headerBytes = 0;
    bodyBytes = length - 4;
  };
  const look = (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; ) {
      const passed = Math.min(bodyBytes, chunk.length - at);
      bodyBytes -= passed;
      at += passed;
      if (at < chunk.length) {
        header[headerBytes++] = chunk[at++] ?? 0;
        if (headerBytes === header.length) begin(header.readUInt32BE(1));
      }
    }
  };
  return {
    stand: (stream) => {
      const [parse, ...others] = stream.listeners('data') as ((chunk: Buffer) => void)[]; // the driver's, of this shape
      if (!parse || others.length > 0) throw new RangeError('expected the driver alone to read the stream');
      stream.off('data', parse);
      stream.on('data', (chunk: Buffer) => {
        if (stream.destroyed) return;
        try {
          look(chunk);
          parse(chunk);
        } catch (error) {
          stream.destroy(
            error instanceof WireError ? error : new WireError('the server cannot be understood', { cause: error }),
          );
        }
      });
    },
    expect: (answer) => {
      room = answer === 'collected' ? LARGEST_ANSWER_BYTES : Number.POSITIVE_INFINITY;
    },
  };
}
