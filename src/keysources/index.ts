import type { Files } from '../system/contract.js';
import type { Keychain } from '../system/keychain/contract.js';
import type { CommandParts } from './command.js';
import type { KeySource, KeySourceKind, KeySourceSetting } from './contract.js';
import type { CredentialParts } from './credential.js';
import { keyFileSource } from './key-file.js';
import type { PassphraseParts } from './passphrase.js';

export interface KeySourceParts {
  readonly files: Files;
  readonly keychain: () => Keychain;
  /** Absolute path of this vault's own key file. */
  readonly keyFile: string;
  readonly credential: CredentialParts;
  readonly command: CommandParts;
  /** Whether there is no vault yet. */
  readonly isFirstRun: () => boolean;
  readonly passphrase: (file: string | null) => Promise<PassphraseParts>;
}

type SettingOf<Kind extends KeySourceKind> = Extract<KeySourceSetting, { readonly kind: Kind }>;
type Members = {
  readonly [Kind in KeySourceKind]: (
    setting: SettingOf<Kind>,
    parts: KeySourceParts,
  ) => KeySource | Promise<KeySource>;
};

/**
 * All key sources. To add one: a file beside this one, a kind and its setting in the contract, a line here. A key
 * file is loaded at once, the others when they are used.
 */
export const KEY_SOURCES: Members = {
  keychain: async (_setting, parts) =>
    (await import('./os-keychain.js')).keychainSource(parts.keychain(), parts.isFirstRun),
  file: ({ path }, { keyFile, files }) => keyFileSource(path ?? keyFile, files, keyFile),
  credential: async ({ name }, parts) =>
    (await import('./credential.js')).credentialSource(name, parts.credential),
  command: async ({ command, timeout }, parts) =>
    (await import('./command.js')).commandSource(command, timeout, parts.command),
  passphrase: async ({ file }, parts) =>
    (await import('./passphrase.js')).passphraseSource(file, await parts.passphrase(file)),
};

export async function keySourceFor<Kind extends KeySourceKind>(
  setting: SettingOf<Kind>,
  parts: KeySourceParts,
): Promise<KeySource> {
  const member: (setting: SettingOf<Kind>, parts: KeySourceParts) => KeySource | Promise<KeySource> =
    KEY_SOURCES[setting.kind as Kind];
  return member(setting, parts);
}
