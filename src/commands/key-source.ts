import type { KeyChoice } from '../access/key-sources-rest.js';
import { KEY_SOURCE_KINDS } from '../config/key-source.js';
import { VaultError } from '../domain/errors.js';
import { quoted } from '../domain/safe-text.js';
import type { KeySourceKind, KeySourceSetting } from '../keysources/contract.js';
import type { OptionSpec, RawInput } from './spec.js';
import { text, wholeNumber } from './spec.js';

/* A key source on the command line of `vault init` and `vault key`: its kind, and options that go with some kinds. */

export const PASSPHRASE_OPTIONS: readonly OptionSpec[] = [
  {
    flags: '--passphrase-file <path>',
    description: 'passphrase: private file that contains it',
    values: 'file',
  },
  { flags: '--passphrase-fd <n>', description: 'passphrase: open descriptor to read it from' },
];

export const KEY_SOURCE_OPTIONS: readonly OptionSpec[] = [
  {
    flags: '--key-file <path>',
    description: 'file: path of the key file (created if missing)',
    values: 'file',
  },
  {
    flags: '--credential <name>',
    description: 'credential: name of the credential',
    defaultText: 'token-vault-master-key',
  },
  ...PASSPHRASE_OPTIONS,
];

const OPTION_OF: Readonly<Record<string, KeySourceKind>> = {
  '--key-file': 'file',
  '--credential': 'credential',
  '--passphrase-file': 'passphrase',
  '--passphrase-fd': 'passphrase',
};

/** @throws VaultError `usage` */
export function readKind(word: string, what: string): KeySourceKind {
  const kind = KEY_SOURCE_KINDS.find((each) => each === word);
  if (kind !== undefined) return kind;
  throw new VaultError('usage', `${what} takes one of: ${KEY_SOURCE_KINDS.join(', ')}`);
}

/** The kind that an option implies where the kind is left out; null without such an option. */
export function impliedKind(raw: RawInput): KeySourceKind | null {
  const given = Object.keys(OPTION_OF).filter((each) => text(raw, each) !== null);
  return OPTION_OF[given[0] ?? ''] ?? null;
}

/**
 * @param command the words after `--`
 * @throws VaultError `usage` for options that go with another kind
 */
export function readChoice(raw: RawInput, kind: KeySourceKind, command: readonly string[]): KeyChoice {
  for (const [option, goesWith] of Object.entries(OPTION_OF)) {
    if (goesWith !== kind && text(raw, option) !== null)
      throw new VaultError('usage', `${option} cannot be used with the key source ${kind}`);
  }
  if (kind !== 'command' && command.length > 0) {
    throw new VaultError('usage', `a program can be given only for the key source command, not for ${kind}`);
  }
  if (text(raw, '--passphrase-fd') !== null && text(raw, '--passphrase-file') !== null) {
    throw new VaultError(
      'usage',
      '--passphrase-fd and --passphrase-file name two passphrases; give one of them',
    );
  }
  return { setting: settingOf(raw, kind, command), passphraseFd: readDescriptor(raw) };
}

export function readDescriptor(raw: RawInput): number | null {
  const descriptor = wholeNumber(raw, '--passphrase-fd', 0, 999_999);
  if (descriptor !== 1 && descriptor !== 2) return descriptor;
  throw new VaultError('usage', '--passphrase-fd takes 0, or 3 and up: 1 and 2 are for output');
}

/** The arguments that name the same key source in another command. */
export function sameSourceFlags({ setting }: KeyChoice): string {
  switch (setting.kind) {
    case 'file':
      return setting.path === null ? 'file' : `file --key-file ${quoted(setting.path)}`;
    case 'credential':
      return setting.name === null ? 'credential' : `credential --credential ${quoted(setting.name)}`;
    case 'passphrase':
      return setting.file === null ? 'passphrase' : `passphrase --passphrase-file ${quoted(setting.file)}`;
    case 'command':
      return `command -- ${setting.command.map(quoted).join(' ')}`;
    default:
      return setting.kind;
  }
}

function settingOf(raw: RawInput, kind: KeySourceKind, command: readonly string[]): KeySourceSetting {
  switch (kind) {
    case 'file':
      return { kind, path: text(raw, '--key-file') };
    case 'credential':
      return { kind, name: credentialName(raw) };
    case 'command':
      return { kind, command: programAndArguments(command), timeout: null };
    case 'passphrase':
      return { kind, file: text(raw, '--passphrase-file') };
    default:
      return { kind };
  }
}

function credentialName(raw: RawInput): string | null {
  const name = text(raw, '--credential');
  if (name === null || /^(?!\.{1,2}$)[\w.@:-]{1,120}$/.test(name)) return name;
  throw new VaultError('usage', '--credential takes the name of a credential, without a slash');
}

function programAndArguments(command: readonly string[]): readonly string[] {
  const [program = ''] = command;
  if (program.trim() === '') {
    throw new VaultError(
      'usage',
      'the program that prints the key is missing; it goes after --, with its arguments',
      {
        hint: 'for example, at the end of the line: -- pass show token-vault',
      },
    );
  }
  if (/[/\\]/.test(program) && !/^(?:\/|[A-Za-z]:[\\/])/.test(program)) {
    throw new VaultError('usage', 'the program that prints the key must be a name or an absolute path');
  }
  return command;
}
