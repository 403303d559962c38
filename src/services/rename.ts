import type { Context } from '../context.js';
import { type Account, accountName } from '../domain/account.js';
import { presentName, renamed, withoutAlias } from '../domain/account-names.js';
import { type AuditEvent, aboutAccount } from '../domain/audit-events.js';
import { closest } from '../domain/closest.js';
import { SECOND } from '../domain/duration.js';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { checkLabel } from '../domain/label.js';
import { quoted } from '../domain/safe-text.js';
import type { SealedAccount } from '../stores/contract.js';
import { changeNotTaken } from '../vault/damage.js';
import type { Vault } from '../vault/vault.js';
import { type ChangeContext, changeNames } from './config/change.js';
import { lockAndRead } from './locked-account.js';
import { isTaken } from './login/login-commit.js';
import { accountByFormerName } from './name-lookup.js';
import { type NameContext, selectAccount } from './select-account.js';

const LOCK_TIMEOUT = 45 * SECOND;

export interface RenameRequest {
  readonly selector: string;
  /** The part after the slash, or the whole name with the same provider. */
  readonly to: string;
  /** Whether the old name still names the account. */
  readonly keepsOld: boolean;
}

export interface RenamedAccount {
  readonly account: Account;
  /** The name before; the same when there was nothing to do. */
  readonly from: string;
}

type RenameContext = ChangeContext &
  NameContext &
  Pick<Context, 'clock' | 'interruption' | 'locks' | 'spill' | 'vault'>;

/**
 * Gives an account another name. Scripts that use the old one go on working, unless that is not wanted.
 *
 * @throws VaultError `account_name_taken` when another account has the name, or had it; as {@link selectAccount}; `busy`
 */
export async function renameAccount(
  ctx: RenameContext,
  { selector, to, keepsOld }: RenameRequest,
): Promise<RenamedAccount> {
  const vault = await ctx.vault();
  const found = await selectAccount(ctx, vault, selector, 'rename');
  const [from, name] = [accountName(found), accountName({ ...found, label: newLabel(to, found) })];
  if (from === name || vault === null) return { account: found, from };
  await vault.rehearse();
  await requireFree(ctx, vault, found, name);
  // First, because a name that exists counts before a former one: whenever this ends, the old name leads to the account.
  await changeNames(ctx, (names) => renamed(names, from, name, keepsOld));
  try {
    return { account: await relabel(ctx, vault, found, name), from };
  } catch (failure) {
    // Also after an interruption.
    const undoing = { ...ctx, interruption: new AbortController().signal };
    await changeNames(undoing, (names) => renamed(names, name, from, false));
    throw failure;
  }
}

/** @throws VaultError `usage` */
function newLabel(to: string, { provider }: Account): string {
  const slash = to.indexOf('/');
  if (slash >= 0 && to.slice(0, slash) !== provider)
    throw new VaultError('usage', `an account stays with its provider, so its name begins with ${provider}/`);
  return checkLabel(to.slice(slash + 1), 'the new name');
}

async function requireFree(ctx: NameContext, vault: Vault, account: Account, name: string): Promise<void> {
  if (await isTaken(vault, account.provider, name.slice(name.indexOf('/') + 1))) throw taken(name);
  const former = await accountByFormerName(ctx, vault, name);
  if (former === null || former.id === account.id) return;
  throw new VaultError(
    'account_name_taken',
    `${name} is a former name of ${accountName(former)}, so nothing was changed`,
    { hint: `to remove the former name: ${command(`rename --remove-alias ${quoted(name)}`)}` },
  );
}

function taken(name: string): VaultError {
  return new VaultError('account_name_taken', `there is another account ${name}, so nothing was changed`, {
    hint: `choose another name, or rename that account first: ${command(`rename ${quoted(name)} NAME`)}`,
  });
}

async function relabel(
  ctx: RenameContext,
  vault: Vault,
  { id }: Account,
  name: string,
): Promise<SealedAccount> {
  const deps = { locks: ctx.locks, spill: await ctx.spill() };
  const { account, release } = await lockAndRead(deps, vault, id, LOCK_TIMEOUT, ctx.interruption);
  try {
    if (account === null)
      throw new VaultError('account_not_found', 'the account was removed meanwhile', {
        hint: command('list'),
      });
    const label = name.slice(name.indexOf('/') + 1);
    const change = { label, updatedAt: ctx.clock.now() };
    const event = (made: Account): AuditEvent => ({ event: 'account_renamed', ...aboutAccount(made) });
    const changed = await vault.update(account, change, await vault.contents(account), event, true);
    if (changed === null)
      throw (await isTaken(vault, account.provider, label)) ? taken(name) : changeNotTaken();
    ctx.audit.record(event(changed), 'chained');
    return changed;
  } finally {
    await release();
  }
}

/**
 * Removes a former name of an account.
 *
 * @returns whether an account has it as its own name, so that it still leads there
 * @throws VaultError `account_not_found`; `usage` when it is the name of an account
 */
export async function removeAlias(
  ctx: ChangeContext & Pick<NameContext, 'accountNames'> & Pick<Context, 'vault'>,
  alias: string,
): Promise<{ readonly isName: boolean }> {
  const names = await ctx.accountNames();
  const vault = await ctx.vault();
  const [provider = '', ...label] = alias.split('/');
  const isName = ((await vault?.accountByName(provider, label.join('/'))) ?? null) !== null;
  if (presentName(names, alias) === null) {
    if (isName)
      throw new VaultError('usage', `${alias} is the name of an account, not a former name of one`, {
        hint: `to see the former names: ${command('list --wide')}\nto give it another name: ${command(`rename ${quoted(alias)} NAME`)}`,
      });
    const known = Object.keys(names.aliases);
    const guess = closest(alias, known);
    throw new VaultError('account_not_found', `no account has the former name ${alias}`, {
      hint: guess === null ? command('list --wide') : `did you mean ${quoted(guess)}?`,
    });
  }
  await changeNames(ctx, (before) => withoutAlias(before, alias));
  return { isName };
}
