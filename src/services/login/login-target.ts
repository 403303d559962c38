import type { Context } from '../../context.js';
import { type Account, accountName } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import { command, loginCommand, widenCommand } from '../../domain/hints.js';
import { quoted } from '../../domain/safe-text.js';
import { missingScopes } from '../../domain/scopes.js';
import type { ConfiguredProvider, Provider } from '../../providers/contract.js';
import type { Spill } from '../../stores/spill.js';
import type { Vault } from '../../vault/vault.js';
import { accountsByLabel } from '../name-lookup.js';
import { type NameContext, selectAccount } from '../select-account.js';
import { confirmMissing } from '../unknown-account.js';
import type { LoginRequest } from './login-request.js';

/** Where to log in. */
interface LoginPlace {
  readonly provider: ConfiguredProvider;
  /** The account that is named; null where a provider is. */
  readonly again: Account | null;
}

/**
 * What a login names: a provider, or an account by anything that names it elsewhere. No provider has a slash or an @ in its
 * name; another word is a provider if there is one of that name.
 *
 * @throws VaultError as {@link selectAccount} and {@link Context.provider}
 */
export async function whatToLogIn(
  ctx: Pick<Context, 'provider' | 'vault'> & NameContext,
  name: string,
): Promise<LoginPlace> {
  if (/[/@]/.test(name) && !name.includes('://')) {
    const again = await selectAccount(ctx, await ctx.vault(), name, 'login');
    return { provider: await ctx.provider(again.provider), again };
  }
  try {
    return { provider: await ctx.provider(name), again: null };
  } catch (failure) {
    if (!(failure instanceof VaultError) || failure.code !== 'provider_unknown') throw failure;
    const vault = await ctx.vault();
    const named =
      vault === null
        ? []
        : [...(await vault.namesBeginningWith(name)), ...(await accountsByLabel(vault, name))];
    if (named.length === 0) throw failure;
    const again = await selectAccount(ctx, vault, name, 'login');
    return { provider: await ctx.provider(again.provider), again };
  }
}

/** What a login requests, and for which account. */
export interface LoginTarget {
  /** The request as it was made; it names the account. */
  readonly request: LoginRequest;
  readonly scopes: readonly string[];
  /** Provider-specific parameters of the authorization request. */
  readonly params: Readonly<Record<string, string>>;
  /** The only account whose user may log in; a login of another user is not stored. Null: any user may. */
  readonly only: Account | null;
}

/**
 * Chooses the scopes: those of the request; else those the named account requested before, so that logging in again loses
 * nothing; else the provider's defaults. Scopes to add are added to those the account has requested. The scopes that identify the
 * user and bring a refresh token are always included.
 *
 * @param vault null where there is none yet
 * @param spill only searched
 * @throws VaultError `account_not_found`, `account_ambiguous` when it is not clear which grant to widen
 */
export async function loginTarget(
  { provider, again }: LoginPlace,
  vault: Vault | null,
  request: LoginRequest,
  spill: Pick<Spill, 'find'>,
): Promise<LoginTarget> {
  const { addScopes } = request;
  const accounts = vault === null || again !== null ? [] : await vault.accounts(provider.name);
  const widens = again === null && addScopes.length > 0;
  const only = widens ? await accountToWiden(vault, accounts, request) : again;
  const known = only ?? (await named(vault, accounts, request));
  const before = request.scopes.length > 0 ? request.scopes : (known?.askedScopes ?? []);
  const scopes = askedScopes(provider, [...before, ...addScopes]);
  const { authorizeParams, reconsentParams } = provider;
  const tokenMayBeSpent = known !== null && vault !== null && (await mayBeSpent(vault, known, spill));
  const consent = tokenMayBeSpent || needsConsent(known, scopes);
  const params = consent ? { ...authorizeParams, ...reconsentParams } : authorizeParams;
  return { request: only === null ? request : naming(only, request), scopes, params, only };
}

