import { fileURLToPath } from 'node:url';
import { createContext } from './context.js';
import type { Account } from './domain/account.js';
import { accountName } from './domain/account.js';
import { parseDuration } from './domain/duration-text.js';
import { VaultError } from './domain/errors.js';
import { MIN_VALID } from './domain/token-state.js';
import { thisProcess } from './main.js';
import { listAccounts } from './services/overview/overview.js';
import { token } from './services/token/token.js';
import type { TokenRequest } from './services/token/token-request.js';
import { withTokenBy } from './services/token/with-token.js';

export type { Account, AccountStatus } from './domain/account.js';
export { type ErrorCode, VaultError } from './domain/errors.js';
export { Unauthorized } from './services/token/with-token.js';

/** Refreshes are done by the command line, in a process that outlives the one that asks. */
const COMMAND_LINE = fileURLToPath(new URL('../../bin/vault.js', import.meta.url));

export interface OpenVaultOptions {
  /** An absolute folder that holds everything, as `VAULT_HOME` does. */
  readonly home?: string;
  /** A separate vault with its own key, as `VAULT_PROFILE` does. */
  readonly profile?: string;
  /** An `.env` to read instead of the one in the configuration folder. */
  readonly envFile?: string;
  /** Ends waiting when it is aborted, and calls reject with its reason; a request in flight is still completed. */
  readonly signal?: AbortSignal;
  /** Receives what the command line would print on stderr although nothing failed. */
  readonly onNotice?: (line: string) => void;
}

export interface AccessTokenOptions {
  /** How long the token must be valid: milliseconds, or `90s`, `5m`, `12h`. Default: five minutes. */
  readonly minValid?: number | string;
  /** Scopes that must have been granted. */
  readonly scopes?: readonly string[];
  /** Refresh even if the token is valid. */
  readonly refresh?: boolean;
}

export interface OpenedVault {
  /**
   * A valid access token, refreshed first if necessary, under the same lock as every other process.
   *
   * @param account a name, a provider or a unique prefix of a name; default: the only account
   * @throws VaultError with the same codes as the command line; never opens a browser
   */
  accessToken(account?: string, options?: AccessTokenOptions): Promise<string>;
  /**
   * The id_token of the account (OpenID Connect Core §2), refreshed first if it ends too soon.
   *
   * @throws VaultError as {@link accessToken}; `scope_missing` when the account was logged in without the scope openid,
   * `login_needed` when only a login brings another one
   */
  idToken(account?: string, options?: Pick<AccessTokenOptions, 'minValid' | 'refresh'>): Promise<string>;
  /**
   * Calls an operation with a valid access token, for work that may outlive it. When the token is refused, the account is
   * refreshed once, shared by all concurrent calls, and the operation is called once more with the new token. There is no
   * third call. A token is refused when the operation
   * - throws {@link Unauthorized}, or any error with 401 in `status`, `statusCode`, `response.status` or
   *   `response.statusCode`, as HTTP clients throw them, or
   * - returns a response with the status 401, as `fetch` does; its body is discarded.
   *
   * What the operation has done before it noticed is done again by the second call.
   *
   * @param account as in {@link accessToken}; undefined: the only account
   * @returns what the operation returns
   * @throws what the operation throws; VaultError when there is no token, or no other one after the first was refused
   */
  withToken<T>(
    account: string | undefined,
    operation: (accessToken: string) => T | PromiseLike<T>,
    options?: Omit<AccessTokenOptions, 'refresh'>,
  ): Promise<T>;
  /** All accounts by name; needs no key. */
  accounts(): Promise<readonly (Account & { readonly name: string })[]>;
  /** Waits for the calls that are under way, then frees files and connections. Later calls reject with `usage`. */
  close(): Promise<void>;
}

/**
 * Opens the user's vault, the same that the command line uses. A vault that does not exist yet has no accounts. Settings are
 * read once, with the first call that needs them.
 *
 * @throws VaultError `config_invalid` when home or profile is invalid, `vault_permissions` when the process has the rights
 * of two users
 */
export function openVault(options: OpenVaultOptions = {}): OpenedVault {
  const {
    home,
    profile = null,
    envFile = null,
    signal = new AbortController().signal,
    onNotice = () => {},
  } = options;
  const host = thisProcess(signal, COMMAND_LINE, home === undefined ? {} : { VAULT_HOME: home });
  const own = createContext(host, { profile, envFile, notice: onNotice });
  // A profile or a home that does not exist is a vault without accounts here, and no mistake.
  const ctx = { ...own, vault: own.access.open };
  const withToken = withTokenBy((request) => token(ctx, request), onNotice);
  const underWay = new Set<Promise<unknown>>();
  let closed: Promise<void> | null = null;

  /** A token that is being refreshed when the vault is closed must still be stored. */
  async function tracked<T>(action: () => Promise<T>): Promise<T> {
    if (closed !== null)
      throw new VaultError('usage', 'this vault was closed', { hint: 'call openVault() again' });
    const call = action();
    underWay.add(call);
    try {
      return await call;
    } finally {
      underWay.delete(call);
    }
  }

  async function closeAfterwards(): Promise<void> {
    await Promise.allSettled(underWay);
    await ctx.close();
  }

  const revealed = (request: () => TokenRequest) =>
    tracked(async () => {
      const { accessToken, warning } = await token(ctx, request());
      if (warning !== null) onNotice(warning);
      return accessToken.reveal();
    });

  return {
    accessToken: (account, options = {}) => revealed(() => tokenRequest(account, options)),
    idToken: (account, options = {}) =>
      revealed(() => ({ ...tokenRequest(account, options), idToken: true })),
    withToken: (account, operation, options = {}) =>
      tracked(async () => withToken(tokenRequest(account, options), operation)),
    accounts: () =>
      tracked(async () => {
        const accounts = await listAccounts(ctx, {
          provider: null,
          status: null,
          expiringWithin: null,
          sort: null,
        });
        return accounts.map((account) => ({ ...account, name: accountName(account) }));
      }),
    close() {
      closed ??= closeAfterwards();
      return closed;
    },
  };
}

/** @throws VaultError `usage` */
function tokenRequest(
  account: string | undefined,
  { minValid = MIN_VALID, scopes = [], refresh = false }: AccessTokenOptions,
): TokenRequest {
  return {
    selector: account ?? null,
    minValid: readMinValid(minValid),
    scopes,
    refresh,
    withIdentity: false,
  };
}

/** @returns milliseconds @throws VaultError `usage` */
function readMinValid(minValid: number | string): number {
  if (typeof minValid === 'string') return parseDuration(minValid, 'minValid');
  if (Number.isFinite(minValid) && minValid >= 0) return minValid;
  throw new VaultError('usage', 'minValid takes milliseconds, or a duration such as 90s, 5m, 12h or 7d');
}
