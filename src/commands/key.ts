import type { KeyChoice, PassphraseFrom } from '../access/key-sources-rest.js';
import { KEY_SOURCE_KINDS } from '../config/key-source.js';
import type { Context } from '../context.js';
import { VaultError } from '../domain/errors.js';
import { command as commandLine } from '../domain/hints.js';
import type { KeySourceKind } from '../keysources/contract.js';
import type { Io } from '../ui/io.js';
import {
  impliedKind,
  KEY_SOURCE_OPTIONS,
  PASSPHRASE_OPTIONS,
  readChoice,
  readDescriptor,
  readKind,
} from './key-source.js';
import {
  sealingProgress,
  showAdded,
  showExported,
  showImported,
  showRemoved,
  showRotated,
  showRotatedData,
  showStatus,
  showUsed,
} from './key-view.js';
import type { ArgumentSpec, Command, RawInput } from './spec.js';
import { given, names, text } from './spec.js';

const SOURCE: ArgumentSpec = { name: 'source', description: 'where the key is', values: KEY_SOURCE_KINDS };
const PROGRAM: ArgumentSpec = {
  name: 'command',
  description: 'for source command: the program that prints the key, after --',
  variadic: true,
  values: 'program',
};
const RECOVERY_FILE: ArgumentSpec = {
  name: 'file',
  description: 'the recovery file',
  required: true,
  values: 'file',
};

export type KeyInput =
  | { readonly action: 'status' }
  | { readonly action: 'add' | 'use'; readonly choice: KeyChoice }
  | { readonly action: 'rotate'; readonly choice: KeyChoice | null }
  | { readonly action: 'rotate data'; readonly yes: boolean }
  | { readonly action: 'export'; readonly file: string; readonly passphrase: PassphraseFrom }
  | {
      readonly action: 'import';
      readonly file: string;
      readonly passphrase: PassphraseFrom;
      readonly choice: KeyChoice | null;
    }
  | { readonly action: 'remove'; readonly kind: KeySourceKind; readonly yes: boolean };

export const key: Command<KeyInput> = {
  arguments: [],
  options: [],
  needsSubcommand: true,
  subcommands: [
    {
      name: 'status',
      summary: 'list the keys, and which one this machine uses',
      arguments: [],
      options: [],
      examples: { 'key status': 'source, name, age and place of each key' },
    },
    {
      name: 'add',
      summary: 'add a key, so that the vault opens with it as well',
      arguments: [{ ...SOURCE, required: true }, PROGRAM],
      options: KEY_SOURCE_OPTIONS,
      examples: {
        'key add file': 'add a key in a file: for cron and servers',
        'key add command -- pass show token-vault': 'add a key that is already in a password manager',
      },
    },
    {
      name: 'use',
      summary: 'choose which key this machine opens the vault with',
      arguments: [{ ...SOURCE, required: true }, PROGRAM],
      options: KEY_SOURCE_OPTIONS,
      examples: { 'key use file': 'open the vault with the key in the key file from now on' },
    },
    {
      name: 'remove',
      summary: 'remove a key; asks first, and never removes the last one',
      arguments: [{ ...SOURCE, required: true }],
      options: [{ flags: '--yes', description: 'do not ask' }],
      examples: { 'key remove keychain': 'the vault no longer opens with the keychain' },
    },
    {
      name: 'rotate',
      summary: 'replace the key in use, or the data keys under it',
      arguments: [SOURCE, PROGRAM],
      options: [
        ...KEY_SOURCE_OPTIONS,
        { flags: '--data', description: 'replace the data keys and encrypt every account again; asks first' },
        { flags: '--yes', description: 'do not ask, with --data' },
      ],
      examples: {
        'key rotate': 'replace the key in use with a new one',
        'key rotate --data': 'make new data keys; older recovery files no longer open the vault',
      },
    },
    {
      name: 'export',
      summary: 'save the keys in a recovery file with a passphrase',
      arguments: [RECOVERY_FILE],
      options: PASSPHRASE_OPTIONS,
      examples: { 'key export vault.recovery': 'asks for a passphrase, twice' },
    },
    {
      name: 'import',
      summary: 'make a new key from a recovery file, if the old one is lost',
      arguments: [RECOVERY_FILE, SOURCE, PROGRAM],
      options: KEY_SOURCE_OPTIONS,
      examples: {
        'key import vault.recovery': 'asks for its passphrase',
        'key import vault.recovery file': 'store the new key in a key file',
      },
    },
  ],
  examples: {
    'key status': 'list the keys, and which one this machine uses',
    'key add file': 'add a key in a file: for cron and servers',
    'key rotate': 'replace the key in use',
    'key export vault.recovery': 'make a file that opens the vault with a passphrase',
  },
  ignoresLateSignal: true,

  parse(raw) {
    // Whatever the action: an empty value is a mistake in a script.
    impliedKind(raw);
    const [action, first = '', ...more] = names(raw, 'an argument');
    switch (action) {
      case 'status':
        return { action };
      case 'add':
      case 'use':
        return { action, choice: readChoice(raw, readKind(first, commandLine(`key ${action}`)), more) };
      case 'remove':
        return {
          action,
          kind: readKind(first, commandLine('key remove')),
          yes: given(raw, '--yes'),
        };
      case 'rotate':
        return given(raw, '--data')
          ? parseRotateData(raw, first)
          : { action, choice: choiceOf(raw, action, first, more) };
      case 'export':
        return { action, file: first, passphrase: passphraseFrom(raw) };
      default: {
        const [source = '', ...program] = more;
        return {
          action: 'import',
          file: first,
          passphrase: passphraseFrom(raw),
          choice: source === '' ? null : choiceOf(withoutPassphrase(raw), 'import', source, program),
        };
      }
    }
  },

  async run(ctx, input, io) {
    switch (input.action) {
      case 'status': {
        const { keyStatus } = await import('../services/keys/status.js');
        return showStatus(await keyStatus(ctx), io);
      }
      case 'add': {
        const { addKey } = await import('../services/keys/add.js');
        return showAdded(await addKey(ctx, await ctx.keys.chosen(input.choice)), input.choice, io);
      }
      case 'use': {
        const { useKey } = await import('../services/keys/status.js');
        return showUsed(await useKey(ctx, await ctx.keys.chosen(input.choice)), io);
      }
      case 'remove': {
        const { removeKey } = await import('../services/keys/remove.js');
        if (!input.yes) await confirmRemoval(ctx, input.kind, io);
        return showRemoved(await removeKey(ctx, input.kind), io);
      }
      case 'rotate': {
        const { rotateKey } = await import('../services/keys/rotate-master.js');
        return showRotated(await rotateKey(ctx, input.choice && (await ctx.keys.chosen(input.choice))), io);
      }
      case 'rotate data': {
        const { rotateDataKeys } = await import('../services/keys/rotate-data.js');
        if (!input.yes) await confirmNewDataKeys(ctx, io);
        const { report, stop } = sealingProgress(io);
        showRotatedData(await rotateDataKeys(ctx, report).finally(stop), io);
        return input.yes ? undefined : offerRecoveryFile(ctx, io);
      }
      case 'export': {
        const { exportKey } = await import('../services/keys/recovery.js');
        return showExported(await exportKey(ctx, input), io);
      }
      default: {
        const { importKey } = await import('../services/keys/recovery.js');
        const { choice } = input;
        return showImported(
          await importKey(ctx, input, choice && (await ctx.keys.chosen(choice))),
          choice,
          io,
        );
      }
    }
  },
};

