import { VaultError } from '../domain/errors.js';

/**
 * What has to be known before any file is read, and what others obey besides this program. The names are whole: a `.env`
 * may well hold another program's VAULT_ADDR or NODE_ENV.
 */
const ENVIRONMENT_ONLY: ReadonlySet<string> = new Set([
  'VAULT_HOME',
  'VAULT_PROFILE',
  'VAULT_KEY_FILE',
  'VAULT_PASSPHRASE_FILE',
  'VAULT_PASSPHRASE_FD',
  'HOME',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
  'XDG_STATE_HOME',
  'BROWSER',
  'HTTPS_PROXY',
  'https_proxy',
  'HTTP_PROXY',
  'http_proxy',
  'NO_PROXY',
  'no_proxy',
  'NODE_COMPILE_CACHE',
  'NODE_DEBUG',
  'NODE_EXTRA_CA_CERTS',
  'NODE_OPTIONS',
  'NODE_PATH',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'OPENSSL_CONF',
]);

/**
 * Refuses a `.env` that sets what is read from the environment only: whoever wrote it there believes that it holds.
 *
 * @param values as the file sets them; one that is empty sets nothing
 * @param file how the file is called in errors
 * @throws VaultError `config_invalid` with the names, never the values
 */
export function refuseEnvironmentOnly(
  values: Readonly<Record<string, string | undefined>>,
  file: string,
): void {
  const names = Object.keys(values)
    .filter((name) => values[name] && ENVIRONMENT_ONLY.has(name))
    .sort()
    .join(', ');
  if (names === '') return;
  throw new VaultError('config_invalid', `${file} sets ${names}, which can be set in the environment only`, {
    hint: `take ${names} out of that file; export what is meant in the shell`,
  });
}
