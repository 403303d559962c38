import { isAbsolute } from 'node:path';
import { isClientSetting } from '../../domain/environment.js';
import type { KeySourceKind } from '../../keysources/contract.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Where the vault lies and how the network is reached: what an unattended run has no other way to know. */
const CARRIED = [
  'HOME',
  'VAULT_HOME',
  'VAULT_KEY_FILE',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
  'XDG_STATE_HOME',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HTTPS_PROXY',
  'https_proxy',
  'HTTP_PROXY',
  'http_proxy',
  'NO_PROXY',
  'no_proxy',
];

/** Where password managers that are run for the key keep their things. */
const FOR_COMMANDS = ['GNUPGHOME', 'PASSWORD_STORE_DIR'];

/** Where the passphrase is, never the passphrase itself. */
export const PASSPHRASE_FILE = 'VAULT_PASSPHRASE_FILE';

export interface CarriedEnv {
  readonly env: Readonly<Record<string, string>>;
  /** What could not be carried and may be missed, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * What of this environment an unattended run needs. It is written where other programs can read it, so nothing that is
 * secret goes along.
 *
 * @param inEnvFile the names that `.env` sets anyway
 */
export function carriedEnv(
  env: Env,
  source: KeySourceKind,
  inEnvFile: readonly string[],
  envFile: string,
): CarriedEnv {
  const notes: string[] = [];
  const carried: Record<string, string> = {};
  const path = searchPath(env['PATH'] ?? '');
  if (path !== '') carried['PATH'] = path;
  const own = { command: FOR_COMMANDS, passphrase: [PASSPHRASE_FILE] };
  for (const name of [...CARRIED, ...(own[source as keyof typeof own] ?? [])]) {
    const value = env[name];
    if (value === undefined || value === '') continue;
    if (/_proxy$/i.test(name) && value.includes('@')) {
      notes.push(`${name} holds a password, so it was not written down; without it the proxy may refuse`);
    } else carried[name] = value;
  }
  const missed = Object.keys(env).filter(
    (name) => isClientSetting(name) && env[name] !== '' && !inEnvFile.includes(name),
  );
  if (missed.length > 0) {
    notes.push(
      `${missed.sort().join(', ')}: set in this shell only, and needed there too; write it into ${envFile}`,
    );
  }
  return { env: carried, notes };
}

/** Of a relative folder nobody could say what it would be there. */
function searchPath(path: string): string {
  const folders = path.split(':').filter((folder) => isAbsolute(folder));
  return [...new Set(folders)].join(':');
}
