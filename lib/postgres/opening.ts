import type { Connection, Side } from '../model/connection.ts';
import type { ConnectAs } from '../ports.ts';
import type { ConnectionRules } from './connect.ts';
import { type OnTraffic, openSession, type Session } from './session.ts';

export interface OpeningOptions {
  readonly rules: ConnectionRules;
  /** With `ConnectAs.name` it makes the application_name. */
  readonly version: string;
  /** How many sessions of this service may work on one server at once; absent: as many as it takes. */
  readonly connectionLimit?: number;
  /** Jobs share these sessions between them: see `mayEnter`. */
  readonly shares?: boolean;
  /** Is told how many sessions of this service work on a server, each time that one was let in. */
  readonly onAdmitted?: (sessions: number) => void;
  /** Told, when a session ends, how many bytes came from the server and went to it. */
  readonly onTraffic?: OnTraffic;
  /** How much longer than its limit the answer of a statement may be overdue; default 10 s. */
  readonly answerGraceMs?: number;
}

/** Opens sessions under the names and limits of a deployment. */
export const opener =
  (options: OpeningOptions) =>
  (side: Side, connection: Connection, as: ConnectAs): Promise<Session> =>
    openSession(connection, {
      side,
      applicationName: `terrafusion-sync/${options.version} ${as.name}`.slice(0, 63),
      rules: options.rules,
      ...(options.connectionLimit !== undefined && { connectionLimit: options.connectionLimit }),
      ...(options.shares !== undefined && { shares: options.shares }),
      ...(options.onAdmitted && { onAdmitted: options.onAdmitted }),
      statementTimeoutMs: as.statementTimeoutMs,
      ...(as.maskKey && { maskKey: as.maskKey }),
      ...(options.onTraffic && { onTraffic: options.onTraffic }),
      ...(options.answerGraceMs !== undefined && { answerGraceMs: options.answerGraceMs }),
    });
