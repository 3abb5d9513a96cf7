import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { CommandError, EXIT } from './exit.ts';

const loginSchema = z.object({
  token: z.string().min(1),
  /** Who was signed in, for people. */
  name: z.string(),
  issuer: z.string(),
  /** Ms since 1970. */
  expires_at_ms: z.number(),
});
const fileSchema = z.record(z.string(), loginSchema);

export type Login = z.infer<typeof loginSchema>;

/** Tokens that `tfsync login` got, by the origin of the service, in a file that only its owner may read. */
export class Logins {
  readonly #file: string | undefined;

  constructor({ XDG_CONFIG_HOME: config, HOME: home }: Readonly<Record<string, string | undefined>>) {
    const folder = config || (home && join(home, '.config'));
    this.#file = folder ? join(folder, 'tfsync', 'logins.json') : undefined;
  }

  /** Undefined without a login for this service, or when it has ended. */
  of(service: URL, nowMs = Date.now()): Login | undefined {
    const login = this.#read()[service.origin];
    return login && login.expires_at_ms > nowMs ? login : undefined;
  }

  keep(service: URL, login: Login): void {
    this.#write({ ...this.#read(), [service.origin]: login });
  }

  /** False where there was none. */
  forget(service: URL): boolean {
    const { [service.origin]: found, ...others } = this.#read();
    if (found) this.#write(others);
    return found !== undefined;
  }

  #read(): Readonly<Record<string, Login>> {
    if (this.#file === undefined) return {};
    try {
      return fileSchema.parse(JSON.parse(readFileSync(this.#file, 'utf8')));
    } catch {
      return {}; // not there, or of another version: a new login writes it anew
    }
  }

  #write(logins: Readonly<Record<string, Login>>): void {
    const file = this.#file;
    if (file === undefined) throw new CommandError('There is no HOME to keep the login in.', EXIT.refused);
    if (Object.keys(logins).length === 0) {
      rmSync(file, { force: true });
      return;
    }
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const draft = `${file}.${process.pid}.tmp`;
    writeFileSync(draft, `${JSON.stringify(logins, null, 2)}\n`, { mode: 0o600 });
    renameSync(draft, file);
  }
}
