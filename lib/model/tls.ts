import type { Connection, SslMode } from './connection.ts';

/**
 * What a deployment demands of database connections. `verify_full`: only verified TLS (the default of a deployment).
 * `as_asked`: what the connection string says, with libpq's meaning (one machine, trusted networks).
 */
export const TLS_POLICIES = ['verify_full', 'as_asked'] as const;
export type TlsPolicy = (typeof TLS_POLICIES)[number];

/**
 * How a connection is secured. `opportunistic`: TLS without verification where the server offers it, else plain;
 * `encrypted`: TLS without verification; `verify_ca`: certificate chain; `verify_full`: chain and host name.
 */
export type TlsMode = 'off' | 'opportunistic' | 'encrypted' | 'verify_ca' | 'verify_full';

type Meaning = Readonly<Record<SslMode | 'absent', TlsMode | 'refused'>>;

/** The one table of what each sslmode means under which policy. `refused` is the error `tls_required`. */
export const TLS_MEANING: Readonly<Record<TlsPolicy, Meaning>> = {
  verify_full: {
    absent: 'verify_full',
    disable: 'refused',
    prefer: 'refused',
    require: 'verify_full',
    'verify-ca': 'verify_full',
    'verify-full': 'verify_full',
  },
  as_asked: {
    absent: 'opportunistic',
    disable: 'off',
    prefer: 'opportunistic',
    require: 'encrypted',
    'verify-ca': 'verify_ca',
    'verify-full': 'verify_full',
  },
};

/** Whoever names an authority wants the server verified, whatever the deployment is content with. */
const WITH_AUTHORITIES: Meaning = { ...TLS_MEANING.verify_full, 'verify-ca': 'verify_ca' };

/** How this connection is secured. */
export function tlsMeaning(
  { sslmode, authorities, iam }: Pick<Connection, 'sslmode' | 'authorities' | 'iam'>,
  policy: TlsPolicy,
): TlsMode | 'refused' {
  const asked = sslmode ?? 'absent';
  if (iam) return TLS_MEANING.verify_full[asked]; // the token goes as it is: whoever gets it signs in with it
  return (policy === 'as_asked' && authorities !== undefined ? WITH_AUTHORITIES : TLS_MEANING[policy])[asked];
}
