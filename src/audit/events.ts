import type { ErrorCode } from '../domain/errors.js';
import type { ToldEvent } from '../stores/told.js';

/**
 * What is worth a line. No event has a member that could hold a token, an address or a provider's own text: accounts
 * go by their id, failures by codes from closed lists.
 */
export type AuditEvent =
  | { readonly event: 'vault_created'; readonly key_source: string }
  | {
      readonly event: 'key_added' | 'key_removed' | 'key_chosen';
      readonly key_source: string;
      /** Names the key and is no secret. */
      readonly reference: string;
    }
  | { readonly event: 'login_started'; readonly provider: string }
  | {
      readonly event: 'login_finished';
      readonly provider: string;
      readonly account: string;
      readonly created: boolean;
    }
  | { readonly event: 'login_failed'; readonly provider: string; readonly code: ErrorCode }
  | {
      readonly event: 'callback_refused';
      readonly provider: string;
      readonly why: CallbackRefusal;
      readonly count: number;
    }
  | {
      readonly event: 'refreshed';
      readonly provider: string;
      readonly account: string;
      readonly generation: number;
    }
  | {
      readonly event: 'refresh_failed';
      readonly provider: string;
      readonly account: string;
      readonly code: ErrorCode;
    }
  | {
      readonly event: 'notified';
      readonly about: ToldEvent;
      readonly provider: string;
      readonly account: string;
      readonly reminder: boolean;
    }
  | {
      readonly event: 'notify_failed';
      readonly about: ToldEvent;
      readonly provider: string;
      readonly account: string;
      readonly why: NotifyFailure;
    }
  | { readonly event: 'revoked'; readonly provider: string; readonly account: string }
  | { readonly event: 'rollback_accepted'; readonly found: readonly AcceptedFault[] }
  | { readonly event: 'forgotten'; readonly provider: string; readonly account: string }
  | { readonly event: 'agent_started' }
  | { readonly event: 'agent_stopped' };

/** Why the login listener turned a request away. */
export type CallbackRefusal = 'wrong_state' | 'too_many_wrong_states' | 'wrong_host' | 'malformed';

/** What was wrong with the vault as a whole when a person accepted it as it was. */
export type AcceptedFault =
  | 'rolled_back'
  | 'cloned'
  | 'missing'
  | 'foreign'
  | 'altered'
  | 'older'
  | 'mixed'
  | 'ledger';
/** How the user's notify command failed. */
export type NotifyFailure = 'not_found' | 'not_executable' | 'timed_out' | 'failed';

/** Takes events down. Never throws: an event that cannot be written is said on stderr instead. */
export interface Audit {
  record(event: AuditEvent): void;
}
