import type { KeyChoice, PassphraseFrom } from '../access/key-sources-rest.js';
import { useCommand } from '../access/open-failure.js';
import { KEY_SOURCE_KINDS } from '../config/key-source.js';
import type { Context } from '../context.js';
import { VaultError } from '../domain/errors.js';
import { command as commandLine } from '../domain/hints.js';
import { relative, rfc3339 } from '../domain/time.js';
import { count } from '../domain/wording.js';
import type { KeySourceKind } from '../keysources/contract.js';
import type { MasterKeyView } from '../services/keys/changes.js';
import type { ImportedKey } from '../services/keys/recovery.js';
import type { RemovedKey } from '../services/keys/remove.js';
import type { RotatedDataKeys } from '../services/keys/rotate-data.js';
import type { RotatedKey } from '../services/keys/rotate-master.js';
import type { KeyStatus, UsedKey } from '../services/keys/status.js';
import type { Io } from '../ui/io.js';
import { printTable } from '../ui/layout.js';
import { progressOn } from '../ui/progress.js';
import {
  impliedKind,
  KEY_SOURCE_OPTIONS,
  PASSPHRASE_OPTIONS,
  readChoice,
  readDescriptor,
  readKind,
  sameSourceFlags,
} from './key-source.js';
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
        { flags: '--data', description: 'replace the data keys and seal every account again; asks first' },
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
        return showRotatedData(await rotateDataKeys(ctx, report).finally(stop), io);
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
    throw new VaultError('usage', 'not interactive, and older recovery files will be of no use: pass --yes', {
      hint: `${commandLine('key rotate --data --yes')}\nthen make a new recovery file: ${commandLine('key export FILE')}`,
    });
  }
  const question = `Replace the data keys? The recovery files made so far will no longer open the vault; make a new one afterwards: ${commandLine('key export FILE')}`;
  if (!(await io.confirm(question)))
    throw new VaultError('interrupted', 'not confirmed, nothing was changed');
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
  const question = `Remove the key in the source ${kind}? Machines that use it, and backups that have no other key, will no longer open.`;
  if (!(await io.confirm(question)))
    throw new VaultError('interrupted', 'not confirmed, nothing was removed');
}

/** Shows how many accounts are sealed under the new data keys. */
function sealingProgress(io: Io) {
  const { step, stop } = progressOn(io);
  let last = 0;
  return {
    report(done: number, total: number) {
      step(`sealed under new keys: ${done} of ${total}`, total, done - last);
      last = done;
    },
    stop,
  };
}

function keyDocument({ source, reference, createdAt, place, inUse }: MasterKeyView) {
  return { source, reference, created_at: rfc3339(createdAt), place, in_use: inUse };
}

function showAdded(added: MasterKeyView, choice: KeyChoice, io: Io): void {
  if (io.json) io.document(keyDocument(added));
  io.say(`the ${added.place} now opens the vault as well`, 'green');
  io.say(`to have this machine use it: ${commandLine(`key use ${sameSourceFlags(choice)}`)}`);
}

export function showUsed({ key: used, configFile, warning }: UsedKey, io: Io): void {
  if (io.json) io.document({ ...keyDocument(used), config_file: configFile });
  io.say(`this machine opens the vault with the key from the ${used.place}`, 'green');
  if (warning !== null) io.warn(`warning: ${warning}`, 'yellow');
}

function showRemoved({ source, reference, key: outcome }: RemovedKey, io: Io): void {
  if (io.json) io.document({ source, reference, key: outcome });
  io.say(`the key in the source ${source} no longer opens the vault; ${outcome}`, 'yellow');
}

export function showRotated({ key: rotated, replaced, old, next }: RotatedKey, io: Io): void {
  if (io.json) io.document({ ...keyDocument(rotated), replaced, old, next });
  io.say(`the ${rotated.place} holds a new key of the vault; ${old}`, 'green');
  if (next !== null) io.warn(next, 'yellow');
  io.say(
    `older backups need a recovery file or the old key; make a new backup: ${commandLine('backup FILE')}`,
  );
}

export function showRotatedData(
  { accounts, resumed, dropped, dataKeys, madeAt }: RotatedDataKeys,
  io: Io,
): void {
  if (io.json) io.document({ accounts, resumed, dropped, data_keys: dataKeys, made_at: rfc3339(madeAt) });
  io.say(`${count(accounts, 'account')} sealed under new data keys; the old ones were deleted`, 'green');
  if (resumed) {
    const made = relative(madeAt, io.now());
    io.warn(`this finished an interrupted run: the new data keys were made ${made}`, 'yellow');
    io.warn(`for newer ones: ${commandLine('key rotate --data')}`);
  }
  io.warn(
    `older recovery files no longer open the vault; make a new one: ${commandLine('key export FILE')}`,
    'yellow',
  );
  io.say(`the master keys are unchanged; to replace the one in use: ${commandLine('key rotate')}`);
}

