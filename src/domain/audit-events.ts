import type { Account } from './account.js';
import type { ErrorCode } from './errors.js';

/** States of an account that the notify command reports. */
export type NotificationEvent = 'login_needed' | 'grant_ending' | 'failing';

/** Why the login listener refused a request. A browser's favicon request and a reloaded page do not count. */
export type CallbackRefusal =
  | 'wrong_state'
  | 'too_many_wrong_states'
  | 'wrong_host'
  | 'malformed'
  /** A connection of another user of this machine. */
  | 'other_user'
  /** The right state without the cookie that the start page has set. */
  | 'wrong_browser'
  /** The start page once more, without its cookie. */
  | 'second_visit'
  /** The start page, on a connection that closed before its user was known. */
  | 'hung_up';

/** The account of an event, without its name. */
export interface AboutAccount {
  readonly provider: string;
  readonly account: string;
  /** A keyed digest of issuer and subject, the same for every login of one identity. */
  readonly subject?: string;
}

/** The client that asked the agent, as it describes itself. A client that sends no description, such as curl, stays unknown. */
export interface ThroughAgent {
  readonly through: 'agent';
  /** Whether the next three are the client's own words. */
  readonly said_by_client?: true;
  readonly pid?: number;
  /** The name of the parent process, in plain ASCII. */
  readonly parent?: string | null;
  readonly terminal?: boolean | null;
}

/**
 * No event has a member that could hold a token, an address or a provider's text: accounts are named by id, failures by
 * codes from closed lists.
 */
export type AuditEvent =
  | { readonly event: 'vault_created'; readonly key_source: string }
  | {
      readonly event: 'key_added' | 'key_removed' | 'key_chosen';
      readonly key_source: string;
      /** The name of the key, not a secret. */
      readonly reference: string;
    }
  | {
      readonly event: 'key_rotated';
      readonly key_source: string;
      readonly reference: string;
      readonly replaced: string;
    }
  | { readonly event: 'data_keys_added' }
  /** Every account is sealed under new data keys; the old ones are deleted. */
  | { readonly event: 'data_keys_replaced'; readonly accounts: number }
  | { readonly event: 'key_exported' | 'backed_up' }
  | { readonly event: 'key_imported'; readonly key_source: string; readonly reference: string }
  | { readonly event: 'restored'; readonly replaced: boolean }
  /** This program wrote a setting, a schedule or a service. */
  | { readonly event: 'configuration_changed'; readonly what: ChangedSetting }
  | { readonly event: 'login_started'; readonly provider: string }
  | ({ readonly event: 'login_finished'; readonly created: boolean } & AboutAccount)
  /** A login that another tool kept was taken over. */
  | ({
      readonly event: 'imported';
      readonly tool: string;
      readonly outcome: ImportOutcome;
    } & AboutAccount)
  | {
      readonly event: 'login_failed';
      readonly provider: string;
      readonly code: ErrorCode;
      readonly why?: 'other_issuer';
    }
  /** A login returned a grant that was not stored, and the grant was revoked or left. */
  | {
      readonly event: 'grant_discarded';
      readonly provider: string;
      /** `shared`: it was not revoked, because a stored account may depend on it. */
      readonly outcome: 'revoked' | 'shared' | 'unsupported' | 'failed';
    }
  | {
      readonly event: 'callback_refused';
      readonly provider: string;
      readonly why: CallbackRefusal;
      /** The number of this kind in this login; the first ten have an event each, the last one has the total. */
      readonly count: number;
    }
  | ({
      readonly event: 'token_given';
      /** Missing for an access token. */
      readonly token?: 'id_token';
    } & AboutAccount &
      Partial<ThroughAgent>)
  | ({ readonly event: 'refreshed'; readonly generation: number } & AboutAccount)
  | ({ readonly event: 'refresh_failed'; readonly code: ErrorCode } & AboutAccount)
  | ({
      readonly event: 'notified';
      readonly about: NotificationEvent;
      readonly reminder: boolean;
    } & AboutAccount)
  | ({
      readonly event: 'notify_failed';
      readonly about: NotificationEvent;
      readonly why: NotifyFailure;
    } & AboutAccount)
  | ({ readonly event: 'account_renamed' | 'revoked' | 'forgotten' } & AboutAccount)
  /** This program registered a client at an authorization server (RFC 7591), or deleted one that it had registered. */
  | { readonly event: 'client_registered' | 'client_forgotten'; readonly provider: string }
  | { readonly event: 'rollback_accepted'; readonly found: readonly AcceptedFault[] }
  /** The vault or its recovery file did not open. */
  | {
      readonly event: 'open_failed';
      readonly code: ErrorCode;
      /** The kind of key source, or {@link RECOVERY_FILE}. */
      readonly key_source: string;
    }
  /** After several wrong passphrases the next one had to wait. */
  | { readonly event: 'passphrases_slowed'; readonly count: number }
  /** The vault is not as it was last written. */
  | { readonly event: 'integrity_alarm'; readonly code: ErrorCode }
  /** After many failed or abandoned logins the next one had to wait. */
  | { readonly event: 'logins_slowed'; readonly provider: string; readonly count: number }
  /** Queued events were altered before they came into the trail. */
  | { readonly event: 'queue_altered'; readonly count: number }
  /** Foreign entries at the end of the trail were removed. */
  | { readonly event: 'trail_altered'; readonly count: number }
  | { readonly event: 'agent_started' }
  | { readonly event: 'agent_stopped' };

