import { existsSync, readFileSync } from 'node:fs';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

/**
 * Whose signatures are believed: the authorities that Node knows, and those in a PEM file where there is one. Made at the
 * first use and kept: reading some 250 certificates takes 10 to 20 ms, which each connection would pay again.
 */
export function trustIn(file: string | undefined): () => SecureContext {
  let context: SecureContext | undefined;
  return () => {
    context ??= createSecureContext({ ca: authorities(file), minVersion: 'TLSv1.2' });
    return context;
  };
}

/** Only these authorities, also where one of them is itself signed by another that is not among them. */
export const trustOnly = (pem: string): SecureContext =>
  createSecureContext({ ca: pem, minVersion: 'TLSv1.2', allowPartialTrustChain: true });

function authorities(file: string | undefined): string[] {
  const known = getCACertificates('default');
  return file !== undefined && existsSync(file) ? [...known, readFileSync(file, 'utf8')] : known;
}