function choiceOf(
  raw: RawInput,
  action: string,
  source: string,
  program: readonly string[],
): KeyChoice | null {
  const kind = source === '' ? impliedKind(raw) : readKind(source, commandLine(`key ${action}`));
  return kind === null ? null : readChoice(raw, kind, program);
}

function parseRotateData(raw: RawInput, source: string): KeyInput {
  if (source === '' && impliedKind(raw) === null) return { action: 'rotate data', yes: given(raw, '--yes') };
  throw new VaultError('usage', 'the data keys are in the vault itself, so --data takes no key source', {
    hint: commandLine('key rotate --data'),
  });
}

function passphraseFrom(raw: RawInput): PassphraseFrom {
  return { file: text(raw, '--passphrase-file'), descriptor: readDescriptor(raw) };
}

/** With import, the options of a passphrase are about the recovery file. */
function withoutPassphrase(raw: RawInput): RawInput {
  const { passphraseFile: _, passphraseFd: __, ...options } = raw.options;
  return { ...raw, options };
}

/** Asks before the data keys are replaced, unless an interrupted run has replaced them already, or there are none. */
async function confirmNewDataKeys(ctx: Context, io: Io): Promise<void> {
  const { keyStatus } = await import('../services/keys/status.js');
  const { dataKeys } = await keyStatus(ctx);
  if (dataKeys.length === 0 || dataKeys.some(({ replaced }) => replaced)) return;
  if (!io.interactive) {
    throw new VaultError(
      'usage',
      'not interactive, and older recovery files will no longer open the vault: pass --yes',
      {
        hint: `${commandLine('key rotate --data --yes')}\nthen make a new recovery file: ${commandLine('key export FILE')}`,
      },
    );
  }
  const question = `Replace the data keys? The recovery files made so far will no longer open the vault; you can make a new one right after.`;
  if (!(await io.confirm(question)))
    throw new VaultError('interrupted', 'not confirmed, nothing was changed');
}

/** Right after the older ones have become useless. */
async function offerRecoveryFile(ctx: Context, io: Io): Promise<void> {
  if (!io.interactive || io.json || !(await io.confirm('Make a new recovery file now?', 'yes'))) return;
  const file = await io.ask('Its name, on a medium apart from the vault and its backups:');
  if (file === '') return;
  const { exportKey } = await import('../services/keys/recovery.js');
  showExported(await exportKey(ctx, { file, passphrase: { file: null, descriptor: null } }), io);
}

/** Asks before a key is removed, unless it cannot be removed anyway. */
async function confirmRemoval(ctx: Context, kind: KeySourceKind, io: Io): Promise<void> {
  const { keyStatus } = await import('../services/keys/status.js');
  const { keys } = await keyStatus(ctx);
  if (keys.length < 2 || !keys.some((each) => each.source === kind && !each.inUse)) return;
  if (!io.interactive) {
    throw new VaultError('usage', 'not interactive, and a removed key cannot be restored: pass --yes', {
      hint: commandLine(`key remove ${kind} --yes`),
    });
  }
  const question = `Remove the key in the source ${kind}? Machines that use this key will no longer open the vault, and backups without another key can no longer be opened.`;
  if (!(await io.confirm(question)))
    throw new VaultError('interrupted', 'not confirmed, nothing was removed');
}
