/** Why a server could not be verified. `name`: the certificate is for another host; `validity`: it has expired, or is not valid yet. */
export type TlsReason = 'no_tls' | 'name' | 'validity' | 'authority' | 'handshake';

const BY_CODE: readonly (readonly [RegExp, TlsReason])[] = [
  [/^ERR_TLS_CERT_ALTNAME/, 'name'],
  [/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/, 'validity'],
  [
    /SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|INVALID_CA|CERT_(UNTRUSTED|CHAIN_TOO_LONG|SIGNATURE_FAILURE)/,
    'authority',
  ],
  [/SSL|TLS|CERT|UNABLE_TO/i, 'handshake'],
];

/** What the server lacks, by what asked for it; completes "The source server ...". */
export const noTls = (sslmode: string | undefined): string =>
  `offers no TLS, which ${sslmode === undefined ? 'this connection needs' : `sslmode=${sslmode} asks for`}.`;

export const NO_TLS_REMEDY = 'Turn on ssl in the server, or leave sslmode out (a deployment to AWS needs TLS).';

/** Completes "The source server ...". */
export const TLS_REASONS: Readonly<Record<Exclude<TlsReason, 'no_tls'>, string>> = {
  name: 'shows a certificate for another name.',
  validity: 'shows a certificate that has expired, or is not valid yet.',
  authority: 'shows a certificate of an authority that is not known; ca_certificate names one of your own.',
  handshake: 'offers no TLS that can be verified as asked.',
};

/** Of an error of Node or pg; undefined where TLS is not to blame. */
export function tlsReason({ code = '', message = '' }: { code?: string; message?: string }): TlsReason | undefined {
  if (/does not support SSL/.test(message)) return 'no_tls';
  return (
    BY_CODE.find(([pattern]) => pattern.test(code))?.[1] ?? (/certificate/i.test(message) ? 'handshake' : undefined)
  );
}
