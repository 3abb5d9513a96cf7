import { isIP } from 'node:net';
import type { SecureContext } from 'node:tls';
import pg from 'pg';
import type { Connection, Side } from '../model/connection.ts';
import { type ErrorCode, SyncError } from '../model/errors.ts';
import type { IamSignIn } from '../model/iam-sign-in.ts';
import type { Secret } from '../model/secret.ts';
import { type TlsMode, type TlsPolicy, tlsMeaning } from '../model/tls.ts';
import { addressesOf, type HostRules } from './address.ts';
import { NO_TLS_REMEDY, noTls, TLS_REASONS, tlsReason } from './tls-reason.ts';
import { translate } from './translate.ts';
import { trustOnly } from './trust.ts';
import { WireError, type WireGuard, wireGuard } from './wire-guard.ts';

/** What a deployment says of database connections. */
export interface ConnectionRules extends HostRules {
  readonly tls: TlsPolicy;
  /** Whose signatures are believed; absent: those whom Node believes. */
  readonly trust?: () => SecureContext;
  /** Absent: nobody signs in by IAM here. */
  readonly signIn?: SignIn;
}

/** Makes what signs a user in to one server once, in place of a password. */
export type SignIn = (at: Pick<Connection, 'host' | 'port' | 'user'> & IamSignIn) => Secret;

export interface Connected {
  readonly client: pg.Client;
  readonly guard: WireGuard;
}

/** A server that does not answer the handshake within this time is out of reach. */
const CONNECT_TIMEOUT_MS = 5_000;

/** Servers of several addresses are tried one after the other; a caller does not wait for more than these. */
const MOST_ADDRESSES = 3;

const asText = { getTypeParser: () => (value: string) => value };

function sslOption(mode: TlsMode, host: string, trust: ConnectionRules['trust']): pg.ClientConfig['ssl'] {
  if (mode === 'off') return false;
  const name = { host, ...(isIP(host) === 0 && { servername: host }) }; // the name is verified, whatever address it has
  const verified = {
    ...name,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(trust && { secureContext: trust() }),
  } as const;
  if (mode === 'verify_full') return verified;
  if (mode === 'verify_ca') return { ...verified, checkServerIdentity: () => undefined };
  return { ...name, rejectUnauthorized: false };
}

/** Whether we know who is at the other end before it asks for a password. */
const isVerified = (mode: TlsMode) => mode === 'verify_full' || mode === 'verify_ca';

interface Address {
  readonly address: string;
  readonly mode: TlsMode;
  readonly applicationName: string;
  readonly trust: ConnectionRules['trust'];
  readonly signIn: SignIn | undefined;
}

/** Made when the server asks, and for this connection alone. */
function tokenFor({ host, port, user }: Connection, { region }: IamSignIn, signIn: SignIn | undefined): Secret {
  if (!signIn) throw new SyncError('internal', 'nothing here signs in by IAM');
  return signIn({ host, port, user, region });
}

/** One attempt. The driver keeps no part of an attempt that failed. */
async function attempt(c: Connection, { address, mode, applicationName, trust, signIn }: Address): Promise<Connected> {
  let weakMethod = false;
  let proof: 'not_asked' | 'owed' | 'given' = 'not_asked';
  const client = new pg.Client({
    host: address,
    port: c.port,
    database: c.database,
    user: c.user,
    password: () => {
      if (weakMethod && !isVerified(mode)) throw weakMethodError();
      if (c.iam) return tokenFor(c, c.iam, signIn).reveal();
      return c.password?.reveal() ?? ''; // an empty one keeps the driver from looking into ~/.pgpass and PGPASSWORD
    },
    enableChannelBinding: mode !== 'off',
    ssl: sslOption(mode, c.host, trust) ?? false,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: asText as unknown as pg.CustomTypesConfig, // its overloads insist on per-format parsers
  });
  // a broken idle connection is reported by the next query; without a listener it would end the process
  client.on('error', () => undefined);
  const { connection } = client;
  const guard = wireGuard();
  connection.once(mode === 'off' ? 'connect' : 'sslconnect', () => guard.stand(connection.stream));
  for (const method of ['authenticationCleartextPassword', 'authenticationMD5Password']) {
    connection.once(method, () => {
      weakMethod = true; // before the driver asks for the password: its own listener comes later
    });
  }
  connection.once('authenticationSASL', () => {
    proof = 'owed';
  });
  connection.once('authenticationSASLFinal', () => {
    proof = 'given'; // the driver has checked it, or ends the connection
  });
  await client.connect();
  if (isOwed(proof)) {
    await client.end();
    throw new Error('SASL: the server let us in without its own proof');
  }
  return { client, guard };
}

