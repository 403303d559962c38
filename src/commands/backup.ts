import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { count } from '../domain/wording.js';
import type { BackupRequest } from '../services/contract.js';
import type { Command } from './spec.js';
import { firstName, given } from './spec.js';

/** Saves the vault into one file, which is looked over before it gets its name. */
export const backup: Command<BackupRequest> = {
  name: 'backup',
  summary: 'save the vault into a file',
  arguments: [{ name: 'file', description: 'the file to make', required: true }],
  options: [{ flags: '--force', description: 'replace the file if it is there' }],
  examples: [
    {
      line: 'backup vault.backup',
      says: 'everything but the master key; without it nobody can open it',
    },
    { line: 'backup --force /mnt/usb/vault.backup', says: 'in the place of the last one' },
  ],
  printsWhole: true,

  parse(raw) {
    const file = firstName(raw, 'the file');
    if (file === null) throw new VaultError('usage', `${command('backup')} takes the file to make`);
    return { file, force: given(raw, '--force') };
  },

  async run(useCases, request, io) {
    const { file, bytes, accounts, unopened } = await useCases.backup(request);
    if (io.json)
      io.document({ file, bytes, accounts, opened: unopened === null, unopened: unopened?.code ?? null });
    if (unopened === null) {
      io.say(`${file} holds ${count(accounts, 'account')}, and each of them was opened in it`, 'green');
    } else {
      io.say(`${file} holds ${count(accounts, 'account')}`, 'green');
      io.warn(`they were not opened in it: ${unopened.message}`, 'yellow');
    }
    io.say(
      `it opens with a key of this vault, which is not in it, or with a recovery file: ${command('key export')}`,
    );
  },
};
