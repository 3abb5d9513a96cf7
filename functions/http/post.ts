import { lookup } from 'node:dns/promises';
import { request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { SyncError } from '../../lib/model/errors.ts';
import {
  hostOf,
  mayDeliver,
  mayResolveFor,
  urlProblem,
  type WebhookHosts,
} from '../../lib/notifications/webhook-hosts.ts';
import type { Post } from '../../lib/ports.ts';

export interface PostOptions {
  readonly hosts: () => WebhookHosts;
  readonly userAgent: () => string;
  /** Default: the system's resolver. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  readonly limits?: Partial<Limits>;
}

interface Limits {
  /** Until the headers of the answer are there, the resolver's time included. */
  readonly answerMs: number;
}

/** Receivers answer at once and work afterwards; a slow one would keep the others waiting. */
const LIMITS: Limits = { answerMs: 10_000 };

/** Headers of an answer; its body is not read at all. */
const HEADER_BYTES = 16_384;

const bySystem = async (host: string) => (await lookup(host, { all: true })).map((found) => found.address);

/** One text, whatever the reason: it must not tell which hosts exist or where they point. */
const refused = () => new SyncError('host_not_allowed', 'this deployment does not connect to that host');

const unreachable = (reason: string) =>
  new SyncError('webhook_unreachable', `the receiver gives no answer: ${reason}`, { facts: { reason } });

/** Why nobody answered, in a word: Node's messages may name addresses. */
function reasonOf(error: unknown): string {
  const { code, name } = error as NodeJS.ErrnoException; // both optional in what Node throws
  if (name === 'AbortError' || name === 'TimeoutError') return 'timeout';
  if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(code ?? '')) return 'tls';
  if (code === 'ECONNREFUSED') return 'refused';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'unknown_host';
  return /^(HPE_|ERR_HTTP)/.test(code ?? '') ? 'no_http' : 'connection_lost';
}

/** The one address of these that the connection goes to: nobody is asked a second time, when the answer could be another. */
const pinned =
  (address: string): LookupFunction =>
  (_host, options, done) => {
    const family = isIP(address);
    if (options.all) done(null, [{ address, family }]);
    else done(null, address, family);
  };

/**
 * Posts over a connection of its own, to an address that was checked, and verifies the name's certificate. A redirect is an
 * answer like any other. The connection is closed when the headers of the answer are there.
 */
export function poster({ hosts, userAgent, resolve = bySystem, limits }: PostOptions): Post {
  const { answerMs } = { ...LIMITS, ...limits };
  return async ({ url: secretUrl, headers, body }) => {
    const url = new URL(secretUrl.reveal());
    const host = hostOf(url);
    const signal = AbortSignal.timeout(answerMs);
    const late = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(unreachable('timeout')), { once: true });
    });
    late.catch(() => undefined); // also where nobody waits for it any more
    if (urlProblem(url.href, hosts()) !== undefined || !mayResolveFor(hosts(), host)) throw refused();
    const found = isIP(host) === 0 ? Promise.race([resolve(host), late]) : [host];
    const addresses = await Promise.resolve(found).catch((error: unknown) => {
      throw error instanceof SyncError ? error : unreachable(reasonOf(error));
    });
    const [address] = addresses;
    if (address === undefined || !mayDeliver(hosts(), host, addresses)) throw refused();

    const sent = {
      method: 'POST',
      signal,
      agent: false, // no connection is used twice: it would have passed the check of another delivery
      lookup: pinned(address),
      maxHeaderSize: HEADER_BYTES,
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)), 'user-agent': userAgent() },
    } as const;
    const status = await new Promise<number>((done, failed) => {
      const call =
        url.protocol === 'https:'
          ? overHttps(url, {
              ...sent,
              rejectUnauthorized: true,
              minVersion: 'TLSv1.2',
              ...(isIP(host) === 0 && { servername: host }),
            })
          : overHttp(url, sent);
      call.on('response', (answer) => {
        done(answer.statusCode ?? 0);
        answer.destroy();
      });
      call.on('error', failed);
      call.end(body);
    }).catch((error: unknown) => {
      throw unreachable(signal.aborted ? 'timeout' : reasonOf(error));
    });
    return { status };
  };
}
