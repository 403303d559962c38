import { createApp } from './app.js';
import type { Account } from './domain/account.js';
import { accountName } from './domain/account.js';
import { MINUTE, parseDuration } from './domain/duration.js';
import { thisProcess } from './main.js';

export type { Account, AccountStatus } from './domain/account.js';
export { type ErrorCode, VaultError } from './domain/errors.js';

export interface OpenVaultOptions {
  /** An absolute folder that holds everything, as `VAULT_HOME` does. */
  readonly home?: string;
  /** A separate vault with its own key, as `VAULT_PROFILE` does. */
  readonly profile?: string;
  /** An `.env` to read instead of the one in the configuration folder. */
  readonly envFile?: string;
  /** Ends waiting when it is aborted; a request in flight is still heard out. */
  readonly signal?: AbortSignal;
  /** Told what the command line would say on stderr though nothing failed. */
  readonly onNotice?: (line: string) => void;
}

export interface AccessTokenOptions {
  /** How long the token must be good for: milliseconds, or `90s`, `5m`, `12h`. Five minutes when left out. */
  readonly minValid?: number | string;
  /** Scopes that must have been granted. */
  readonly scopes?: readonly string[];
  /** Refresh whatever the clock says. */
  readonly refresh?: boolean;
}

export interface OpenedVault {
  /**
   * A valid access token, refreshed first if need be, under the same lock as every other process.
   *
   * @param account a name, a provider or a unique beginning of a name; left out: the only account there is
   * @throws VaultError with the same codes as the command line; never opens a browser
   */
  accessToken(account?: string, options?: AccessTokenOptions): Promise<string>;
  /** All accounts by name; needs no key. */
  accounts(): Promise<readonly (Account & { readonly name: string })[]>;
  close(): Promise<void>;
}

/** Opens the user's vault, the same that the command line uses. A vault that is not there yet has no accounts. */
export function openVault(options: OpenVaultOptions = {}): OpenedVault {
  const {
    home,
    profile = null,
    envFile = null,
    signal = new AbortController().signal,
    onNotice = () => {},
  } = options;
  const host = thisProcess(signal, null, home === undefined ? {} : { VAULT_HOME: home });
  const app = createApp(host, { profile, envFile, notice: onNotice });
  return {
    async accessToken(account, { minValid = 5 * MINUTE, scopes = [], refresh = false } = {}) {
      const token = await app.token({
        selector: account ?? null,
        minValid: typeof minValid === 'string' ? parseDuration(minValid, 'minValid') : minValid,
        scopes,
        refresh,
        withIdentity: false,
      });
      if (token.warning !== null) onNotice(token.warning);
      return token.accessToken.reveal();
    },
    async accounts() {
      const accounts = await app.list({ provider: null, status: null, expiringWithin: null });
      return accounts.map((account) => ({ ...account, name: accountName(account) }));
    },
    close: () => app.close(),
  };
}
