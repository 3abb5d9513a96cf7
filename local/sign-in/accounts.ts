import { randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import { ROLES, type Role } from '../../lib/model/roles.ts';
import { writePrivateFile } from '../files.ts';

/** A person of this machine's own identity provider: one for each role, with its name. */
export interface Account {
  readonly role: Role;
  /** As `sub` and `username` stand in tokens. */
  readonly id: string;
}

export const accountOf = (role: Role): Account => ({ role, id: `local-${role}` });

/** Finds an account by what tokens call it. */
export const accountById = (id: string): Account | undefined => ROLES.map(accountOf).find((one) => one.id === id);

export interface Accounts {
  /** Undefined where name and password do not belong together. */
  signIn(name: string, password: string): Account | undefined;
}

const fileSchema = z.record(z.enum(ROLES), z.string().min(16));

/** 96 bits, so that guessing needs no limit. */
const PASSWORD_BYTES = 12;

/**
 * The accounts and their passwords: made on first use, in a file that only its owner may read. Whoever else can reach the
 * port of the provider, on this machine, cannot sign in.
 */
export function loadAccounts(file: string): Accounts {
  if (!existsSync(file)) {
    const made = ROLES.map((role) => [role, randomBytes(PASSWORD_BYTES).toString('base64url')]);
    writePrivateFile(file, `${JSON.stringify(Object.fromEntries(made), null, 2)}\n`);
  }
  const passwords = fileSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  return {
    signIn: (name, password) => {
      const role = ROLES.find((one) => one === name.trim().toLowerCase());
      return role && same(passwords[role], password.trim()) ? accountOf(role) : undefined;
    },
  };
}

function same(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
