import { VaultError } from '../../domain/errors.js';
import { checkMailbox } from '../../domain/mailbox.js';
import { namesMailbox, type TokenFormat } from './token-formats.js';

/**
 * Checks the mailbox that a caller names: one that the account may use but that is not its own.
 *
 * @param option how the caller wrote it: `--user`, `user`
 * @throws VaultError `usage`
 */
export function checkNamedMailbox(user: string, format: TokenFormat | null, option: string): void {
  if (!namesMailbox(format))
    throw new VaultError(
      'usage',
      `${option} needs the format xoauth2 or oauthbearer: the others name no mailbox`,
    );
  checkMailbox(user);
}
