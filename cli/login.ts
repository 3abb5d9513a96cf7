import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Command, InvalidArgumentError } from 'commander';
import * as z from 'zod';
import { CLI_CALLBACK, CLIENT_CONFIG_PATH, type SignInInfo } from '../lib/model/sign-in.ts';
import {
  beginning,
  claimsOf,
  discover,
  exchange,
  type Pending,
  readCallback,
  SignInError,
} from '../lib/sign-in/oidc.ts';
import { CommandError, EXIT } from './exit.ts';
import { harmless } from './format.ts';
import type { Io } from './io.ts';
import { type Login, Logins } from './logins.ts';

export interface LoginProgram {
  readonly io: Io;
  addressOf(options: { readonly url: string }): URL;
}

/** A person who does not come back in this time has given up. */
const WAIT_MS = 10 * 60_000;
/** What providers say of tokens that they give no time for. */
const USUAL_SECONDS = 3600;

const configSchema = z.object({
  sign_in: z.object({ issuer: z.url(), client_id: z.string(), scope: z.string() }).nullable(),
});

/** True where others on the way can read what is sent. */
export const isOpen = ({ protocol, hostname }: URL): boolean =>
  protocol === 'http:' && !/^(127\.|localhost$|\[::1\]$)/.test(hostname);

/** Adds `tfsync login` and `tfsync logout`. */
export function addLoginCommands(program: Command, { io, addressOf }: LoginProgram): void {
  program
    .command('login')
    .description('sign in with the identity provider of the service, in a browser on this machine')
    .option(
      '--port <n>',
      'where the browser leads back to, on this machine',
      toPort,
      Number(new URL(CLI_CALLBACK).port),
    )
    .addHelpText('before', 'Example:\n  tfsync --url https://sync.county.example login\n')
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<{ url: string; port: number }>();
      const login = await signIn(addressOf(options), options.port, io);
      const until = new Date(login.expires_at_ms).toISOString().replace(/\.\d+Z$/, 'Z');
      io.stderr.write(`Signed in as ${harmless(login.name)} until ${until.replace('T', ' ')}.\n`);
    });

  program
    .command('logout')
    .description('forget the token that tfsync login got')
    .addHelpText('before', 'Example:\n  tfsync --url https://sync.county.example logout\n')
    .action((_options, command: Command) => {
      const address = addressOf(command.optsWithGlobals<{ url: string }>());
      const had = new Logins(io.env).forget(address);
      const rest = 'The browser may still be signed in at the identity provider.';
      io.stderr.write(had ? `Signed out of ${address.host}. ${rest}\n` : `Not signed in at ${address.host}.\n`);
    });
}

async function signIn(service: URL, port: number, io: Io): Promise<Login> {
  if (isOpen(service))
    throw new CommandError(
      `${service.host} is called unencrypted: whoever is on the way could lead you astray.`,
      EXIT.refused,
    );
  try {
    const info = await askService(service, io);
    const redirect = new URL(CLI_CALLBACK);
    redirect.port = String(port);
    const endpoints = await discover(info.issuer, io.fetch);
    const { url, pending } = await beginning(info, endpoints, { redirectUri: redirect.href, returnTo: '' });
    const code = await waitForCode(port, pending, io, () =>
      io.stderr.write(`Open this address in a browser on this machine:\n\n  ${harmless(url)}\n\n`),
    );
    const { token, grant } = await exchange(code, pending, io.fetch, Date.now());
    // no refresh token is kept: two commands that renew at once would end the login of both
    const login = {
      token,
      name: nameOf(token),
      issuer: info.issuer,
      expires_at_ms: grant.expiresAtMs ?? Date.now() + USUAL_SECONDS * 1000,
    };
    new Logins(io.env).keep(service, login);
    return login;
  } catch (error) {
    if (error instanceof SignInError) throw new CommandError(harmless(error.message), EXIT.refused);
    throw error;
  }
}

async function askService(service: URL, io: Io): Promise<SignInInfo> {
  const unfit = `${service.origin} does not say how to sign in. Is it the address of the service?`;
  const answer = await io
    .fetch(new URL(CLIENT_CONFIG_PATH, service), { signal: io.interrupted, redirect: 'error' })
    .then((r) => r.json())
    .catch(() => undefined);
  const found = configSchema.safeParse(answer);
  if (!found.success) throw new CommandError(unfit, EXIT.failed);
  if (found.data.sign_in) return found.data.sign_in;
  throw new CommandError(
    'This service names no client to sign in with. Use TFSYNC_TOKEN or --token-file.',
    EXIT.refused,
  );
}

/** Listens on this machine until the browser brings the answer to `pending`; `ready` is called when it may come. */
function waitForCode(port: number, pending: Pending, io: Io, ready: () => void): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const path = new URL(CLI_CALLBACK).pathname;
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', CLI_CALLBACK);
    // any page of the browser can call here: only the answer to our own question ends the waiting
    if (request.method !== 'GET' || url.pathname !== path || url.searchParams.get('state') !== pending.state)
      return say(response, 400, 'This is not the answer that tfsync waits for.');
    try {
      resolve(readCallback(url.searchParams, pending));
      say(response, 200, 'Signed in. Close this window and go back to the command line.');
    } catch (error) {
      reject(error);
      say(response, 400, 'Not signed in. The command line says why.');
    }
  });
  server.once('error', (error: NodeJS.ErrnoException) =>
    reject(
      error.code === 'EADDRINUSE'
        ? new CommandError(`Port ${port} of this machine is in use: is another login waiting?`, EXIT.failed)
        : error,
    ),
  );
  server.listen(port, '127.0.0.1', ready);
  const late = setTimeout(() => reject(new CommandError('Nobody came back from the browser.', EXIT.failed)), WAIT_MS);
  const stop = () => reject(new CommandError('Interrupted; not signed in.', EXIT.interrupted));
  io.interrupted.addEventListener('abort', stop);
  return promise.finally(() => {
    clearTimeout(late);
    io.interrupted.removeEventListener('abort', stop);
    server.close();
    server.closeIdleConnections();
  });
}

function say(response: ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      connection: 'close',
    })
    .end(`${text}\n`);
}

function nameOf(token: string): string {
  const { username, email, preferred_username: preferred, sub } = claimsOf(token);
  return String(username ?? email ?? preferred ?? sub ?? 'somebody');
}

function toPort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port > 0 && port < 65_536) return port;
  throw new InvalidArgumentError('It must be a number from 1 to 65535.');
}
