import type { Context } from '../context.js';
import { accountName } from '../domain/account.js';
import { presentName, withDefault, withoutDefault } from '../domain/account-names.js';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { type ChangeContext, changeNames } from './config/change.js';
import { namesInForce } from './name-lookup.js';
import { type NameContext, selectAccount } from './select-account.js';

export interface DefaultAccounts {
  /** By their present names, the first one first. */
  readonly accounts: readonly string[];
  /** The account in `VAULT_ACCOUNT`, which takes precedence over the defaults; null when it is not set. */
  readonly fromEnvironment: string | null;
}

/** The accounts that are taken where only a provider or nothing is named. */
export async function defaultAccounts(ctx: NameContext & Pick<Context, 'vault'>): Promise<DefaultAccounts> {
  const names = await namesInForce(ctx, await ctx.vault());
  const accounts = names.defaults.map((name) => presentName(names, name) ?? name);
  return { accounts, fromEnvironment: ctx.wantedAccount };
}

type DefaultContext = ChangeContext & NameContext & Pick<Context, 'vault'>;

/** Makes an account the default, also of its provider. @throws VaultError as {@link selectAccount} */
export async function chooseDefault(ctx: DefaultContext, selector: string): Promise<string> {
  const account = accountName(await selectAccount(ctx, await ctx.vault(), selector, 'default'));
  await changeNames(ctx, (names) => withDefault(names, account));
  return account;
}

/**
 * @param name of the account, which may have been removed; null removes all defaults
 * @throws VaultError `account_not_found` when it is none
 */
export async function removeDefault(ctx: DefaultContext, name: string | null): Promise<void> {
  const names = await namesInForce(ctx, await ctx.vault());
  const stored = names.defaults.find((each) => each === name || (presentName(names, each) ?? each) === name);
  if (name !== null && stored === undefined)
    throw new VaultError('account_not_found', `${name} is not a default account`, {
      hint: `to list them: ${command('default')}`,
    });
  await changeNames(ctx, (before) => withoutDefault(before, stored ?? null));
}
