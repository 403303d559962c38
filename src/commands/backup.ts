import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { count } from '../domain/wording.js';
import { type Backup, type BackupRequest, backUp } from '../services/backup/backup.js';
import type { Io } from '../ui/io.js';
import type { Command } from './spec.js';
import { firstName, given } from './spec.js';

export const backup: Command<BackupRequest> = {
  arguments: [{ name: 'file', description: 'the file to create', required: true, values: 'file' }],
  options: [{ flags: '--force', description: 'replace an existing file' }],
  examples: {
    'backup vault.backup': 'everything but the master key, which is needed to open it',
    'backup --force /mnt/usb/vault.backup': 'replace the last backup',
  },
  ignoresLateSignal: true,

  parse(raw) {
    const file = firstName(raw, 'the file');
    if (file === null)
      throw new VaultError('usage', `${command('backup')} needs the name of the file to create`);
    return { file, force: given(raw, '--force') };
  },

  async run(ctx, request, io) {
    printBackup(await backUp(ctx, request), io);
  },
};

export function printBackup({ file, bytes, accounts, unopened }: Backup, io: Io): void {
  if (io.json)
    io.document({ file, bytes, accounts, opened: unopened === null, unopened: unopened?.code ?? null });
  if (unopened === null) {
    const opened =
      accounts === 0
        ? ''
        : accounts === 1
          ? ', and it could be opened'
          : ', and each of them could be opened';
    io.say(`${file} holds ${count(accounts, 'account')}${opened}`, 'green');
  } else {
    io.say(`${file} holds ${count(accounts, 'account')}`, 'green');
    io.warn(`the backup was not checked: ${unopened.message}`, 'yellow');
  }
  io.say(
    `to open the backup you need a key of this vault or a recovery file; the backup contains neither. To make a recovery file: ${command('key export vault.recovery')}`,
  );
}
