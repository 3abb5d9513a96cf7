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

/** Completes "The source server ...". */
export const TLS_REASONS: Readonly<Record<TlsReason, string>> = {
  no_tls: 'offers no TLS, and must be verified.',
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