/**
 * What an import did: added an account; stored its grant in one that had none that works; kept the grant of an account that
 * covers it; kept it in an account of its own, beside one that has a working grant for other scopes.
 */
export type ImportOutcome = 'added' | 'updated' | 'kept' | 'kept_beside';

export type ChangedSetting = 'key_source' | 'schedule' | 'agent_service' | 'config_file' | 'env_file';

/** What was wrong with the vault when the user accepted it. */
export type AcceptedFault =
  | 'rolled_back'
  | 'cloned'
  | 'missing'
  | 'foreign'
  | 'altered'
  | 'older'
  | 'mixed'
  | 'ledger';
export type NotifyFailure = 'not_found' | 'not_executable' | 'timed_out' | 'failed';

/** An event as written to the log and the trail. */
export interface AuditLine {
  readonly at: number;
  /** Unique. */
  readonly id: string;
  /** One JSON object in ASCII, with time and id. */
  readonly body: string;
}

/** Records events. Never throws: a notice reports events that cannot be written. */
export interface Audit {
  /** @param chained the event is in the vault's trail already, written together with the change */
  record(event: AuditEvent, chained?: 'chained'): void;
}

/** Every event name. */
export const AUDIT_EVENTS: Readonly<Record<AuditEvent['event'], true>> = {
  vault_created: true,
  key_added: true,
  key_removed: true,
  key_chosen: true,
  key_rotated: true,
  data_keys_added: true,
  data_keys_replaced: true,
  key_exported: true,
  key_imported: true,
  backed_up: true,
  restored: true,
  configuration_changed: true,
  login_started: true,
  login_finished: true,
  imported: true,
  login_failed: true,
  grant_discarded: true,
  logins_slowed: true,
  callback_refused: true,
  token_given: true,
  refreshed: true,
  refresh_failed: true,
  notified: true,
  notify_failed: true,
  account_renamed: true,
  revoked: true,
  forgotten: true,
  client_registered: true,
  client_forgotten: true,
  rollback_accepted: true,
  open_failed: true,
  passphrases_slowed: true,
  integrity_alarm: true,
  queue_altered: true,
  trail_altered: true,
  agent_started: true,
  agent_stopped: true,
};

/** The `key_source` of a recovery file. */
export const RECOVERY_FILE = 'recovery_file';

const SUBJECT_DIGITS = 32;

export function aboutAccount({ provider, id, subjectDigest }: Account): AboutAccount {
  return { provider, account: id, subject: subjectDigest.slice(0, SUBJECT_DIGITS) };
}
