import type { IamSignIn } from './iam-sign-in.ts';
import type { Secret } from './secret.ts';

export type Side = 'source' | 'target';

export const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];

/** One database, as the strict parser read it. The string itself is not kept. */
export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password?: Secret;
  readonly sslmode?: SslMode;
  /** PEM certificates: whose signatures are believed, in place of everybody else's. */
  readonly authorities?: string;
  /** In place of a password. */
  readonly iam?: IamSignIn;
}

/**
 * What a database says of itself. Two connections with the same identity are the same database or physical copies of one:
 * a restored backup and a standby keep both numbers.
 */
export interface ServerIdentity {
  /** `system_identifier` of the cluster, as text: it is a 64-bit number. */
  readonly system_identifier: string;
  readonly database_oid: string;
  /** `server_version_num`, e.g. 180004. */
  readonly version_num: number;
}

/** Who and what the server is, and whether it takes writes. */
export interface ServerFacts extends ServerIdentity {
  readonly readOnly: boolean;
  /** May this role set session_replication_role? */
  readonly maySuppressTriggers: boolean;
  /** May this role create the control schema, or does it own one already? */
  readonly mayKeepControlSchema: boolean;
  readonly role: string;
  /** Its name. */
  readonly database: string;
  /** A standby, or read-only by its own settings, whatever this service asks for. */
  readonly refusesWrites?: boolean;
  /** Replays the log of another server, and sees no transactions of it. */
  readonly standby: boolean;
  /** May this role see when the transactions of other sessions began? */
  readonly maySeeTransactions: boolean;
}

/** A connection for people: no password, ever. */
export interface ConnectionView {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

export function connectionView(c: ConnectionView): ConnectionView {
  return { host: c.host, port: c.port, database: c.database, user: c.user };
}
