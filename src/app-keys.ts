import { isAbsolute } from 'node:path';
import type { Audit } from './audit/events.js';
import { readKeySource, withKeySource } from './config/key-source.js';
import { SECOND } from './domain/duration.js';
import { VaultError } from './domain/errors.js';
import { once } from './domain/once.js';
import type { KeySource, KeySourceKind } from './keysources/contract.js';
import { KEY_SOURCES } from './keysources/index.js';
import type { InitRequest, InitResult } from './services/contract.js';
import { type VaultAccess, vaultAccess } from './services/vault-access.js';
import type { Locks, Marks, StoreFactory } from './stores/contract.js';
import type { Clock, Files, Host, Paths } from './system/contract.js';
import { systemKeychain } from './system/keychain.js';

/* How app.ts wires the vault and the sources of its master keys. */

/** Somebody may be typing a password for the keychain; without a terminal nobody is. */
const KEYCHAIN_PATIENCE = { withPerson: 30 * SECOND, alone: 5 * SECOND };

export interface KeyParts {
  readonly host: Host;
  readonly paths: Paths;
  readonly files: Files;
  readonly factory: StoreFactory;
  readonly locks: Locks;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly readText: (path: string) => string | null;
  readonly notice: (line: string) => void;
}

export function keysWith(parts: KeyParts) {
  const { host, paths, files, factory, locks, clock, audit, readText, notice } = parts;
  const { env } = host;

  function keySource(kind: KeySourceKind, path: string | null): KeySource {
    const keychain = () =>
      systemKeychain(clock, KEYCHAIN_PATIENCE[host.stdin.isTTY === true ? 'withPerson' : 'alone']);
    return KEY_SOURCES[kind]({ files, keychain, keyFile: path ?? keyFileFromEnv(env) ?? paths.keyFile });
  }

  async function configuredKeySource(): Promise<KeySource> {
    if (keyFileFromEnv(env) !== null) return keySource('file', null);
    const setting = readKeySource(readText(paths.configFile), paths.configFile) ?? { kind: 'keychain' };
    return keySource(setting.kind, setting.kind === 'file' ? setting.path : null);
  }

  const access: VaultAccess = vaultAccess({
    paths,
    files,
    factory,
    locks,
    clock,
    audit,
    keySource: configuredKeySource,
    marks: once(() => marksWith(paths, files)),
    notice,
    async rememberKeySource(source) {
      files.ensureFolder(paths.config);
      const path = source.kind === 'file' && source.path !== paths.keyFile ? source.path : null;
      const setting = source.kind === 'file' ? { kind: source.kind, path } : { kind: source.kind };
      const before = readText(paths.configFile);
      files.replace(paths.configFile, Buffer.from(withKeySource(before, setting, paths.configFile), 'utf8'));
    },
  });

  return {
    access,

    async init(request: InitRequest): Promise<InitResult> {
      const wanted = request.keySource ?? (request.keyFile === null ? null : 'file');
      const source = wanted === null ? await configuredKeySource() : keySource(wanted, request.keyFile);
      await access.create(source);
      return {
        keySource: source.kind,
        place: source.place,
        database: paths.database,
        configFile: paths.configFile,
      };
    },
  };
}

/** What is kept of a vault outside its database. A folder that is reached by several names is one place. */
async function marksWith(paths: Paths, files: Files): Promise<Marks> {
  const [{ markFolder }, { machineIdentity }, { realpathSync }] = await Promise.all([
    import('./stores/marks.js'),
    import('./system/machine.js'),
    import('node:fs'),
  ]);
  const machine = machineIdentity(files, paths.machineFile);
  return markFolder(paths.marks, [machine, realpathSync(paths.data)], files);
}

/** @throws VaultError `config_invalid` */
function keyFileFromEnv(env: Host['env']): string | null {
  const path = env['VAULT_KEY_FILE'];
  if (path === undefined || path === '') return null;
  if (isAbsolute(path)) return path;
  throw new VaultError('config_invalid', 'VAULT_KEY_FILE must be an absolute path', {
    hint: 'for example: export VAULT_KEY_FILE="$HOME/vault.key"',
  });
}
