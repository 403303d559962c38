/** A client that this program registered at an authorization server (RFC 7591). Its secrets are sealed. */
export interface RegisteredClient {
  /** A random UUID; each registration has another one. */
  readonly id: string;
  readonly issuer: string;
  readonly clientId: string;
  /** How it authenticates at the token endpoint, as the server registered it. */
  readonly clientAuth: RegisteredAuth;
  /** The only redirect URI of it. */
  readonly redirectUri: string;
  readonly createdAt: number;
  /** When the secret ends; null: it does not, or there is none. */
  readonly secretExpiresAt: number | null;
  /** When the server refused this client; null: it has not. */
  readonly refusedAt: number | null;
}

export const REGISTERED_AUTHS = ['none', 'basic', 'post'] as const;
export type RegisteredAuth = (typeof REGISTERED_AUTHS)[number];

/** Whether the server will no longer accept it, so that the next login has to register another one. */
export function isSpent({ refusedAt, secretExpiresAt }: RegisteredClient, now: number): boolean {
  return refusedAt !== null || (secretExpiresAt !== null && secretExpiresAt <= now);
}
