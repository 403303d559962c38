import type { KeyChoice } from '../access/key-sources-rest.js';
import { useCommand } from '../access/open-failure.js';
import { command as commandLine } from '../domain/hints.js';
import { relative, rfc3339 } from '../domain/time.js';
import { count } from '../domain/wording.js';
import type { MasterKeyView } from '../services/keys/changes.js';
import type { ImportedKey } from '../services/keys/recovery.js';
import type { RemovedKey } from '../services/keys/remove.js';
import type { RotatedDataKeys } from '../services/keys/rotate-data.js';
import type { RotatedKey } from '../services/keys/rotate-master.js';
import type { KeyStatus, UsedKey } from '../services/keys/status.js';
import type { Io } from '../ui/io.js';
import { printTableOrBlocks } from '../ui/layout.js';
import { progressOn } from '../ui/progress.js';
import { sameSourceFlags } from './key-source.js';

/* What `vault key` prints. */

/** Shows how many accounts are encrypted with the new data keys. */
export function sealingProgress(io: Io) {
  const { step, stop } = progressOn(io);
  let last = 0;
  return {
    report(done: number, total: number) {
      step(`encrypted with new keys: ${done} of ${total}`, total, done - last);
      last = done;
    },
    stop,
  };
}

function keyDocument({ source, reference, createdAt, place, inUse }: MasterKeyView) {
  return { source, reference, created_at: rfc3339(createdAt), place, in_use: inUse };
}

export function showAdded(added: MasterKeyView, choice: KeyChoice, io: Io): void {
  if (io.json) io.document(keyDocument(added));
  io.say(`the ${added.place} now opens the vault as well`, 'green');
  io.say(`to have this machine use it: ${commandLine(`key use ${sameSourceFlags(choice)}`)}`);
}

export function showUsed({ key: used, configFile, warning }: UsedKey, io: Io): void {
  if (io.json) io.document({ ...keyDocument(used), config_file: configFile });
  io.say(`this machine opens the vault with the key from the ${used.place}`, 'green');
  if (warning !== null) io.warn(`warning: ${warning}`, 'yellow');
}

export function showRemoved({ source, reference, key: outcome }: RemovedKey, io: Io): void {
  if (io.json) io.document({ source, reference, key: outcome });
  io.say(`the key in the source ${source} no longer opens the vault; ${outcome}`, 'yellow');
}

export function showRotated({ key: rotated, replaced, old, next }: RotatedKey, io: Io): void {
  if (io.json) io.document({ ...keyDocument(rotated), replaced, old, next });
  io.say(`the ${rotated.place} holds a new key of the vault; ${old}`, 'green');
  if (next !== null) io.warn(next, 'yellow');
  sayOlderBackups(io);
}

function sayOlderBackups(io: Io): void {
  io.say('to open an older backup you need the old key or a recovery file');
  io.say(`to make a new backup: ${commandLine('backup vault.backup')}`);
}

export function showRotatedData(
  { accounts, resumed, dropped, dataKeys, madeAt }: RotatedDataKeys,
  io: Io,
): void {
  if (io.json) io.document({ accounts, resumed, dropped, data_keys: dataKeys, made_at: rfc3339(madeAt) });
  io.say(
    `${count(accounts, 'account')} encrypted with new data keys; the old data keys were deleted`,
    'green',
  );
  if (resumed) {
    const made = relative(madeAt, io.now());
    io.warn(`this finished an interrupted run: the new data keys were made ${made}`, 'yellow');
    io.warn(`to make newer data keys: ${commandLine('key rotate --data')}`);
  }
  io.warn(
    `older recovery files no longer open the vault; make a new one: ${commandLine('key export vault.recovery')}`,
    'yellow',
  );
  io.say(`the master keys are unchanged; to replace the one in use: ${commandLine('key rotate')}`);
}

export function showExported(file: string, io: Io): void {
  if (io.json) io.document({ file });
  io.say(`${file} was written, read back and opened`, 'green');
  io.say(
    'with its passphrase, the file opens the vault and every backup made since the data keys were last replaced; store it apart from them',
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
  sayOlderBackups(io);
  io.say(`check the vault: ${commandLine('doctor')}`);
}

export function showStatus(status: KeyStatus, io: Io): void {
  const { keys, dataKeys, unfinished, inUse, missing, decidedBy } = status;
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
      key_file_missing: missing,
      decided_by: decidedBy,
    });
    return;
  }
  if (keys.length === 0) {
    io.say(`there is no vault yet, so it has no keys; to make it: ${commandLine('init')}`);
    return;
  }
  printTableOrBlocks(
    io,
    [
      { title: 'SOURCE' },
      { title: 'KEY' },
      { title: 'MADE' },
      { title: 'USED HERE', paint: (cell, theme) => (cell === 'yes' ? theme.green(cell) : theme.red(cell)) },
      { title: 'PLACE' },
    ],
    keys.map(({ source, reference, createdAt, place, inUse: used }) => [
      source,
      shortName(reference),
      relative(createdAt, io.now()),
      used ? (missing ? 'missing' : 'yes') : '',
      place,
    ]),
  );
  printKeyNotes(status, io);
}

function shortName(reference: string): string {
  return reference.replace(/^[0-9a-f]{32}\//, '');
}

/** The data keys, what interrupted runs have left, and whether this machine has a key. */
function printKeyNotes({ keys, dataKeys, unfinished, inUse, missing }: KeyStatus, io: Io): void {
  const current = dataKeys.filter(({ replaced }) => !replaced);
  const old = dataKeys.filter(({ replaced }) => replaced);
  if (current.length > 0)
    io.say(`each key opens the same ${count(current.length, 'data key')}, ${described(current, io)}`);
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
    io.warn(`hint: when the source ${kind} works again: ${commandLine(`key ${action} ${kind}`)}`);
  }
  const used = keys.find((each) => each.inUse);
  if (used !== undefined && missing) {
    io.warn(`the ${used.place} does not exist, so the vault cannot be opened`, 'red');
    io.warn(
      `hint: restore it from your own copy, or make a new key with a recovery file: ${commandLine('key import FILE')}`,
    );
  }
  if (used !== undefined) return;
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
    : `${made}; ${count(Math.max(...accounts), 'account')} encrypted with them`;
}
