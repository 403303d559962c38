/**
 * Every error code and its exit code. Both are an API: scripts branch on them. A code is never renamed; a new one goes
 * to the end of its group.
 */
export const EXIT_CODES = {
  /** A bug in this program. */
  unexpected: 1,

  /** The command line is wrong. */
  usage: 2,
  /** `config.json`, `.env` or an environment variable is wrong. */
  config_invalid: 2,
  /** The provider needs a client id, a client secret or a redirect URI that is not configured. */
  client_not_configured: 2,
  /** No provider of this name is built in or configured. */
  provider_unknown: 2,
  /** The name given with `--as` belongs to another identity. */
  account_name_taken: 2,
  /** A user other than the account's, or than the one that `--login-hint` names, logged in. */
  wrong_person: 2,
  /** The stored tokens are bound to another issuer, endpoint or client than the configured one. */
  binding_changed: 2,
  /** A vault exists already. */
  vault_exists: 2,
  /** A part of this program is missing or was not built. */
  installation_broken: 2,
  /** The loopback port cannot be listened on. */
  port_unavailable: 2,
  /** systemd, cron or launchd failed to add or remove a job. */
  scheduler_failed: 2,
  /** The output cannot be written: a full disk, for example. */
  output_failed: 2,

  account_not_found: 3,
  account_ambiguous: 3,
  /** No agent runs for this vault; 3 as in LSB service scripts. */
  agent_not_running: 3,

  /** The account needs a new login. */
  login_needed: 4,
  /** The user or the provider refused the login. */
  login_refused: 4,
  /** The login was not finished in time. */
  login_timed_out: 4,
  /** The start page of the login was opened twice: another user may have opened it. */
  login_opened_twice: 4,

  /** The provider answered with a temporary failure: 5xx, 429, an error page. */
  provider_unavailable: 5,
  /** The provider is unreachable (DNS, TLS, refused) or its answer is incomplete (timed out, reset). */
  network_failed: 5,
  /** The provider's answer is invalid. */
  provider_answer_invalid: 5,
  /** The outcome of a refresh is open: no final answer came. */
  refresh_interrupted: 5,
  /** TLS to a mail server cannot be made or trusted: too old, not offered, or its certificate is not valid. */
  tls_failed: 5,

  /** The key source is unavailable here: no Secret Service, no such program or file. */
  key_unavailable: 6,
  /** The keychain is locked. */
  key_locked: 6,
  /** The key source works but holds no key for this vault. */
  key_missing: 6,
  /** The key source returned the key of another vault. */
  key_wrong: 6,
  /** The keychain did not answer in time. */
  key_timed_out: 6,
  /** A library needed for the keychain is missing. */
  keychain_not_installed: 6,
  /** There is no session bus for the keychain, or it rejects this user. */
  session_bus_missing: 6,
  /** The keychain or the user refused: access denied, password prompt dismissed. */
  key_denied: 6,

  /** The granted scopes do not cover the requested ones. */
  scope_missing: 7,

  /** Some accounts of a bulk operation failed; the others are done. */
  some_failed: 8,

  /** The database or a sealed field is damaged. */
  vault_damaged: 9,
  /** A newer version of this program wrote the vault. */
  vault_newer: 9,
  /** The vault cannot be written: read-only, full disk. */
  vault_not_writable: 9,
  /** Owner, mode or kind of a file or folder is unsafe. */
  vault_permissions: 9,
  /** The vault is an older copy of itself: nothing is refreshed until the user accepts it. */
  vault_rolled_back: 9,
  /** The vault was copied or moved here: nothing is refreshed until the user accepts it. */
  vault_cloned: 9,

  /** Another process holds the account and did not finish in time. */
  busy: 10,

  /** The provider refuses the client: id, secret, redirect URI, scope or grant type. A login will not help. */
  client_refused: 11,
  /** A policy of the provider or of an administrator forbids the request. A login will not help. */
  policy_refused: 11,
  /** The provider issues tokens to this client that are not Bearer tokens. A login will not help. */
  token_type_unsupported: 11,
  /** A server refuses a token that was issued just now. */
  token_refused: 11,
  /** A mail server accepts the token, but not for the mailbox that was named. */
  mailbox_refused: 11,
  /** A mail server accepts the token and then refuses the mailbox. */
  mailbox_unavailable: 11,
  /** A mail server offers no mechanism for access tokens. */
  mechanism_missing: 11,

  /** The program exists but cannot be run; as in shells. */
  command_not_executable: 126,
  /** There is no program of this name; as in shells. */
  command_not_found: 127,

  interrupted: 130,
  terminated: 143,
} as const;

export type ErrorCode = keyof typeof EXIT_CODES;

/** The hint for data of a newer version of this program. */
export const INSTALL_CURRENT =
  'install a newer token-vault, or in your clone: git pull && npm install && npm run build';

export interface ErrorParts {
  /** The next step, as an exact command where there is one. */
  readonly hint?: string | undefined;
  /** More facts for `--json`; never a secret, never a raw message of a parser or an HTTP library. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** The original failure, for the stack traces of `--verbose`. Its message is never printed: it may hold a secret. */
  readonly cause?: unknown;
}

/** One message with what happened and why, an error code, and the next command. */
export class VaultError extends Error {
  override readonly name = 'VaultError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  /** @param message what happened, then why; no capital at the start, no full stop at the end */
  constructor(code: ErrorCode, message: string, parts: ErrorParts = {}) {
    super(message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.code = code;
    this.hint = parts.hint;
    this.details = parts.details ?? {};
  }

  get exitCode(): number {
    return EXIT_CODES[this.code];
  }
}

/** An error with the exit code of this one. */
type VaultErrorOf<Code extends ErrorCode> = VaultError & { readonly exitCode: (typeof EXIT_CODES)[Code] };

/** Whether the key is missing, wrong or cannot be used: then nothing sealed can be read. */
export function isKeyFailure(failure: unknown): failure is VaultErrorOf<'key_unavailable'> {
  return failure instanceof VaultError && failure.exitCode === EXIT_CODES.key_unavailable;
}

/** Whether the vault itself is damaged, rolled back or cannot be used. */
export function isVaultFailure(failure: unknown): failure is VaultErrorOf<'vault_damaged'> {
  return failure instanceof VaultError && failure.exitCode === EXIT_CODES.vault_damaged;
}

/** Whether the user or the system asked the program to stop: then no fallback is tried. */
export function isInterruption(failure: unknown): boolean {
  return failure instanceof VaultError && (failure.code === 'interrupted' || failure.code === 'terminated');
}

/** What an action returns; the fallback where it fails, whatever the reason. */
export function orElse<T, F>(action: () => T, fallback: F): T | F {
  try {
    return action();
  } catch {
    return fallback;
  }
}

/** The error code of Node or of the system, `ENOENT` for example; empty for other failures. */
export function codeOf(failure: unknown): string {
  return failure instanceof Error && 'code' in failure ? String(failure.code) : '';
}
