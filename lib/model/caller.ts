/** Claims of a token; API Gateway hands them on with arrays as text, `[admin operator]`. */
export type Claims = Readonly<Record<string, unknown>>;

/** Who calls, by the token alone. */
export interface Caller {
  /** The name under which a call is recorded. */
  readonly actor: string;
  /**
   * `sub` of the token, which is the same in every kind of token that a provider makes for one person, as their names are
   * not. Absent: the token has none.
   */
  readonly subject?: string;
  readonly roles: readonly string[];
}

/** Undefined with a token that names nobody. `rolesClaim`: where it lists roles. */
export function callerOf(claims: Claims, rolesClaim: string): Caller | undefined {
  const actor = actorOf(claims);
  if (actor === undefined) return undefined;
  const subject = claims.sub;
  return {
    actor,
    roles: listOf(claims[rolesClaim]),
    ...(typeof subject === 'string' && subject !== '' && { subject }),
  };
}

/**
 * Amazon Cognito's access token has `username`, its ID token `email`; others have `preferred_username`, where `sub` may be a
 * number that tells nobody who it was.
 */
function actorOf({ username, email, preferred_username: preferred, sub }: Claims): string | undefined {
  const name = [username, email, preferred, sub].find((claim) => typeof claim === 'string' && claim !== '');
  return typeof name === 'string' ? name.replace(/\p{Cc}/gu, ' ').slice(0, 200) : undefined;
}

/** Only space separates: a comma may be part of a group's name. */
export function listOf(claim: unknown): readonly string[] {
  if (Array.isArray(claim)) return claim.filter((one) => typeof one === 'string');
  if (typeof claim !== 'string') return [];
  const list = /^\[(.*)\]$/s.exec(claim)?.[1] ?? claim;
  return list.split(' ').filter((one) => one !== '');
}
