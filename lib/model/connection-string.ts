import { isIPv6 } from 'node:net';
import { type Connection, SSL_MODES, type SslMode } from './connection.ts';
import type { ErrorCode, Problem } from './errors.ts';
import { readSignIn } from './iam-sign-in.ts';
import { Secret } from './secret.ts';
import { type TlsMode, type TlsPolicy, tlsMeaning } from './tls.ts';

export type ParsedConnection =
  | { readonly ok: true; readonly connection: Connection }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Longer than any real one; a bound on what an error answer can cost. */
const MAX_CHARACTERS = 2048;
const DEFAULT_PORT = 5432;

/**
 * Parameters other clients accept; only these are named in a message. Any other word after the question mark may be a
 * piece of a password that was not percent-encoded.
 */
const KNOWN_PARAMETERS = new Set(
  `application_name channel_binding client_encoding connect_timeout dbname fallback_application_name gssencmode host
   hostaddr keepalives keepalives_idle keepalives_interval krbsrvname load_balance_hosts options passfile password
   port replication requiressl search_path service ssl ssl_max_protocol_version ssl_min_protocol_version sslcert
   sslcompression sslcrl sslkey sslnegotiation sslpassword sslrootcert sslsni statement_timeout target_session_attrs
   tcp_user_timeout uselibpqcompat user`.split(/\s+/),
);

/**
 * Reads one connection string, strictly:
 *
 *     postgresql://user:password@host:port/database?sslmode=...
 *     postgresql://user@host:port/database?auth=iam&region=...
 *
 * User, password and database are percent-decoded. Reports everything that is wrong at once; no message holds any part
 * of the text, because the text may hold a password in any place. The text is never handed to a driver or to `URL`:
 * both let a parameter override the host, and the error of `URL` carries its input.
 */
export function parseConnection(text: unknown, field: string): ParsedConnection {
  const problems: Problem[] = [];
  const report = (code: ErrorCode, message: string, hint?: string) => {
    if (problems.some((p) => p.code === code && p.message === message)) return;
    problems.push({ code, message, field, ...(hint !== undefined && { hint }) });
  };

  const parts = split(text, report);
  if (!parts) return { ok: false, problems };
  const userinfo = readUserinfo(parts.userinfo, report);
  const address = readAddress(parts.hostport, report);
  const database = readDatabase(parts.path, report);
  const { sslmode, auth, region } = readQuery(parts.query, report);
  const iam =
    address && readSignIn({ auth, region, host: address.host, hasPassword: userinfo?.password !== undefined });
  if (typeof iam === 'string') report('connection_auth_invalid', iam);

  if (problems.length > 0 || !userinfo || !address || database === undefined || typeof iam === 'string')
    return { ok: false, problems };
  return {
    ok: true,
    connection: { ...address, database, ...userinfo, ...(sslmode && { sslmode }), ...(iam && { iam }) },
  };
}

/** What the connection's sslmode means under a deployment's policy, or the problem `tls_required`. */
export function tlsMode(
  connection: Parameters<typeof tlsMeaning>[0],
  policy: TlsPolicy,
  field?: string,
): { readonly ok: true; readonly mode: TlsMode } | { readonly ok: false; readonly problem: Problem } {
  const mode = tlsMeaning(connection, policy);
  if (mode !== 'refused') return { ok: true, mode };
  return {
    ok: false,
    problem: {
      code: 'tls_required',
      message: `sslmode=${connection.sslmode} does not verify the server, and this deployment or the connection demands that`,
      ...(field !== undefined && { field }),
      hint: 'use sslmode=verify-full, or leave sslmode out',
    },
  };
}

type Report = (code: ErrorCode, message: string, hint?: string) => void;

interface Parts {
  readonly userinfo: string | undefined;
  readonly hostport: string;
  readonly path: string;
  readonly query: string;
}

