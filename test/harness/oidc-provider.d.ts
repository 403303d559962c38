/** The little of oidc-provider that the harness uses; the package brings no types. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  export interface AccessToken {
    readonly isValid: boolean;
    readonly accountId: string;
    readonly grantId: string;
    readonly expiration: number;
    save(): Promise<string>;
  }

  export interface TokenContext {
    body: unknown;
    readonly oidc: {
      readonly client: unknown;
      readonly params: Readonly<Record<string, string | undefined>>;
      readonly provider: {
        readonly AccessToken: {
          new (claims: Readonly<Record<string, unknown>>): AccessToken;
          find(token: string): Promise<AccessToken | undefined>;
        };
      };
    };
  }

  export const errors: { readonly InvalidRequest: new (description: string) => Error };

  export default class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>);
    readonly Client: {
      readonly adapter: {
        destroy(clientId: string): Promise<void>;
        upsert(clientId: string, properties: object): Promise<void>;
      };
    };
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    on(event: string, listener: (...args: never[]) => void): this;
    registerGrantType(
      name: string,
      handler: (ctx: TokenContext) => Promise<void>,
      parameters: readonly string[],
    ): void;
  }
}
