import type { ThroughAgent } from '../../domain/audit-events.js';
import type { MailProtocolName } from '../../domain/mailbox.js';

export interface TokenRequest {
  /** A name, a provider or a unique prefix; null: the only account there is. */
  readonly selector: string | null;
  /** The command to type once more, where the name is not clear; default: `token`. */
  readonly verb?: 'exec' | `check ${MailProtocolName}`;
  /** The token must be valid for at least this long, in milliseconds. */
  readonly minValid: number;
  /** Fail if the token expires sooner, instead of warning: the caller shows no warnings. */
  readonly insist?: boolean;
  readonly scopes: readonly string[];
  /** Refresh even if the token is valid. */
  readonly refresh: boolean;
  /** The SHA-256 of a token that was refused, in hex: it is refreshed if it is still the stored one. */
  readonly refused?: string;
  /** Return the id_token (OpenID Connect Core §2) instead of the access token. */
  readonly idToken?: true;
  /** Return a token that is not a Bearer token as well: the caller prints its type. */
  readonly anyType?: boolean;
  /** Unseal the account's identity, for formats that name the mailbox. */
  readonly withIdentity: boolean;
  /** The program that asked the agent, for the audit trail. */
  readonly client?: ThroughAgent;
}
