// Of the packages' own JavaScript, what local/sign-in uses; they bring no types.

declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  export interface GrantModel {
    addOIDCScope(scope: string): void;
    save(): Promise<string>;
  }
  export interface Context {
    body: unknown;
    type: string;
    status: number;
    readonly oidc: {
      readonly client: { readonly clientId: string };
      readonly session: { readonly accountId: string };
      readonly provider: Provider;
    };
  }
  export interface InteractionDetails {
    readonly uid: string;
    readonly prompt: { readonly name: string };
  }
  export class Provider {
    constructor(issuer: string, configuration: object);
    readonly Grant: new (properties: {
      accountId: string;
      clientId: string;
    }) => GrantModel;
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<InteractionDetails>;
    interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>;
  }
}

declare module 'oidc-provider/lib/adapters/memory_adapter.js' {
  /** Keeps everything in this process. */
  export function createMemoryAdapter(): object;
}
