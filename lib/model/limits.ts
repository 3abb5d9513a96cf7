/**
 * Bounds of what a worker of 256 MB holds at once, in bytes of the rows' text. A byte of text costs about five: as it
 * arrives, as a value, as a parameter, and twice in the driver's message (16 MiB in one parameter: 146 MB resident, 30 MiB:
 * 217 MB, of which 53 MB are an idle Node; test/pg/memory.test.ts holds the sum).
 */

const MIB = 1024 * 1024;

/** Rows of one chunk. */
export const CHUNK_BYTES = 8 * MIB;

/** Rows that go together because they wait for each other. */
export const TOGETHER_BYTES = 16 * MIB;

/** A row above this never enters the worker: it is piped from the source into a stage of the target, in a chunk of its own. */
export const STREAMED_ROW_BYTES = 4 * MIB;

/**
 * A row above this is not written row by row but put into quarantine: PostgreSQL's own limits for a message or a value are
 * 1 GB, a server needs several copies of a row to write it, and 32 MiB already hold its connection for a second.
 */
export const LARGEST_ROW_BYTES = 32 * MIB;
