import { type Account, accountName } from '../domain/account.js';
import { errorDocument, VaultError } from '../domain/errors.js';
import { command, loginCommand, shellName } from '../domain/hints.js';
import { count } from '../domain/wording.js';
import type { Acceptance, Condition } from '../services/integrity/integrity.js';
import type { Io } from '../ui/io.js';

/* `vault doctor --accept-rollback`: the user accepts a vault that is not the one written here last. */

/** More are counted only; the document has all. */
const MOST_SHOWN = 10;

const NOTHING = 'nothing to accept: this is the vault that was last written here, with every account';

/**
 * Prints what is wrong and what accepting it means, asks, and accepts.
 *
 * @param yes do not ask
 * @throws VaultError `account_not_found` where there is no vault, `usage` without a terminal to ask at, `interrupted` after a
 * no, and as the use case
 */
export async function confirmRollback(
  steps: { condition(): Promise<Condition | null>; accept(): Promise<Acceptance | null> },
  yes: boolean,
  io: Io,
): Promise<void> {
  const condition = await steps.condition();
  if (condition === null) {
    throw new VaultError('account_not_found', 'there is no vault yet, so there is nothing to accept', {
      hint: command('init'),
    });
  }
  if (condition.troubles.length > 0) {
    // The question makes sense only after these lines, so --quiet shows them too.
    const say = yes ? io.say : io.warn;
    for (const { message } of condition.troubles) say(message, 'yellow');
    for (const line of meaning(condition)) say(`  ${line}`);
    if (!yes) await confirm(io);
  }
  const acceptance = await steps.accept();
  if (acceptance === null) throw new VaultError('account_not_found', 'the vault has just disappeared');
  if (io.json) io.document(document(acceptance));
  else if (acceptance.accepted) sayAccepted(acceptance, io);
  else io.say(NOTHING, 'green');
}

async function confirm(io: Io): Promise<void> {
  if (!io.interactive) {
    throw new VaultError('usage', 'not interactive, and accepting a vault cannot be undone: pass --yes', {
      hint: command('doctor --accept-rollback --yes'),
    });
  }
  if (await io.confirm('Accept the vault as it is, and refresh with it from now on?')) return;
  throw new VaultError('interrupted', 'not confirmed, so nothing was accepted');
}

/** What accepting means. */
function meaning({ standing, rowSet, ledger }: Condition): readonly string[] {
  const lines: string[] = [];
  if (standing === 'rolled_back' && ledger === null) {
    lines.push(
      'Everything stored after this copy was made is missing. Many providers replace',
      'the refresh token with each use. A replaced one no longer works, and using it',
      'can make the provider end the whole grant. If the newer vault still exists,',
      'restore that one instead.',
    );
  }
  if (standing === 'cloned') {
    lines.push(
      'Accept if the vault was moved here and is used nowhere else. If it is still used',
      'in the other place, both share one refresh token for each account. If the',
      'provider replaces it with each use, each vault ends the grant of the other.',
      'In that case, log in to every account here after accepting.',
    );
  }
  if (rowSet !== null) {
    lines.push(
      'The accounts that exist now will count as complete. A missing account stays',
      'missing, and an altered one cannot be opened; a login replaces either. A backup',
      'may restore more.',
    );
  }
  if (ledger !== null) {
    lines.push(
      'The record of which accounts the vault had is lost. The accounts that exist now',
      'will count as complete.',
    );
  }
  return lines;
}

function sayAccepted({ doubtful, unreadable }: Acceptance, io: Io): void {
  io.say('accepted: the vault is used as it is, and refreshes again', 'green');
  if (unreadable.length > 0) {
    io.say(`${count(unreadable.length, 'account')} cannot be opened; forget and log in again:`, 'yellow');
    sayFirst(unreadable, (account) => command(`revoke ${shellName(account)} --local`), io);
  }
  if (doubtful.length === 0) return;
  io.say(
    `an old refresh token may be in the vault for ${count(doubtful.length, 'account')}; to be safe, log in again:`,
  );
  sayFirst(doubtful, loginCommand, io);
}

function sayFirst(accounts: readonly Account[], commandFor: (account: Account) => string, io: Io): void {
  for (const account of accounts.slice(0, MOST_SHOWN)) io.say(`  ${commandFor(account)}`);
  const more = accounts.length - MOST_SHOWN;
  if (more > 0) io.say(`and ${more} more: ${command('list')}`);
}

function document({ accepted, troubles, epoch, doubtful, unreadable }: Acceptance) {
  return {
    accepted,
    found: troubles.map((failure) => errorDocument(failure)),
    epoch,
    log_in_again: doubtful.map((account) => ({
      account: accountName(account),
      command: loginCommand(account),
    })),
    unreadable: unreadable.map(accountName),
  };
}
