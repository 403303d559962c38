import { VaultError } from '../../domain/errors.js';
import type { Job, JobName } from './contract.js';

/** Where both are needed: what a scheduler's file says of a job so that it is found again. */
export function markOf({ purpose, vault }: JobName): string {
  return `token-vault ${purpose}: ${vault}`;
}

/** A line break would begin a new entry, and no scheduler has a way to write one. @throws VaultError `config_invalid` */
export function refuseControls(job: Job): void {
  const named = [
    ['the vault', job.vault],
    ...job.command.map((word) => ['the command line', word] as const),
    ...Object.entries(job.env),
    ...(job.credential === null ? [] : [['the credential', job.credential.path] as const]),
  ] as const;
  for (const [what, value] of named) {
    if (!/[\x00-\x1f\x7f]/.test(value)) continue;
    throw new VaultError('config_invalid', `${what} holds a line break or another control character`, {
      hint: 'no scheduler can take it: use a path without one',
    });
  }
}

/** A word for any shell, without a backslash: what those mean within quotes is not the same everywhere. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9@%+=:,./_-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}
