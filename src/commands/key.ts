import { VaultError } from '../domain/errors.js';
import { relative } from '../domain/time.js';
import type { KeySourceKind } from '../keysources/contract.js';
import type { KeyChoice, UseCases } from '../services/contract.js';
import type { Io } from '../ui/io.js';
import { type Action, type ActionSpec, type InputOf, type KeyInput, keyDocument } from './key-action.js';
import { exportKey, importKey, rotate } from './key-change.js';
import {
  chosenAgain,
  impliedKind,
  KEY_SOURCE_OPTIONS,
  KEY_SOURCES,
  readChoice,
  readKind,
} from './key-source.js';
import { sayBeneath, statusDocument } from './key-status.js';
import type { Command, RawInput } from './spec.js';
import { firstName, given } from './spec.js';

const ACTIONS: Record<Action, ActionSpec> = {
  status: {
    parse(_raw, source) {
      if (source !== null) throw new VaultError('usage', 'vault key status takes no key source');
      return { action: 'status' };
    },
    run: showStatus,
  },
  add: {
    parse: (raw, source, command) => ({ action: 'add', choice: choiceOf(raw, 'add', source, command) }),
    run: addKey,
  },
  use: {
    parse: (raw, source, command) => ({ action: 'use', choice: choiceOf(raw, 'use', source, command) }),
    run: useKey,
  },
  remove: {
    parse(raw, source, command) {
      const kind = named(source, 'remove');
      if (command.length > 0 || impliedKind(raw) !== null)
        throw new VaultError('usage', 'vault key remove takes the kind of key source alone');
      return { action: 'remove', kind, yes: given(raw, '--yes') };
    },
    run: removeKey,
  },
  rotate,
  export: exportKey,
  import: importKey,
};

/** Looks after the master keys of the vault, each of which opens all of it. */
export const key: Command<KeyInput> = {
  name: 'key',
  summary: 'see, add, replace and save the keys that open the vault',
  arguments: [
    { name: 'action', description: Object.keys(ACTIONS).join(', ') },
    { name: 'source', description: `${KEY_SOURCES.join(', ')}; for export and import: the recovery file` },
    { name: 'command', description: 'with the source command: the program, after --', variadic: true },
  ],
  options: [
    ...KEY_SOURCE_OPTIONS,
    { flags: '--data', description: 'rotate: the data keys, so that every account is sealed anew' },
    { flags: '--yes', description: 'remove: do not ask' },
  ],
  examples: [
    { line: 'vault key status', says: 'which keys there are, and which one this machine uses' },
    { line: 'vault key add file', says: 'one more key, in a file: for cron and servers' },
    {
      line: 'vault key add command -- pass show token-vault',
      says: 'one more, which is in a password manager already',
    },
    { line: 'vault key use file', says: 'this machine opens the vault with that one from now on' },
    { line: 'vault key rotate', says: 'a new key in the place of the one in use' },
    { line: 'vault key rotate --data', says: 'new data keys under it, and every account sealed anew' },
    { line: 'vault key export vault.recovery', says: 'a file that opens the vault with a passphrase' },
    { line: 'vault key import vault.recovery', says: 'a new key by that file, where the old one is lost' },
    { line: 'vault key remove keychain', says: 'asks first; the last key cannot be removed' },
  ],
  printsWhole: true,

  parse(raw) {
    // Whatever the action: a value that is empty is a mistake in a script.
    impliedKind(raw);
    const word = firstName(raw, 'the action');
    const [, source = null, ...command] = raw.args;
    if (word === null || !Object.hasOwn(ACTIONS, word)) {
      throw new VaultError('usage', `vault key takes one of: ${Object.keys(ACTIONS).join(', ')}`);
    }
    return ACTIONS[word as Action].parse(raw, source, command);
  },

  run: (useCases, input, io) => ACTIONS[input.action].run(useCases, input as never, io),
};

