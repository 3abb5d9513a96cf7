import { BlockList, isIP, isIPv4 } from 'node:net';

/**
 * Which database servers a deployment connects to. Made from one text, the parameter `AllowedDatabaseHosts`: entries
 * separated by commas, each
 *
 * - `db.example.org` a name, `*.example.org` every name below it, `*` every name and address;
 * - `10.1.2.3`, `10.0.0.0/8`, `fd12::/64` addresses: a name is accepted where all its addresses are;
 * - `this-machine` loopback, for a service that runs on one machine.
 *
 * Whatever the entries say, no connection goes to an address of `NEVER`, nor, without `this-machine`, to loopback.
 */
export interface HostPolicy {
  /** Decides by name alone; `undefined`: the addresses decide. */
  readonly byName: (host: string) => true | undefined;
  readonly byAddress: (address: string) => boolean;
  /** Can addresses decide at all? */
  readonly namesByAddress: boolean;
  readonly thisMachine: boolean;
}

type Net = readonly [network: string, prefix: number];

/**
 * Addresses behind which no database of a user is: the unspecified ones, link-local (cloud metadata among them, over IPv6
 * too), multicast, reserved; and IPv6 forms that carry an IPv4 address to somewhere else (NAT64, 6to4, Teredo).
 */
const NEVER: readonly Net[] = [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['2002::', 16],
  ['fd00:ec2::', 32],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

const LOOPBACK: readonly Net[] = [
  ['127.0.0.0', 8],
  ['::1', 128],
];

const family = (address: string) => (isIPv4(address) ? 'ipv4' : 'ipv6');

/** True for an address in one of these networks; an IPv4 address written as IPv6 (::ffff:a.b.c.d) counts as what it is. */
function within(nets: readonly Net[]): (address: string) => boolean {
  const list = new BlockList();
  for (const [network, prefix] of nets) list.addSubnet(network, prefix, family(network));
  return (address) => list.check(address, family(address));
}

const isNever = within(NEVER);
const isLoopback = within(LOOPBACK);

const NAME = /^(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/;

/** An address, or a network: bits beyond the prefix are ignored. Undefined for any other text. */
function asNet(entry: string): Net | undefined {
  const [network = '', prefix, ...more] = entry.split('/');
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(network)] ?? 0;
  if (bits === 0 || more.length > 0 || network.includes('%')) return undefined;
  if (prefix === undefined) return [network, bits];
  return /^(0|[1-9][0-9]{0,2})$/.test(prefix) && Number(prefix) <= bits ? [network, Number(prefix)] : undefined;
}

/** Throws RangeError that names the entry it cannot read: a policy half understood is none. */
export function parseHostPolicy(text: string): HostPolicy {
  const entries = text
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '');
  if (entries.length === 0) throw new RangeError('no database host is allowed: expected names, networks or *');
  const nets: Net[] = [];
  const names = new Set<string>();
  const suffixes: string[] = [];
  for (const entry of entries) {
    const net = asNet(entry);
    if (net) nets.push(net);
    else if (entry.startsWith('*.') && NAME.test(entry)) suffixes.push(entry.slice(1));
    else if (entry === '*' || (NAME.test(entry) && !/^[0-9.]+$/.test(entry))) names.add(entry);
    else
      throw new RangeError(
        `${JSON.stringify(entry)} is neither a host name, an address, a network, * nor this-machine`,
      );
  }
  const thisMachine = names.delete('this-machine');
  const allowed = within(nets);
  return {
    byName: (host) =>
      names.has('*') || names.has(host) || suffixes.some((suffix) => host.endsWith(suffix)) || undefined,
    byAddress: (address) => allowed(address) || (thisMachine && isLoopback(address)),
    namesByAddress: nets.length > 0 || thisMachine,
    thisMachine,
  };
}

/** May a connection go to this host, whose addresses are these? All of them must be fine: any of them may be the one. Pure. */
export function mayConnect(policy: HostPolicy, host: string, addresses: readonly string[]): boolean {
  const fine = (address: string) =>
    (isLoopback(address) ? policy.thisMachine : !isNever(address)) &&
    (policy.byName(host) ?? policy.byAddress(address));
  return addresses.length > 0 && addresses.every(fine);
}

/** Could any answer of the resolver make this host acceptable? Where not, nobody is asked. Pure. */
export function mayResolve(policy: HostPolicy, host: string): boolean {
  if (isIP(host) !== 0) return mayConnect(policy, host, [host]);
  return policy.byName(host) ?? policy.namesByAddress;
}
