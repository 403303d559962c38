import type { Files, Keychain } from '../system/contract.js';
import type { KeySource, KeySourceKind } from './contract.js';
import { keyFileSource } from './key-file.js';
import { keychainSource } from './os-keychain.js';

/** What the members need from the outside. */
export interface KeySourceParts {
  readonly files: Files;
  readonly keychain: () => Keychain;
  /** Absolute path of the key file. */
  readonly keyFile: string;
}

/** Every key source there is. To add one: a file beside this one, a kind in the contract, a line here. */
export const KEY_SOURCES = {
  keychain: (parts) => keychainSource(parts.keychain()),
  file: (parts) => keyFileSource(parts.keyFile, parts.files),
} satisfies Record<KeySourceKind, (parts: KeySourceParts) => KeySource>;