function named(source: string | null, action: string): KeySourceKind {
  if (source !== null) return readKind(source, `vault key ${action}`);
  throw new VaultError('usage', `vault key ${action} which? It takes one of: ${KEY_SOURCES.join(', ')}`);
}

/** A program without the word `command` before it is refused, so that a mistyped kind is not run. */
function choiceOf(
  raw: RawInput,
  action: 'add' | 'use',
  source: string | null,
  command: readonly string[],
): KeyChoice {
  return readChoice(raw, named(source, action), command);
}

async function showStatus(useCases: UseCases, _input: InputOf<'status'>, io: Io): Promise<void> {
  const status = await useCases.keyStatus();
  const { keys, inUse } = status;
  if (io.json) {
    io.document(statusDocument(status));
    return;
  }
  if (keys.length === 0) {
    io.say('there is no vault yet, so it has no keys; vault init makes it');
    return;
  }
  io.table(
    [
      { title: 'SOURCE' },
      { title: 'KEY' },
      { title: 'MADE' },
      { title: 'USED HERE', paint: (cell, theme) => theme.green(cell) },
      { title: 'PLACE', shrink: true },
    ],
    keys.map(({ source, reference, createdAt, place, inUse: used }) => [
      source,
      reference.replace(/^[0-9a-f]{32}\//, ''),
      relative(createdAt, io.now()),
      used ? 'yes' : '',
      place,
    ]),
  );
  sayBeneath(status, io);
  if (keys.some((each) => each.inUse)) return;
  const kinds = [...new Set(keys.map(({ source }) => source))];
  io.warn(
    `this machine is set to use a key source of the kind ${inUse}, in which this vault has no key`,
    'yellow',
  );
  // Nobody but its user knows the program of a key that this machine does not use.
  const use = (kind: string) => `vault key use ${kind}${kind === 'command' ? ' -- PROGRAM' : ''}`;
  io.warn(`hint: ${kinds.map(use).join(', or ')}`);
}

async function addKey(useCases: UseCases, { choice }: InputOf<'add' | 'use'>, io: Io): Promise<void> {
  const added = await useCases.addKey(choice);
  if (io.json) io.document(keyDocument(added));
  io.say(`the ${added.place} opens the vault as well now`, 'green');
  io.say(`to have this machine use it: vault key use ${chosenAgain(choice)}`);
}

async function useKey(useCases: UseCases, { choice }: InputOf<'add' | 'use'>, io: Io): Promise<void> {
  const { key: used, configFile, warning } = await useCases.useKey(choice);
  if (io.json) io.document({ ...keyDocument(used), config_file: configFile });
  io.say(`this machine opens the vault with the key from the ${used.place}`, 'green');
  if (warning !== null) io.warn(`warning: ${warning}`, 'yellow');
}

async function removeKey(useCases: UseCases, { kind, yes }: InputOf<'remove'>, io: Io): Promise<void> {
  // What will be refused anyway is not asked about.
  const { keys } = await useCases.keyStatus();
  const removable = keys.length > 1 && keys.some((each) => each.source === kind && !each.inUse);
  if (!yes && removable) await confirm(kind, io);
  const removed = await useCases.removeKey(kind);
  if (io.json) io.document({ source: removed.source, reference: removed.reference, key: removed.key });
  io.say(`the key in the source ${kind} opens the vault no more; ${removed.key}`, 'yellow');
}

async function confirm(kind: KeySourceKind, io: Io): Promise<void> {
  if (!io.interactive) {
    throw new VaultError('usage', 'there is nobody to ask, and a key that is removed does not come back', {
      hint: `vault key remove ${kind} --yes`,
    });
  }
  const question = `Remove the key in the source ${kind}? Machines that use it, and backups that have no other, will not open any more.`;
  if (!(await io.confirm(question)))
    throw new VaultError('interrupted', 'not confirmed, so nothing was removed');
}