/** The driver takes a server at its word that leaves its half of SCRAM out. */
const isOwed = (proof: string) => proof === 'owed';

function weakMethodError(): SyncError {
  return new SyncError(
    'password_method',
    'the server asks for the password in clear text or as MD5, over a connection that does not prove who it is',
  );
}

/** What pg says of an answer that is none of PostgreSQL's: another program listens there. */
const NOT_POSTGRES = /error establishing an SSL connection|received invalid response/;

/** What Node says where nobody answered at an address; the next address may. */
const NOBODY = /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EADDRNOTAVAIL)$/;

const isNobody = (error: unknown) => {
  const { code, message } = error as NodeJS.ErrnoException; // both optional in what Node and pg throw
  return NOBODY.test(code ?? '') || message === 'timeout expired';
};

/** TLS problems have no SQLSTATE; their Node codes tell them from an unreachable host. */
function connectError(error: unknown, side: Side, { sslmode }: Pick<Connection, 'sslmode'>): SyncError {
  if (error instanceof SyncError) return new SyncError(error.code, error.message, { cause: error, facts: { side } });
  const said = error as { code?: string; message?: string }; // Node and pg errors, both optional
  const { message } = said;
  const name = side === 'source' ? 'The source server' : 'The target server';
  const told = (kind: ErrorCode, text: string, facts = {}) =>
    new SyncError(kind, `${name} ${text}`, { cause: error, facts: { side, ...facts } });
  if (error instanceof WireError || NOT_POSTGRES.test(message ?? ''))
    return told('server_unsupported', 'is not PostgreSQL; PostgreSQL 14 or later is needed.');
  const reason = tlsReason(said);
  if (reason === 'no_tls') {
    const message = `${name} ${noTls(sslmode)}`;
    const problems = [{ code: 'tls_verify_failed' as const, message, side, hint: NO_TLS_REMEDY }];
    return new SyncError('tls_verify_failed', message, { cause: error, facts: { side, reason }, problems });
  }
  if (reason) return told('tls_verify_failed', TLS_REASONS[reason], { reason });
  if (/^SASL/.test(message ?? '')) return told('connection_auth_failed', 'does not prove that it knows the password.');
  const translated = translate(error, side);
  if (translated.code === `${side}_unavailable`) return told('connection_unreachable', 'cannot be reached.');
  if (translated.code === 'connection_auth_failed')
    return told('connection_auth_failed', 'refused the user or password.');
  if (translated.code === 'database_not_found') return told('database_not_found', 'has no database of that name.');
  return translated;
}

/** Tries each address until somebody answers, with or without TLS as the connection asks. */
async function connectAsAsked(c: Connection, rules: ConnectionRules, applicationName: string): Promise<Connected> {
  const mode = tlsMeaning(c, rules.tls);
  if (mode === 'refused') throw new SyncError('tls_required', `sslmode ${c.sslmode} is not accepted here.`);
  const { authorities } = c;
  const trust = authorities === undefined ? rules.trust : () => trustOnly(authorities);
  const addresses = (await addressesOf(c.host, rules, CONNECT_TIMEOUT_MS)).slice(0, MOST_ADDRESSES);
  for (const [i, address] of addresses.entries()) {
    const as = { address, mode, applicationName, trust, signIn: rules.signIn };
    try {
      return await attempt(c, as);
    } catch (error) {
      const plainServer = mode === 'opportunistic' && /does not support SSL/.test((error as Error).message);
      if (plainServer) return attempt(c, { ...as, mode: 'off' });
      if (!isNobody(error) || i === addresses.length - 1) throw error;
    }
  }
  throw new RangeError('a host has at least one address'); // addressesOf refuses one without
}

/**
 * A connection that has said who it is, to an address that the deployment allows. Throws SyncError: `host_not_allowed`,
 * unreachable, auth, database, TLS, `password_method`, or the server's refusal.
 */
export async function connect(
  connection: Connection,
  side: Side,
  rules: ConnectionRules,
  applicationName: string,
): Promise<Connected> {
  try {
    return await connectAsAsked(connection, rules, applicationName);
  } catch (error) {
    throw connectError(error, side, connection);
  }
}