/** Cuts the text at its separators; undefined where the cuts would be guesses. */
function split(text: unknown, report: Report): Parts | undefined {
  if (text === undefined) {
    report('required', 'expected a connection string');
    return undefined;
  }
  if (typeof text !== 'string') {
    report('type_string', 'expected a connection string');
    return undefined;
  }
  if (text.length > MAX_CHARACTERS) {
    report('connection_invalid', `longer than ${MAX_CHARACTERS} characters`);
    return undefined;
  }
  if (hasControl(text) || /\s/.test(text) || !text.isWellFormed()) {
    report(
      'connection_invalid',
      'holds a space, a control character or a broken character',
      'percent-encode it: a space is %20',
    );
    return undefined;
  }

  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme === 'socket' || scheme === 'unix' || text.startsWith('/')) {
    report('connection_socket_not_allowed', 'a Unix socket cannot be used');
    return undefined;
  }
  if (scheme === undefined) {
    report('connection_invalid', 'expected postgresql://user:password@host:port/database');
    return undefined;
  }
  if (scheme !== 'postgresql' && scheme !== 'postgres') {
    report('connection_scheme', 'expected a URL that starts with postgresql:// or postgres://');
    return undefined;
  }
  const rest = text.slice(scheme.length + 1);
  if (!rest.startsWith('//')) {
    report('connection_invalid', 'expected // after the scheme');
    return undefined;
  }

  // One @ at most, and before any of / ? #. Otherwise a special character of the password stands there unencoded, and
  // a piece of the password would be taken for a host, database or parameter, and shown as one.
  const [, authority = '', tail = ''] = /^\/\/([^/?#]*)(.*)$/.exec(rest) ?? [];
  const pieces = authority.split('@');
  if (pieces.length > 2 || tail.includes('@')) {
    report(
      'connection_invalid',
      'holds an @ where none may stand',
      'percent-encode the special characters of user, password and database: @ is %40, / is %2F, ? is %3F, # is %23',
    );
    return undefined;
  }
  if (tail.includes('#')) report('connection_invalid', 'holds a fragment (#)', 'write # as %23');
  const [, path = '', query = ''] = /^([^?#]*)(?:\?([^#]*))?/.exec(tail) ?? [];
  const [first = '', second] = pieces;
  return { userinfo: second === undefined ? undefined : first, hostport: second ?? first, path, query };
}

function readUserinfo(userinfo: string | undefined, report: Report): { user: string; password?: Secret } | undefined {
  const [, rawUser = '', rawPassword = ''] = /^([^:]*):?(.*)$/.exec(userinfo ?? '') ?? [];
  const user = decode(rawUser, 'the user', report);
  const password = decode(rawPassword, 'the password', report);
  if (rawUser === '') report('connection_user_required', 'expected a user before the host');
  if (!user || password === undefined) return undefined;
  return { user, ...(password !== '' && { password: new Secret(password) }) };
}

function readAddress(hostport: string, report: Report): { host: string; port: number } | undefined {
  if (hostport.includes(',')) {
    report('connection_multihost', 'expected one host, found several');
    return undefined;
  }
  if (/^(%2f|%40|~|\.\.?$)/i.test(hostport)) {
    report('connection_socket_not_allowed', 'a Unix socket cannot be used');
    return undefined;
  }
  const cut = /^(?:\[([^\]]*)\]|([^[\]:]*))(?::([^:]*))?$/.exec(hostport);
  if (!cut) {
    report('connection_invalid', 'expected host or host:port', 'write an IPv6 address in brackets: [::1]');
    return undefined;
  }
  const [, bracketed, name = '', rawPort] = cut;
  const host = bracketed === undefined ? readName(name, report) : readIPv6(bracketed, report);
  if (rawPort !== undefined && !(/^[1-9][0-9]{0,4}$/.test(rawPort) && Number(rawPort) <= 65_535)) {
    report('connection_port', 'expected a port from 1 to 65535');
    return undefined;
  }
  return host === undefined ? undefined : { host, port: rawPort === undefined ? DEFAULT_PORT : Number(rawPort) };
}

function readIPv6(text: string, report: Report): string | undefined {
  if (isIPv6(text) && !text.includes('%')) return text.toLowerCase();
  report('connection_invalid', 'expected an IPv6 address between the brackets, without a zone');
  return undefined;
}

const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const HOST_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`, 'i');
const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);

function readName(name: string, report: Report): string | undefined {
  if (name === '') {
    report('connection_host_required', 'expected a host');
    return undefined;
  }
  const last = name.split('.').at(-1) ?? '';
  // Resolvers read 2130706433, 0x7f.1 and 0177.0.0.1 as 127.0.0.1: one address must have one spelling.
  const numeric = /^([0-9]+|0x[0-9a-f]*)$/i.test(last);
  if (name.length > 253 || !HOST_NAME.test(name) || (numeric && !IPV4.test(name))) {
    report(
      'connection_invalid',
      'the host is not a DNS name, an IPv4 address of four decimal numbers, or an IPv6 address in brackets',
    );
    return undefined;
  }
  return name.toLowerCase();
}

function readDatabase(path: string, report: Report): string | undefined {
  const raw = path.slice(1);
  if (raw === '') {
    report('connection_database_required', 'expected /database after the host');
    return undefined;
  }
  if (raw.includes('/')) {
    report('connection_invalid', 'expected one name after the host, found a path', 'write a / in a name as %2F');
    return undefined;
  }
  return decode(raw, 'the database', report);
}

const PARAMETERS = ['sslmode', 'auth', 'region'] as const;
type Said = { readonly [P in (typeof PARAMETERS)[number]]?: string };

function readQuery(query: string, report: Report): Omit<Said, 'sslmode'> & { readonly sslmode?: SslMode | undefined } {
  const said: { -readonly [P in keyof Said]: Said[P] } = {};
  for (const pair of query === '' ? [] : query.split('&')) {
    const [, key = '', value = ''] = /^([^=]*)=?(.*)$/.exec(pair) ?? [];
    const parameter = PARAMETERS.find((known) => known === key);
    if (!parameter) {
      const name = KNOWN_PARAMETERS.has(key) ? key : undefined;
      report('connection_param_not_allowed', `the parameter ${name ?? 'after the question mark'} is not accepted`);
    } else if (said[parameter] !== undefined) {
      report('connection_param_not_allowed', `the parameter ${parameter} is given twice`);
    } else {
      said[parameter] = value;
    }
  }
  const sslmode = SSL_MODES.find((mode) => mode === said.sslmode);
  if (said.sslmode !== undefined && !sslmode)
    report('connection_sslmode', `expected sslmode to be one of ${SSL_MODES.join(', ')}`);
  return { ...said, sslmode };
}

/** Strict percent-decoding: every % starts a full escape, the result is UTF-8 without control characters. */
function decode(raw: string, what: string, report: Report): string | undefined {
  let text: string | undefined;
  try {
    text = decodeURIComponent(raw);
  } catch {
    // The error is dropped: it would say nothing more, and must not carry the input.
  }
  if (text !== undefined && !hasControl(text)) return text;
  report(
    'connection_invalid',
    text === undefined
      ? `${what} is not valid percent-encoding of UTF-8 text`
      : `${what} holds a NUL or another control character`,
    text === undefined ? 'write a % as %25' : undefined,
  );
  return undefined;
}

function hasControl(text: string): boolean {
  return /\p{Cc}/u.test(text);
}
