import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { GivenConnection, PairRequest } from './api.ts';
import { CommandError, EXIT } from './exit.ts';
import type { Io } from './io.ts';
import { Logins } from './logins.ts';

/** What the command line says of both sides. */
export interface GivenPair {
  readonly source?: string;
  readonly target?: string;
  readonly sourceEnv?: string;
  readonly targetEnv?: string;
}

/** Reads what may not stand on a command line: from the environment, a file, or lines of standard input. */
export class Secrets {
  readonly #io: Io;
  #lines: AsyncIterator<string> | undefined;

  constructor(io: Io) {
    this.#io = io;
  }

  /**
   * A connection string: as given, `-` for the next line of standard input, else from the environment; with the certificates of
   * the file that TFSYNC_SOURCE_CA or TFSYNC_TARGET_CA names.
   */
  async connection(side: 'source' | 'target', given: string | undefined): Promise<GivenConnection> {
    return this.verifiedBy(await this.#url(side, given), this.#io.env[`TFSYNC_${side.toUpperCase()}_CA`]);
  }

  /** A connection with the certificates of a PEM file, where one is named. */
  verifiedBy(url: string, file: string | undefined): GivenConnection {
    return file ? { url, ca_certificate: this.#read(file, 'certificate file') } : url;
  }

  async #url(side: 'source' | 'target', given: string | undefined): Promise<string> {
    const variable = `TFSYNC_${side.toUpperCase()}`;
    const text = given === '-' ? await this.#ask(`${side} connection string: `) : (given ?? this.#io.env[variable]);
    if (text) return text;
    throw new CommandError(`The ${side} is missing: use --${side} URL, --${side} - or ${variable}.`, EXIT.refused);
  }

  /** Where a webhook leads, which may be a secret: as given, or `-` for the next line of standard input. */
  async webhookUrl(given: string): Promise<string> {
    return given === '-' ? this.#ask('URL: ') : given;
  }

  /** A connection string that only the command line can name: as given, or `-` for the next line of standard input. */
  async line(given: string): Promise<string> {
    return given === '-' ? this.#ask('connection string: ') : given;
  }

  /** One side: the name of an environment where one is given, else a connection. */
  async side(side: 'source' | 'target', given: GivenPair): Promise<PairRequest> {
    const name = given[`${side}Env`];
    if (name !== undefined) return { [`${side}_environment`]: name };
    return { [`${side}_connection`]: await this.connection(side, given[side]) };
  }

  /** Both sides, the source first. */
  async pair(given: GivenPair): Promise<PairRequest> {
    const source = await this.side('source', given);
    return { ...source, ...(await this.side('target', given)) };
  }

  /** Those sides that are named in any way. */
  async someSides(given: GivenPair): Promise<PairRequest> {
    const { TFSYNC_SOURCE, TFSYNC_TARGET } = this.#io.env;
    const source = (given.sourceEnv ?? given.source ?? TFSYNC_SOURCE) ? await this.side('source', given) : {};
    const target = (given.targetEnv ?? given.target ?? TFSYNC_TARGET) ? await this.side('target', given) : {};
    return { ...source, ...target };
  }

  /** `--token-file` (`-` is standard input), TFSYNC_TOKEN, that of `tfsync login`, or the local service's own file for a local address. */
  async token(file: string | undefined, url: URL): Promise<string | undefined> {
    if (file === '-') return this.#ask('token: ');
    if (file !== undefined) return this.#read(file, 'token file');
    if (this.#io.env.TFSYNC_TOKEN) return this.#io.env.TFSYNC_TOKEN;
    const login = new Logins(this.#io.env).of(url);
    if (login) return login.token;
    if (!['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)) return undefined;
    return readIfThere(join(this.#io.cwd, '.terrafusion', 'token'));
  }

  #read(file: string, what: string): string {
    const text = readIfThere(file);
    if (text) return text;
    throw new CommandError(`The ${what} ${file} is missing or empty.`, EXIT.refused);
  }

  async #ask(prompt: string): Promise<string> {
    const { stdin, stderr } = this.#io;
    if (!this.#lines) {
      const terminal = stdin.isTTY === true;
      const silent = new Writable({ write: (_chunk, _encoding, done) => done() }); // what is typed is not shown
      const lines = createInterface({ input: stdin, output: silent, terminal });
      lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT')); // a terminal in raw mode sends none itself
      this.#lines = lines[Symbol.asyncIterator]();
    }
    if (stdin.isTTY) stderr.write(prompt);
    const { value, done } = await this.#lines.next();
    if (stdin.isTTY) stderr.write('\n');
    if (!done && value.trim() !== '') return value.trim();
    throw new CommandError(`Standard input has no line for the ${prompt.replace(': ', '')}.`, EXIT.refused);
  }

  /** Lets go of standard input, so that the process can end. */
  async close(): Promise<void> {
    await this.#lines?.return?.();
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
