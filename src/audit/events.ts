import type { Account } from '../domain/account.js';
import type { CallbackRefusal } from '../domain/callback-refusal.js';
import type { ErrorCode } from '../domain/errors.js';
import type { NotificationEvent } from '../stores/contract.js';

/** Which account an event is about: neither its name nor an address. */
export interface AboutAccount {
  readonly provider: string;
  readonly account: string;
  /** A keyed digest of issuer and subject: the same person again has the same one. */
  readonly subject?: string;
}

/** Who had an agent do something, as they say of themselves; of a program that speaks to its socket nothing is known. */
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
  | {
      readonly event: 'key_rotated';
      readonly key_source: string;
      readonly reference: string;
      /** The key it has taken the place of. */
      readonly replaced: string;
    }
  | { readonly event: 'data_keys_added' }
  /** Every account is sealed under new data keys, and the old ones are gone. */
  | { readonly event: 'data_keys_replaced'; readonly accounts: number }
  | { readonly event: 'key_exported' | 'backed_up' }
  | { readonly event: 'key_imported'; readonly key_source: string; readonly reference: string }
  | { readonly event: 'restored'; readonly replaced: boolean }
  /** This program has written something that decides how it runs. */
  | { readonly event: 'configuration_changed'; readonly what: ChangedSetting }
  | { readonly event: 'login_started'; readonly provider: string }
  | ({ readonly event: 'login_finished'; readonly created: boolean } & AboutAccount)
  | {
      readonly event: 'login_failed';
      readonly provider: string;
      readonly code: ErrorCode;
      readonly why?: 'other_issuer';
    }
  /** A login had brought a grant that is not stored, and this is what became of it at the provider. */
  | {
      readonly event: 'grant_discarded';
      readonly provider: string;
      /** `shared`: it was left alone, because an account that is stored may rest on it. */
      readonly outcome: 'revoked' | 'shared' | 'unsupported' | 'failed';
    }
  | {
      readonly event: 'callback_refused';
      readonly provider: string;
      readonly why: CallbackRefusal;
      /** How many of this kind there have been in this login: each of the first ten has an event, the last one has the sum. */
      readonly count: number;
    }
  | ({ readonly event: 'token_given' } & AboutAccount & Partial<ThroughAgent>)
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
  | ({ readonly event: 'revoked' | 'forgotten' } & AboutAccount)
  | { readonly event: 'rollback_accepted'; readonly found: readonly AcceptedFault[] }
  /** The vault, or its recovery file, did not open. */
  | {
      readonly event: 'open_failed';
      readonly code: ErrorCode;
      /** The kind of source the key was to come from, or {@link RECOVERY_FILE}. */
      readonly key_source: string;
    }
  /** So many wrong passphrases that a person would not have mistyped them. */
  | { readonly event: 'passphrases_slowed'; readonly count: number }
  /** The vault as a whole is not as it was left. */
  | { readonly event: 'integrity_alarm'; readonly code: ErrorCode }
  /** So many logins that a person would not begin them. */
  | { readonly event: 'logins_slowed'; readonly provider: string; readonly count: number }
  /** Events that waited for the key were altered before they came into the trail. */
  | { readonly event: 'queue_altered'; readonly count: number }
  /** Somebody else had put entries at the end of the trail, and they were taken out. */
  | { readonly event: 'trail_altered'; readonly count: number }
  | { readonly event: 'agent_started' }
  | { readonly event: 'agent_stopped' };

/** What this program writes besides the vault: the key source in `config.json`, a schedule, and the agent as a service. */
export type ChangedSetting = 'key_source' | 'schedule' | 'agent_service';

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

/** One event as it stands in the log and in the trail. */
export interface AuditLine {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** No two lines have the same. */
  readonly id: string;
  /** One JSON object in plain ASCII; time and id are in it. */
  readonly body: string;
}

/** Records events. Never throws: where an event cannot be written, a notice says so. */
export interface Audit {
  /** @param chained the event stands in the vault's trail already, written there with the change it tells of */
  record(event: AuditEvent, chained?: 'chained'): void;
}

/** Every event there is. */
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
  login_failed: true,
  grant_discarded: true,
  logins_slowed: true,
  callback_refused: true,
  token_given: true,
  refreshed: true,
  refresh_failed: true,
  notified: true,
  notify_failed: true,
  revoked: true,
  forgotten: true,
  rollback_accepted: true,
  open_failed: true,
  passphrases_slowed: true,
  integrity_alarm: true,
  queue_altered: true,
  trail_altered: true,
  agent_started: true,
  agent_stopped: true,
};

/** Where a key would have come from that a recovery file holds. */
export const RECOVERY_FILE = 'recovery_file';

const SUBJECT_DIGITS = 32;

/** What a line says of an account. */
export function aboutAccount({ provider, id, subjectDigest }: Account): AboutAccount {
  return { provider, account: id, subject: subjectDigest.slice(0, SUBJECT_DIGITS) };
}
