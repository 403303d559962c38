/**
 * Every way in which a command can fail, with the exit code it ends with. Both are an API: scripts branch on
 * them. A code is never renamed; a new one joins at the end of its group.
 */
export const ERROR_CODES = {
  /** A bug in this program. */
  unexpected: 1,

  /** The command line makes no sense. */
  usage: 2,
  /** `config.json`, `.env` or an environment variable cannot be used as it is. */
  config_invalid: 2,
  /** The provider needs a client id, a client secret or a redirect URI that is not configured. */
  client_not_configured: 2,
  /** No provider of this name is built in or configured. */
  provider_unknown: 2,
  /** The name asked for with `--as` belongs to another person. */
  account_name_taken: 2,
  /** Another person logged in than the one whose grant was to be widened, or whom `--login-hint` names. */
  wrong_person: 2,
  /** The stored tokens are bound to another issuer, endpoint or client than the configuration names now. */
  binding_changed: 2,
  /** There is a vault already. */
  vault_exists: 2,
  /** A part of this program is missing or was not built. */
  installation_broken: 2,
  /** The loopback port cannot be listened on. */
  port_unavailable: 2,
  /** systemd, cron or launchd did not take a job or give it back. */
  scheduler_failed: 2,

  account_not_found: 3,
  account_ambiguous: 3,
  /** No agent runs for this vault; 3 as service scripts count it (LSB). */
  agent_not_running: 3,

  /** Only a new login can make this account work again. */
  login_needed: 4,
  /** The person or the provider said no during the login. */
  login_refused: 4,
  /** Nobody finished the login in time. */
  login_timed_out: 4,
  /** The page at which the login begins was opened twice: someone else may have opened it. */
  login_opened_twice: 4,

  /** The provider answered with a failure that may pass: 5xx, 429, an error page. */
  provider_unavailable: 5,
  /** The provider could not be reached (DNS, TLS, refused) or gave no whole answer (timed out, broke off). */
  network_failed: 5,
  /** The provider's answer makes no sense. */
  provider_answer_invalid: 5,
  /** A refresh was cut off before its end; the next one goes on from there. */
  refresh_interrupted: 5,

  /** The key source cannot be used here: no Secret Service, no such program or file. */
  key_unavailable: 6,
  /** The keychain is there but locked. */
  key_locked: 6,
  /** The key source works but holds no key for this vault. */
  key_missing: 6,
  /** The key source gave a key that is not this vault's. */
  key_wrong: 6,
  /** The keychain did not answer in time. */
  key_timed_out: 6,
  /** A library that the keychain is reached with is missing. */
  keychain_not_installed: 6,
  /** No session bus leads to the keychain, or none that lets this user in. */
  session_bus_missing: 6,
  /** The keychain or its owner said no: access was denied, a password prompt dismissed. */
  key_denied: 6,

  /** The granted scopes do not cover what was asked. */
  scope_missing: 7,

  /** Some accounts of a bulk operation failed; the rest are done. */
  some_failed: 8,

  /** The database or a sealed field does not hold what was written into it. */
  vault_damaged: 9,
  /** A newer version of this program wrote the vault. */
  vault_newer: 9,
  /** The vault cannot be written: read-only, full disk. */
  vault_not_writable: 9,
  /** Owner, mode or kind of a file or folder is unsafe. */
  vault_permissions: 9,
  /** The vault is an older copy of itself: nothing is refreshed with it before its owner says so. */
  vault_rolled_back: 9,
  /** The vault was not made here and nobody has said that it is to be used here: nothing is refreshed with it. */
  vault_cloned: 9,

  /** Another process holds the account and did not finish in time. */
  busy: 10,

  /** The provider refuses the client: id, secret, redirect URI, scope or grant type. A login will not help. */
  client_refused: 11,
  /** A policy of the provider or of an administrator forbids it. A login will not help. */
  policy_refused: 11,
  /** The provider gives this client tokens that are no Bearer tokens. A login will not help. */
  token_type_unsupported: 11,

  /** The program that was to be run is there but cannot be run; as shells count. */
  command_not_executable: 126,
  /** There is no program of this name; as shells count. */
  command_not_found: 127,

  interrupted: 130,
  terminated: 143,
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The hint where the vault itself is not as it was written. */
export const FROM_BACKUP = 'restore the vault from a backup:\nvault restore FILE';

/** The hint where something was written by a newer version of this program. */
export const INSTALL_CURRENT = 'in your clone: git pull && npm install && npm run build';

export interface ErrorParts {
  /** What the user should type or do next, as an exact command where there is one. */
  readonly hint?: string;
  /** Further facts for `--json`; never a secret, never a raw message of a parser or an HTTP library. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** The original failure, for `--verbose` stack traces of bugs. It is never printed as it is: it may hold a secret. */
  readonly cause?: unknown;
}

/** What happened and why in one message, the closed code, and the next command. */
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
    return ERROR_CODES[this.code];
  }
}

/** The same failure, with more that can be done about it: each of `more` is a line of the hint of its own. */
export function withMoreHints(failure: VaultError, more: readonly string[]): VaultError {
  const { code, message, hint, details, cause } = failure;
  const lines = hint === undefined ? more : [hint, ...more];
  return new VaultError(code, message, {
    ...(lines.length > 0 && { hint: lines.join('\n') }),
    details,
    cause,
  });
}

/** Whether the person or the system asked the program to stop: then nothing is left to be made the best of. */
export function isInterruption(failure: unknown): boolean {
  return failure instanceof VaultError && (failure.code === 'interrupted' || failure.code === 'terminated');
}

/** Names a failure that is none of ours, so that its own message, which may quote a secret, stays unprinted. */
export function asVaultError(failure: unknown): VaultError {
  if (failure instanceof VaultError) return failure;
  // Node's name of the call that looks for the current folder, whoever needs it for a relative path.
  if (failure instanceof Error && (failure as NodeJS.ErrnoException).syscall === 'uv_cwd') {
    return new VaultError(
      'usage',
      'the current folder is not there any more, so no relative path leads anywhere',
      {
        hint: 'go to another one and run it again: cd',
        cause: failure,
      },
    );
  }
  return new VaultError('unexpected', 'something went wrong that this program did not expect', {
    hint: 'run it again with --verbose and report what it prints',
    cause: failure,
  });
}