export function showExported(file: string, io: Io): void {
  if (io.json) io.document({ file });
  io.say(`${file} was written, read back and opened`, 'green');
  io.say(
    'with its passphrase it opens the vault and every backup made since the data keys were last replaced; keep it apart from them',
  );
  io.say(`if the key is lost: ${commandLine(`key import ${file}`)}`);
}

export function showImported({ key: made, replaced }: ImportedKey, choice: KeyChoice | null, io: Io): void {
  if (io.json) io.document({ ...keyDocument(made), replaced });
  io.say(`the ${made.place} holds a new key, which opens the vault`, 'green');
  if (!made.inUse) {
    const source = choice === null ? made.source : sameSourceFlags(choice);
    io.say(`to have this machine use it: ${commandLine(`key use ${source}`)}`);
  }
  io.say(`check the vault: ${commandLine('doctor')}`);
}

export function showStatus(status: KeyStatus, io: Io): void {
  const { keys, dataKeys, unfinished, inUse, decidedBy } = status;
  if (io.json) {
    io.document({
      keys: keys.map(keyDocument),
      data_keys: dataKeys.map(({ id, purpose, createdAt, replaced, accounts }) => ({
        id,
        purpose,
        created_at: rfc3339(createdAt),
        replaced,
        accounts,
      })),
      unfinished: unfinished.map(({ source, reference, since }) => ({
        source,
        reference,
        since: rfc3339(since),
      })),
      key_source: inUse,
      decided_by: decidedBy,
    });
    return;
  }
  if (keys.length === 0) {
    io.say(`there is no vault yet, so it has no keys; to make it: ${commandLine('init')}`);
    return;
  }
  printTable(
    io,
    [
      { title: 'SOURCE' },
      { title: 'KEY' },
      { title: 'MADE' },
      { title: 'USED HERE', paint: (cell, theme) => theme.green(cell) },
      { title: 'PLACE', shrink: true },
    ],
    keys.map(({ source, reference, createdAt, place, inUse: used }) => [
      source,
      shortName(reference),
      relative(createdAt, io.now()),
      used ? 'yes' : '',
      place,
    ]),
  );
  printKeyNotes(status, io);
}

function shortName(reference: string): string {
  return reference.replace(/^[0-9a-f]{32}\//, '');
}

/** The data keys, what interrupted runs have left, and whether this machine has a key. */
function printKeyNotes({ keys, dataKeys, unfinished, inUse }: KeyStatus, io: Io): void {
  const current = dataKeys.filter(({ replaced }) => !replaced);
  const old = dataKeys.filter(({ replaced }) => replaced);
  if (current.length > 0)
    io.say(`each of them opens the same ${count(current.length, 'data key')}, ${described(current, io)}`);
  if (old.length > 0) {
    io.warn(`unfinished: ${count(old.length, 'data key')} not yet replaced, ${described(old, io)}`, 'yellow');
    io.warn(`hint: ${commandLine('key rotate --data')}`);
  }
  for (const { source, reference, since } of unfinished) {
    const when = relative(since, io.now());
    io.warn(
      `unfinished: the unneeded key ${shortName(reference)} may still be in the source ${source} (since ${when})`,
      'yellow',
    );
  }
  for (const kind of new Set(unfinished.map(({ source }) => source))) {
    const action = keys.some(({ source }) => source === kind) ? 'rotate' : 'remove';
    io.warn(`hint: once that source works: ${commandLine(`key ${action} ${kind}`)}`);
  }
  if (keys.some((each) => each.inUse)) return;
  io.warn(`this machine uses the key source ${inUse}, but this vault has no key there`, 'yellow');
  const kinds = [...new Set(keys.map(({ source }) => source))];
  io.warn(`hint: ${kinds.map(useCommand).join(', or ')}`);
}

function described(dataKeys: KeyStatus['dataKeys'], io: Io): string {
  const newest = Math.max(...dataKeys.map(({ createdAt }) => createdAt));
  const made = `made ${relative(newest, io.now())}`;
  const accounts = dataKeys.map((each) => each.accounts).filter((number) => number !== null);
  return accounts.length === 0
    ? made
    : `${made}; ${count(Math.max(...accounts), 'account')} sealed under them`;
}
