import type { ClientConfig } from '../../lib/model/sign-in.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** How the pages sign in, as the environment of the function says. */
export interface SignInSettings {
  readonly config: ClientConfig;
  /** What the pages may call for it, beside their own origin. */
  readonly origins: readonly string[];
}

/** Without a client the pages call nobody: a token is pasted. Throws a TypeError where the environment holds no URL. */
export function readSignIn(env: Environment): SignInSettings {
  const roles_claim = env.ROLES_CLAIM ?? '';
  const { SIGN_IN_ISSUER: issuer = '', SIGN_IN_CLIENT_ID: client_id = '', SIGN_IN_SCOPES: scope = 'openid' } = env;
  if (issuer === '' || client_id === '') return { config: { sign_in: null, roles_claim }, origins: [] };
  const others = (env.SIGN_IN_ORIGINS ?? '').split(',').filter((origin) => origin !== '');
  // an origin has nothing in it that could end a directive
  const origins = [issuer, ...others].map((url) => new URL(url).origin);
  return { config: { sign_in: { issuer, client_id, scope }, roles_claim }, origins: [...new Set(origins)] };
}
