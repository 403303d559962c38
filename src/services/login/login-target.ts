import { type Account, accountName } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import { command, loginCommand, widenCommand } from '../../domain/hints.js';
import { quoted } from '../../domain/safe-text.js';
import { missingScopes } from '../../domain/scopes.js';
import type { Provider } from '../../providers/contract.js';
import type { Spill } from '../../stores/spill.js';
import type { Vault } from '../../vault/vault.js';
import { confirmMissing } from '../select-account.js';
import type { LoginRequest } from './login-request.js';

/** What a login asks for, and of whom. */
export interface LoginAim {
  /** As it came, completed by what is known of the account it is for. */
  readonly request: LoginRequest;
  readonly scopes: readonly string[];
  /** What is peculiar to the provider in the authorization request. */
  readonly params: Readonly<Record<string, string>>;
  /** The account whose grant is widened: nobody else's login is stored. Null: whoever logs in is welcome. */
  readonly only: Account | null;
}

/**
 * Decides what to ask for: the scopes the person names; else, for an account that is named, what it asked for before, so
 * that logging in again loses nothing; else the provider's usual ones. Scopes to add come on top of what the account has
 * asked for. What tells who it is and brings a refresh token is always among them.
 *
 * @param vault null where there is none yet
 * @param spill what waits beside the vault; nothing is taken in here
 * @throws VaultError `account_not_found`, `account_ambiguous` when it is not clear whose grant is to be widened
 */
export async function aimOf(
  provider: Provider,
  vault: Vault | null,
  request: LoginRequest,
  spill: Pick<Spill, 'find'>,
): Promise<LoginAim> {
  const { addScopes } = request;
  const accounts = vault === null ? [] : await vault.accounts({ provider: provider.name });
  const only = addScopes.length === 0 ? null : await accountToWiden(vault, accounts, request);
  const known = only ?? named(accounts, request);
  const before = request.scopes.length > 0 ? request.scopes : (known?.askedScopes ?? []);
  const scopes = askedScopes(provider, [...before, ...addScopes]);
  const { authorizeParams, reconsentParams } = provider;
  const inDoubt = known !== null && vault !== null && (await mayBeSpent(vault, known, spill));
  const consent = inDoubt || needsConsent(known, scopes);
  const params = consent ? { ...authorizeParams, ...reconsentParams } : authorizeParams;
  return { request: await completed(vault, request, only), scopes, params, only };
}

function askedScopes(provider: Provider, chosen: readonly string[]): readonly string[] {
  const wanted = chosen.length > 0 ? chosen : provider.scopes;
  return [...new Set([...(provider.requiredScopes ?? []), ...wanted])];
}

/**
 * Whether the provider has to be asked for a new refresh token: unless the login is for an account that has a working one
 * for all of these scopes. Asking each time would cost the person another consent, and at some providers an older token.
 */
function needsConsent(known: Account | null, scopes: readonly string[]): boolean {
  if (known === null || !known.hasRefreshToken) return true;
  if (known.status === 'login_needed' || known.status === 'revoked') return true;
  return missingScopes(scopes, known.grantedScopes).length > 0;
}

/** Whether a refresh has sent the stored token of which the answer is not stored: it was lost, or waits beside the vault. */
async function mayBeSpent(vault: Vault, { id }: Account, spill: Pick<Spill, 'find'>): Promise<boolean> {
  return spill.find(id).length > 0 || (await vault.intent(id)) !== null;
}

function named(accounts: readonly Account[], { as, loginHint }: LoginRequest): Account | null {
  return accounts.find(({ label }) => label === as || label === loginHint) ?? null;
}

async function accountToWiden(
  vault: Vault | null,
  accounts: readonly Account[],
  request: LoginRequest,
): Promise<Account> {
  const [first, ...others] = await candidates(vault, accounts, request);
  if (first === undefined) throw await confirmMissing(vault, nothingToWiden(accounts, request));
  if (others.length === 0) return first;
  const names = [first, ...others].map(accountName);
  throw new VaultError(
    'account_ambiguous',
    `scopes can be added to one account at a time, and there are several: ${names.join(', ')}`,
    { hint: `say which one: ${widenCommand(first, request.addScopes)}`, details: { accounts: names } },
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
  // An account with a name of its own is known to the provider by its address all the same.
  const addressed: Account[] = [];
  for (const account of accounts) {
    if ((await addressOf(vault, account)) === loginHint) addressed.push(account);
  }
  return addressed;
}

function nothingToWiden(accounts: readonly Account[], { provider, as, loginHint }: LoginRequest): VaultError {
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

/** The provider is told whose login it is, and the account keeps its name. */
async function completed(
  vault: Vault | null,
  request: LoginRequest,
  only: Account | null,
): Promise<LoginRequest> {
  if (only === null) return request;
  return { ...request, as: only.label, loginHint: request.loginHint ?? (await addressOf(vault, only)) };
}

async function addressOf(vault: Vault | null, { id }: Account): Promise<string | null> {
  const account = (await vault?.account(id)) ?? null;
  return account === null || vault === null ? null : (await vault.identity(account)).email;
}
