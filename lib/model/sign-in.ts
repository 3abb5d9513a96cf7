/** Where the service says how to sign in; open. */
export const CLIENT_CONFIG_PATH = '/sync/terra_fusion/config.json';

/** Where `tfsync login` waits for the browser. A fixed port, because most providers lead back to registered addresses only. */
export const CLI_CALLBACK = 'http://localhost:8976/callback';

/** What a client must know to sign in with the identity provider. Nothing of it is secret. */
export interface SignInInfo {
  /** Endpoints are found by discovery: `<issuer>/.well-known/openid-configuration`. */
  readonly issuer: string;
  /** A public client: authorization code with PKCE (S256), no secret. */
  readonly client_id: string;
  /** Separated by spaces. */
  readonly scope: string;
}

/** Body of `config.json`. Null: the deployment names no client, so tokens are got elsewhere. */
export interface ClientConfig {
  readonly sign_in: SignInInfo | null;
  /** The claim of a token that lists roles. */
  readonly roles_claim: string;
}
