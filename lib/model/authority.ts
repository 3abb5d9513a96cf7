import { X509Certificate } from 'node:crypto';

/** A certificate authority, as people are shown it. */
export interface Authority {
  readonly subject: string;
  /** SHA-256 of the certificate, in hexadecimal with colons. */
  readonly fingerprint: string;
  readonly valid_to: string;
}

/** Both connections of a job are one secret, and Secrets Manager takes 64 KiB. */
const MAX_BYTES = 16 * 1024;
const MAX_CERTIFICATES = 10;

const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

const certificatesIn = (pem: string) => (pem.match(BLOCK) ?? []).map((block) => new X509Certificate(block));

/** Whose signatures a connection believes. `pem`: as `readAuthorities` gave it. */
export const authoritiesOf = (pem: string): readonly Authority[] =>
  certificatesIn(pem).map((one) => ({
    subject: one.subject.replaceAll('\n', ', '),
    fingerprint: one.fingerprint256,
    valid_to: one.validToDate.toISOString(),
  }));

/**
 * Reads PEM certificates of authorities, and nothing beside them: whoever pastes a key by mistake learns it at once. Of several, as
 * in a file that a change of authority is prepared with, one at least must be valid now. Gives the certificates alone, or what is
 * wrong; never any of the text.
 */
export function readAuthorities(
  text: string,
  now: Date,
): { readonly ok: true; readonly pem: string } | { readonly ok: false; readonly message: string } {
  const wrong = (message: string) => ({ ok: false, message }) as const;
  if (text.length > MAX_BYTES) return wrong(`expected at most ${MAX_BYTES} bytes`);
  const blocks = text.match(BLOCK) ?? [];
  if (blocks.length === 0 || text.replace(BLOCK, '').trim() !== '')
    return wrong('expected PEM certificates (-----BEGIN CERTIFICATE-----), and nothing else');
  if (blocks.length > MAX_CERTIFICATES) return wrong(`expected at most ${MAX_CERTIFICATES} certificates`);
  const pem = blocks.join('\n');
  try {
    const found = certificatesIn(pem);
    if (!found.every((one) => one.ca)) return wrong('holds a certificate that is not of an authority (CA:TRUE)');
    const valid = found.some((one) => one.validFromDate <= now && now < one.validToDate);
    return valid ? { ok: true, pem } : wrong('holds no certificate that is valid now');
  } catch {
    return wrong('holds a certificate that cannot be read'); // what OpenSSL says of it names nothing that a caller could use
  }
}
