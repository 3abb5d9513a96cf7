import { BlockList, isIP, isIPv4 } from 'node:net';
import { type HostPolicy, mayConnect, parseHostPolicy } from '../model/host-policy.ts';

/**
 * Where webhooks may lead. Made from the parameter `AllowedWebhookHosts`, which reads as `AllowedDatabaseHosts` does, with one
 * difference: `*` means every host of the public internet. What lies inside of a network is reached only where it is named.
 */
export interface WebhookHosts {
  /** Every host with public addresses. */
  readonly everyPublic: boolean;
  /** Those that are named; absent: none is. */
  readonly named?: HostPolicy;
}

type Net = readonly [network: string, prefix: number, family: 'ipv4' | 'ipv6'];

/** Private networks, addresses shared behind a carrier's NAT, and those set aside for tests and documentation. */
const INSIDE: readonly Net[] = [
  ['10.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['fc00::', 7, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
];

const inside = new BlockList();
for (const net of INSIDE) inside.addSubnet(...net);
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

const family = (address: string) => (isIPv4(address) ? 'ipv4' : 'ipv6');
const isInside = (address: string) => inside.check(address, family(address));
const isLoopback = (address: string) => loopback.check(address, family(address));

/** Refuses what no connection of the service may go to: link-local, metadata, multicast and reserved addresses. */
const ANYWHERE = parseHostPolicy('*');

/** Throws RangeError that names the entry it cannot read. */
export function parseWebhookHosts(text: string): WebhookHosts {
  const entries = text.split(',').map((entry) => entry.trim());
  const named = entries.filter((entry) => entry !== '*' && entry !== '');
  const everyPublic = entries.includes('*');
  if (named.length === 0) {
    if (!everyPublic) throw new RangeError('no webhook host is allowed: expected names, networks or *');
    return { everyPublic };
  }
  return { everyPublic, named: parseHostPolicy(named.join(',')) };
}

/** May a delivery go to this host, whose addresses are these? All of them must be fine: any of them may be the one. Pure. */
export function mayDeliver({ everyPublic, named }: WebhookHosts, host: string, addresses: readonly string[]): boolean {
  const isPublic = (address: string) => !isInside(address) && mayConnect(ANYWHERE, host, [address]);
  const fine = (address: string) =>
    (named !== undefined && mayConnect(named, host, [address])) || (everyPublic && isPublic(address));
  return addresses.length > 0 && addresses.every(fine);
}

/** Could any answer of the resolver make this host acceptable? Where not, nobody is asked. Pure. */
export function mayResolveFor(hosts: WebhookHosts, host: string): boolean {
  if (isIP(host) !== 0) return mayDeliver(hosts, host, [host]);
  return hosts.everyPublic || (hosts.named?.byName(host) ?? hosts.named?.namesByAddress ?? false);
}

/** Why a URL cannot be one of a webhook; undefined: it can. Says nothing of where its name leads. Pure. */
export function urlProblem(text: string, hosts: WebhookHosts): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    return 'expected a URL that begins with https://';
  if (url.username !== '' || url.password !== '') return 'expected a URL without user and password';
  if (url.hash !== '') return 'expected a URL without #';
  if (url.protocol === 'http:' && !(hosts.named?.thisMachine && isIP(hostOf(url)) !== 0 && isLoopback(hostOf(url))))
    return 'expected https://: without TLS anybody on the way could read it';
  return undefined;
}

/** The host as sockets and resolvers take it: without the brackets of an IPv6 address, and without the root's dot. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
