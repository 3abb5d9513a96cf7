import type { Socket } from 'node:net';
import type { Submittable } from 'pg';
import { fp } from '../failpoint.ts';
import type { Connection, Side } from '../model/connection.ts';
import type { SyncError } from '../model/errors.ts';
import { MASK_KEY_SETTING } from '../model/mask.ts';
import type { Secret } from '../model/secret.ts';
import { ASKING, admit } from './admission.ts';
import { type ConnectionRules, connect } from './connect.ts';
import { translate } from './translate.ts';

/** A row as text, in select order: no value becomes a number or a Date on the way. */
export type TextRow = readonly (string | null)[];

/** One connection to one side, with every setting that changes text forms pinned. */
export interface Session {
  readonly side: Side;
  /** One statement. Values are text, null, or arrays of these. Throws SyncError. */
  query(text: string, values?: readonly unknown[]): Promise<readonly TextRow[]>;
  /** Starts a COPY stream. Its errors are the driver's; `translate` them. */
  stream<T extends Submittable>(copy: T): T;
  translate(error: unknown): SyncError;
  /** Several statements without values; answers nothing. */
  run(text: string): Promise<void>;
  /**
   * Runs `work` between BEGIN and COMMIT; any error rolls back. `settings` are SET LOCAL and locking statements.
   * `statementTimeoutMs` replaces the session's own limit.
   */
  transaction<T>(work: () => Promise<T>, settings?: string, statementTimeoutMs?: number): Promise<T>;
  end(): Promise<void>;
}

/** Bytes of a session, as they were on the wire. */
export type OnTraffic = (side: Side, bytes: { readonly received: number; readonly sent: number }) => void;

export interface SessionOptions {
  readonly side: Side;
  readonly applicationName: string;
  /** How many sessions of this service may work on the server at once, this one included; absent: as many as it takes. */
  readonly connectionLimit?: number;
  /** Jobs share these sessions between them: see `mayEnter`. */
  readonly shares?: boolean;
  /** Is told how many sessions of this service work on the server, this one included, once it was let in. */
  readonly onAdmitted?: (sessions: number) => void;
  readonly rules: ConnectionRules;
  /** No statement runs longer; 0 means no limit. */
  readonly statementTimeoutMs: number;
  /** What masks are computed with; a parameter on its way, never part of a statement. */
  readonly maskKey?: Secret;
  readonly onTraffic?: OnTraffic;
  /** How much longer than that an answer may be overdue; default 10 s. */
  readonly answerGraceMs?: number;
}

/**
 * The server ends a statement at its limit; where no answer comes for this much longer, the way to it is broken, even if
 * nothing closed the socket.
 */
const ANSWER_GRACE_MS = 10_000;

/**
 * Settings that change what a value looks like or who may be fooled by a name. The same on both sides, so that text
 * compares byte for byte. An idle transaction frees its locks after 30 s, whatever happened to its worker.
 */
function pins(options: SessionOptions): string {
  return [
    "set timezone = 'UTC'",
    "set datestyle = 'ISO, YMD'",
    "set intervalstyle = 'iso_8601'",
    'set extra_float_digits = 3',
    "set bytea_output = 'hex'",
    "set lc_monetary = 'C'",
    "set search_path = ''",
    'set xmloption = content',
    'set row_security = off',
    "set default_transaction_isolation = 'read committed'",
    'set jit = off',
    'set max_parallel_workers_per_gather = 0',
    "set work_mem = '64MB'",
    "set lock_timeout = '5s'",
    "set idle_in_transaction_session_timeout = '30s'",
    `set statement_timeout = ${options.statementTimeoutMs}`,
    ...(options.side === 'source' ? ['set default_transaction_read_only = on'] : []),
  ].join('; ');
}

/** What pg says when an answer is overdue. */
const OVERDUE = /^Query read timeout$/;

/**
 * Connects, pins the settings, and asks to be let in where there is a limit. Throws SyncError: unreachable, auth, database,
 * TLS, `too_many_connections`, or the server's refusal.
 */
export async function openSession(connection: Connection, options: SessionOptions): Promise<Session> {
  const { side } = options;
  const name = options.connectionLimit === undefined ? options.applicationName : ASKING;
  const { client, guard } = await connect(connection, side, options.rules, name);
  let limitMs = options.statementTimeoutMs;
  /** Ends the connection for good when an answer is overdue: nothing sent on it can be answered in order any more. */
  const answered = async <T>(answer: (deadline: { query_timeout?: number }) => Promise<T>): Promise<T> => {
    guard.expect('collected');
    try {
      return await answer(limitMs > 0 ? { query_timeout: limitMs + (options.answerGraceMs ?? ANSWER_GRACE_MS) } : {});
    } catch (e) {
      if (OVERDUE.test((e as Error).message)) await client.end().catch(() => undefined);
      throw translate(e, side);
    }
  };
  const query: Session['query'] = async (text, values = []) => {
    const result = await answered((deadline) =>
      client.query({ text, values: [...values], rowMode: 'array', ...deadline }),
    );
    return result.rows;
  };
  const run = async (text: string) => {
    await answered((deadline) => client.query({ text, ...deadline }));
  };
  const { stream } = client.connection;
  const tellTraffic = () => {
    const { bytesRead: received = 0, bytesWritten: sent = 0 } = stream as Partial<Socket>; // a Duplex to the driver
    options.onTraffic?.(side, { received: received - told.received, sent: sent - told.sent });
    told = { received, sent };
  };
  let told = { received: 0, sent: 0 }; // a session may be ended twice
  const session: Session = {
    side,
    query,
    run,
    stream(copy) {
      guard.expect('streamed');
      return client.query(copy);
    },
    translate: (error) => translate(error, side),
    async transaction(work, settings = '', statementTimeoutMs = options.statementTimeoutMs) {
      const limit =
        statementTimeoutMs === options.statementTimeoutMs
          ? ''
          : `; set local statement_timeout = ${statementTimeoutMs}`;
      limitMs = statementTimeoutMs;
      try {
        await run(`begin; ${settings}${limit}`);
        await fp('tx.begin');
        const result = await work();
        await Promise.all([run('commit'), fp('commit.sent')]);
        await fp('commit.done');
        return result;
      } catch (e) {
        await run('rollback').catch(() => undefined); // the connection may be gone; then the server rolls back
        throw e;
      } finally {
        limitMs = options.statementTimeoutMs;
      }
    },
    end: () =>
      client
        .end()
        .catch(() => undefined)
        .then(tellTraffic),
  };
  try {
    await run(pins(options));
    if (options.maskKey)
      await query(`select pg_catalog.set_config('${MASK_KEY_SETTING}', $1, false)`, [options.maskKey.reveal()]);
    const limit = options.connectionLimit;
    if (limit !== undefined) {
      const sessions = await admit(session, { name: options.applicationName, limit, shares: options.shares ?? false });
      options.onAdmitted?.(sessions);
    }
  } catch (e) {
    await session.end();
    throw e;
  }
  return session;
}