function askedScopes(provider: Provider, chosen: readonly string[]): readonly string[] {
  const wanted = chosen.length > 0 ? chosen : provider.scopes;
  return [...new Set([...(provider.requiredScopes ?? []), ...wanted])];
}

/**
 * Whether to request a new refresh token, which is not necessary for an account that has a working one for all of these scopes.
 * Requesting one each time would cost the user another consent, and at some providers an older token.
 */
function needsConsent(known: Account | null, scopes: readonly string[]): boolean {
  if (known === null || !known.hasRefreshToken) return true;
  if (known.status === 'login_needed' || known.status === 'revoked') return true;
  return missingScopes(scopes, known.grantedScopes).length > 0;
}

/** Whether a refresh sent the stored token and its answer is not stored: it was lost, or waits in a spill slot. */
async function mayBeSpent(vault: Vault, { id }: Account, spill: Pick<Spill, 'find'>): Promise<boolean> {
  return spill.find(id).length > 0 || (await vault.intent(id)) !== null;
}

/** The account that `--as` or `--login-hint` names; null where that is not clear before the login. */
async function named(
  vault: Vault | null,
  accounts: readonly Account[],
  { as, loginHint }: LoginRequest,
): Promise<Account | null> {
  const labelled = accounts.find(({ label }) => label === as || label === loginHint);
  if (labelled !== undefined || loginHint === null) return labelled ?? null;
  const [first = null, ...others] = await addressed(vault, accounts, loginHint);
  return others.length === 0 ? first : null;
}

async function accountToWiden(
  vault: Vault | null,
  accounts: readonly Account[],
  request: LoginRequest,
): Promise<Account> {
  const [first, ...others] = await candidates(vault, accounts, request);
  if (first === undefined) throw await confirmMissing(vault, noAccountToWiden(accounts, request));
  if (others.length === 0) return first;
  const names = [first, ...others].map(accountName);
  throw new VaultError(
    'account_ambiguous',
    `scopes can be added to one account at a time, and several match: ${names.join(', ')}`,
    { hint: `choose one: ${widenCommand(first, request.addScopes)}`, details: { accounts: names } },
  );
}

async function candidates(
  vault: Vault | null,
  accounts: readonly Account[],
  { as, loginHint }: LoginRequest,
): Promise<readonly Account[]> {
  if (as !== null) return accounts.filter(({ label }) => label === as);
  if (loginHint === null) return accounts;
  const labelled = accounts.filter(({ label }) => label === loginHint);
  if (labelled.length > 0) return labelled;
  return addressed(vault, accounts, loginHint);
}

/** The accounts whose user has this address at the provider, whatever they are named. */
async function addressed(
  vault: Vault | null,
  accounts: readonly Account[],
  address: string,
): Promise<readonly Account[]> {
  const found: Account[] = [];
  for (const account of accounts) {
    if ((await addressOf(vault, account)) === address) found.push(account);
  }
  return found;
}

function noAccountToWiden(
  accounts: readonly Account[],
  { name: provider, as, loginHint }: LoginRequest,
): VaultError {
  const [first] = accounts;
  const which = as ?? loginHint;
  const name = which === null ? provider : `${provider}/${which}`;
  return new VaultError('account_not_found', `there is no account ${name} that scopes could be added to`, {
    hint:
      first === undefined
        ? `log in first: ${command(`login ${quoted(provider)}`)}`
        : `to see the accounts: ${command(`list --provider ${quoted(provider)}`)}\nfor example: ${loginCommand(first)}`,
  });
}

function naming(only: Account, request: LoginRequest): LoginRequest {
  return { ...request, name: accountName(only), as: request.as === only.label ? null : request.as };
}

/** The user that the provider should suggest; null: none. */
export async function suggestedUser(vault: Vault, { request, only }: LoginTarget): Promise<string | null> {
  return request.loginHint ?? (only === null ? null : await addressOf(vault, only));
}

async function addressOf(vault: Vault | null, { id }: Account): Promise<string | null> {
  const account = (await vault?.account(id)) ?? null;
  return account === null || vault === null ? null : (await vault.identity(account)).email;
}
