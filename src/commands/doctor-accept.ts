import { type Account, accountName } from '../domain/account.js';
import { errorDocument, VaultError } from '../domain/errors.js';
import { command, loginCommand, shellName } from '../domain/hints.js';
import { count } from '../domain/wording.js';
import type { Acceptance, Condition } from '../services/integrity/integrity.js';
import type { Io } from '../ui/io.js';

/* `vault doctor --accept-rollback`: the user accepts a vault that is not the one written here last. */

/** More are counted only; the document has all. */
const MOST_SHOWN = 10;

const NOTHING =
  'the vault is the one that was written here last, with every account: there is nothing to accept';

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
  if (acceptance === null) throw new VaultError('account_not_found', 'the vault has just been taken away');
  if (io.json) io.document(document(acceptance));
  else if (acceptance.accepted) sayAccepted(acceptance, io);
  else io.say(NOTHING, 'green');
}

async function confirm(io: Io): Promise<void> {
  if (!io.interactive) {
    throw new VaultError('usage', 'there is nobody to ask whether the vault is to be used as it is', {
      hint: command('doctor --accept-rollback --yes'),
    });
  }
  if (await io.confirm('Take the vault as it is, and refresh with it from now on?')) return;
  throw new VaultError('interrupted', 'not confirmed, so nothing was accepted');
}

/** What accepting means. */
function meaning({ standing, rowSet, ledger }: Condition): readonly string[] {
  const lines: string[] = [];
  if (standing === 'rolled_back' && ledger === null) {
    lines.push(
      'What was stored after this copy was made is gone. Many providers replace the refresh token with every use: one that',
      'was replaced since works no more, and using it can make the provider end the whole grant. If the newer vault still',
      'exists somewhere, put that one back instead.',
    );
  }
  if (standing === 'cloned') {
    lines.push(
      'If the vault was moved here and is used nowhere else, accepting is right. If it is still used at the other place,',
      'both share one refresh token for each account: where the provider replaces it with every use, the two end the grant',
      'for each other. Then log in to every account here after accepting.',
    );
  }
  if (rowSet !== null) {
    lines.push(
      'The accounts that are there now will count as all there are. One that is missing stays missing, and one that was',
      'altered does not open; a login makes either anew. A backup may bring back more.',
    );
  }
  if (ledger !== null) {
    lines.push(
      'Which accounts the vault had can no longer be told: those that are there now will count as all there are.',
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
