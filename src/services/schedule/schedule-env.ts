import { isAbsolute } from 'node:path';
import { JOB_VARIABLES, PASSPHRASE_FILE } from '../../config/env-file.js';
import { isClientSetting } from '../../domain/environment.js';
import type { KeySourceKind } from '../../keysources/contract.js';

type Env = Readonly<Record<string, string | undefined>>;

const CARRIED = [...JOB_VARIABLES, 'SSL_CERT_FILE', 'SSL_CERT_DIR'];

/** For password managers that print the key. */
const FOR_COMMANDS = ['GNUPGHOME', 'PASSWORD_STORE_DIR'];

export interface CarriedEnv {
  readonly env: Readonly<Record<string, string>>;
  /** Sentences about what is missing in it. */
  readonly notes: readonly string[];
}

/**
 * The variables that an unattended job needs. Other programs can read them, so no secret is among them.
 *
 * @param inEnvFile the names that `.env` sets
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
      notes.push(`${name} contains a password and was left out; the proxy may refuse the job`);
    } else carried[name] = value;
  }
  const unwritten = unwrittenSettings(env, inEnvFile);
  if (unwritten.length > 0)
    notes.push(
      `set in this shell only and needed by the job: ${unwritten.join(', ')}; write it into ${envFile}`,
    );
  return { env: carried, notes };
}

/** Client settings that are set in the environment and not in `.env`. */
export function unwrittenSettings(env: Env, inEnvFile: readonly string[]): readonly string[] {
  return Object.keys(env)
    .filter((name) => isClientSetting(name) && env[name] !== '' && !inEnvFile.includes(name))
    .sort();
}

/** A relative folder would be another one in the job. */
function searchPath(path: string): string {
  const folders = path.split(':').filter((folder) => isAbsolute(folder));
  return [...new Set(folders)].join(':');
}
