import { VaultError } from '../domain/errors.js';

/*
 * Environment variables. What locates the vault and its key has to be known before any file is read, and some variables are
 * obeyed by other programs too, so none of them may be set in `.env`. Names are compared exactly, because a `.env` may
 * contain another program's VAULT_ADDR or NODE_ENV.
 */

/** Where the vault is and how to reach the network: an unattended job is given these. */
export const JOB_VARIABLES = [
  'HOME',
  'VAULT_HOME',
  'VAULT_KEY_FILE',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
  'XDG_STATE_HOME',
  'NODE_EXTRA_CA_CERTS',
  'HTTPS_PROXY',
  'https_proxy',
  'HTTP_PROXY',
  'http_proxy',
  'NO_PROXY',
  'no_proxy',
] as const;

/** The path of the passphrase, never the passphrase itself. */
export const PASSPHRASE_FILE = 'VAULT_PASSPHRASE_FILE';

const ENVIRONMENT_ONLY: ReadonlySet<string> = new Set([
  ...JOB_VARIABLES,
  PASSPHRASE_FILE,
  'VAULT_PASSPHRASE_FD',
  'VAULT_PROFILE',
  'BROWSER',
  'NODE_COMPILE_CACHE',
  'NODE_DEBUG',
  'NODE_OPTIONS',
  'NODE_PATH',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'OPENSSL_CONF',
]);

/**
 * Refuses a `.env` that sets a variable which is read from the environment only and would be ignored.
 *
 * @param values as the file sets them; an empty value sets nothing
 * @param file its name in errors
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
    hint: `remove ${names} from that file and export the variable in the shell`,
  });
}
