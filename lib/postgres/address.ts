import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { SyncError } from '../model/errors.ts';
import { type HostPolicy, mayConnect, mayResolve } from '../model/host-policy.ts';

/** Which hosts are allowed, and who knows their addresses; default: the system's resolver. */
export interface HostRules {
  readonly hosts: HostPolicy;
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

/** One text, whatever the reason: it must not tell which hosts exist or where they point. */
const refused = () => new SyncError('host_not_allowed', 'this deployment does not connect to that host');

const CANNOT_BE_FOUND = 'ENOTFOUND';

/**
 * The addresses of a host, all of them checked, IPv4 and IPv6 in the resolver's order. Who connects, connects to one of
 * these and does not ask again: a second answer could be another one. Throws `host_not_allowed`, before anything is
 * asked where no answer could help; else what the resolver throws, or ENOTFOUND when it does not answer in time.
 */
export async function addressesOf(
  host: string,
  { hosts: policy, resolve = bySystem }: HostRules,
  timeoutMs: number,
): Promise<readonly string[]> {
  if (!mayResolve(policy, host)) throw refused();
  const addresses = isIP(host) === 0 ? await inTime(resolve(host), timeoutMs) : [host];
  if (!mayConnect(policy, host, addresses)) throw refused();
  return addresses;
}

const bySystem = async (host: string) => (await lookup(host, { all: true })).map((found) => found.address);

async function inTime<T>(answer: Promise<T>, timeoutMs: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(Object.assign(new Error('the resolver does not answer'), { code: CANNOT_BE_FOUND })),
    timeoutMs,
  );
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
