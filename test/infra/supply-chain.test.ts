import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { deployedPackages, type LockedPackage, lockedPackages } from '../support/lockfile.ts';

const { dependencies, devDependencies, optionalDependencies, allowScripts } = JSON.parse(
  readFileSync('package.json', 'utf8'),
);
const label = (p: LockedPackage) => `${p.name} ${p.version} ${p.license}`;

/** Licences that ask for nothing but their own text. */
const PERMISSIVE = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'];
/** Of tools that are run and not passed on. */
const OF_TOOLS = [...PERMISSIVE, 'BlueOak-1.0.0', 'MPL-2.0', 'MIT OR Apache-2.0', '(MIT OR GPL-3.0-or-later)'];

test('every direct dependency is one exact version', () => {
  const wanted = Object.entries<string>({ ...dependencies, ...devDependencies, ...optionalDependencies });

  expect(wanted.length).toBeGreaterThan(20);
  expect(wanted.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
});

test('every package is proven by its hash and comes from the npm registry', () => {
  const packages = lockedPackages();
  const elsewhere = (p: LockedPackage) => p.resolved && !p.resolved.startsWith('https://registry.npmjs.org/');

  expect(packages.length).toBeGreaterThan(100);
  expect(packages.filter((p) => !p.inBundle && !p.integrity?.startsWith('sha512-')).map(label)).toEqual([]);
  expect(packages.filter(elsewhere).map(label)).toEqual([]);
});

test('what is deployed has a permissive licence, and what is used to make it has a known one', () => {
  const deployed = deployedPackages();

  expect(deployed.length).toBeGreaterThan(30);
  expect(deployed.filter((p) => !PERMISSIVE.includes(p.license ?? '')).map(label)).toEqual([]);
  expect(
    lockedPackages()
      .filter((p) => !OF_TOOLS.includes(p.license ?? ''))
      .map(label),
  ).toEqual([]);
});

test('only packages that are named run scripts when they are installed', () => {
  const running = lockedPackages().filter((p) => p.hasInstallScript && p.name !== 'fsevents');

  expect(running.map((p) => p.name).filter((name) => !allowScripts[name])).toEqual([]);
});
