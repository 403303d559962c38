import { randomId } from '../../crypto/derive.js';
import { type Account, accountName } from '../../domain/account.js';
import { SECOND } from '../../domain/duration.js';
import { asVaultError, reworded, withMoreHints } from '../../domain/error-forms.js';
import { VaultError } from '../../domain/errors.js';
import { command, loginCommand } from '../../domain/hints.js';
import { labelOf } from '../../domain/label.js';
import { quoted } from '../../domain/safe-text.js';
import { missingScopes } from '../../domain/scopes.js';
import { nextStatus } from '../../domain/status.js';
import { isUnidentified } from '../../domain/unidentified.js';
import type { SealedAccount } from '../../stores/contract.js';
import type { SpillSlot } from '../../stores/spill.js';
import { changeNotTaken } from '../../vault/damage.js';
import type { AccountFacts } from '../../vault/sealed-account.js';
import type { UnstoredLogin } from '../../vault/sealed-spill.js';
import type { Vault } from '../../vault/vault.js';
import { type LockDeps, lockAndRead } from '../locked-account.js';
import { accountByFormerName } from '../name-lookup.js';
import type { NameContext } from '../select-account.js';
import { commitLogin, isTaken, loginFinished, nameTaken } from './login-commit.js';
import { requireHintedUser, unidentifiedAccount } from './login-identity.js';
import { type LoginRequest, retryLogin } from './login-request.js';

/** A longer wait for the account's lock is reported. */
const SILENT_WAIT = 2 * SECOND;
const MAX_TRIES = 100;

export interface StoredLogin {
  readonly account: Account;
  readonly created: boolean;
  readonly renamedFrom: string | null;
  /** Scopes that the account had and this login did not bring. */
  readonly withdrawnScopes: readonly string[];
  /** See {@link CommittedLogin}. */
  readonly tokenMayBeSpent: boolean;
}

export interface StoreDeps extends LockDeps {
  /** Ends only the wait for the account's lock. */
  readonly interruption: AbortSignal;
  /** Called when the login has to wait for another process. */
  readonly onHeld: () => void;
}

/** Stores a login; if the database cannot store it, writes it into the spill slot. */
export interface ReservedDeps extends StoreDeps, Pick<NameContext, 'accountNames'> {
  readonly slot: SpillSlot;
}

/**
 * Stores a login: it updates the account of the same user, or adds one. A name given with `--as` that belongs to another user is
 * refused, and so is any user but the one the login was for; then nothing changes. It waits for the account's lock without a
 * limit. A login that the database cannot store, or that is interrupted while it waits, is kept in the spill slot.
 *
 * @throws VaultError `account_name_taken`, `wrong_person`; with `waiting` among its details, once the login is kept beside the
 * vault: the vault's own codes and the interruption's
 */
export async function storeLogin(
  vault: Vault,
  deps: ReservedDeps,
  login: UnstoredLogin,
  request: LoginRequest,
): Promise<StoredLogin> {
  try {
    const known = await accountOf(vault, login).catch(() => undefined);
    if (login.only === null) requireHintedUser(request, login.contents.identity, known ?? null);
    else if (known !== undefined)
      requireIntendedAccount(login, known, retryLogin(request, request.device ? '--device' : ''));
    if (known !== undefined) await requireNotFormer(vault, deps, login, known);
    const keepsScopes = known && request.scopes.length === 0;
    return await placeLogin(vault, deps, keepsScopes ? rememberingScopes(login, known) : login);
  } catch (failure) {
    const error = asVaultError(failure);
    if (error.code === 'wrong_person' || error.code === 'account_name_taken') throw error;
    throw await kept(vault, deps.slot, login, error);
  }
}

/**
 * A login that names no scopes gives none up. Which account it is for may be known only after it requested the default ones; then
 * those from before count as missing, and the next login of this account requests them again.
 */
function rememberingScopes(login: UnstoredLogin, { askedScopes: before }: Account): UnstoredLogin {
  const { facts } = login;
  const askedScopes = [...facts.askedScopes, ...missingScopes(before, facts.askedScopes)];
  if (askedScopes.length === facts.askedScopes.length) return login;
  const missing = missingScopes(askedScopes, facts.grantedScopes);
  const status = nextStatus(facts, { kind: 'granted', missingScopes: missing });
  return { ...login, facts: { ...facts, ...status, askedScopes } };
}

/** Stores a login that was read from a spill slot. */
export async function placeLogin(vault: Vault, deps: StoreDeps, login: UnstoredLogin): Promise<StoredLogin> {
  const known = await accountOf(vault, login);
  requireIntendedAccount(login, known);
  if (known === null) return addAccount(vault, deps, login);
  const { account: current, unopened, release } = await hold(vault, deps, known.id);
  try {
    if (current === null) return await addAccount(vault, deps, login);
    const { account, tokenMayBeSpent } = await commitLogin(vault, current, login, unopened);
    const renamed = account.label !== current.label;
    return {
      account,
      created: false,
      renamedFrom: renamed ? accountName(current) : null,
      withdrawnScopes: missingScopes(current.grantedScopes, account.grantedScopes),
      tokenMayBeSpent,
    };
  } finally {
    await release();
  }
}

async function hold(vault: Vault, deps: StoreDeps, id: string) {
  try {
    return await lockAndRead(deps, vault, id, SILENT_WAIT);
  } catch (failure) {
    if (!(failure instanceof VaultError && failure.code === 'busy')) throw failure;
  }
  deps.onHeld();
  return lockAndRead(deps, vault, id, Number.POSITIVE_INFINITY, deps.interruption);
}

/** Writes a login to its spill slot. @returns the error that reports it */
async function kept(
  vault: Vault,
  slot: SpillSlot,
  login: UnstoredLogin,
  why: VaultError,
): Promise<VaultError> {
  const known = await accountOf(vault, login).catch(() => undefined);
  if (known !== undefined) requireIntendedAccount(login, known);
  const accountId = known?.id ?? randomId();
  let sealed = await vault.sealLogin(accountId, login);
  if (sealed.length > slot.space) sealed = await vault.sealLogin(accountId, withoutScopes(login));
  slot.write({ accountId, generation: null, sealed });
  const message = `the login is complete, but could not be stored: ${why.message}; its tokens are kept encrypted beside the vault, and the next refresh or login stores them`;
  const error = reworded(why, { message, details: { ...why.details, waiting: true }, cause: why });
  return withMoreHints(error, [`then store them: ${command('refresh --all')}`]);
}

function withoutScopes({ facts, consent, ...login }: UnstoredLogin): UnstoredLogin {
  const none = { askedScopes: [], grantedScopes: [] };
  return { ...login, facts: { ...facts, ...none, reason: null }, consent: { ...consent, ...none } };
}

/**
 * The account of the user who logged in. One that was imported, and of which it is not known whose it is, counts when the login
 * is for it, or has its address.
 */
async function accountOf(
  vault: Vault,
  { facts, contents, only }: UnstoredLogin,
): Promise<SealedAccount | null> {
  const { subject, email } = contents.identity;
  const { provider, issuer } = facts;
  const known = await vault.byIdentity(provider, issuer, subject);
  if (known !== null || isUnidentified({ subject })) return known;
  const intended = only === null ? null : await vault.account(only.id);
  if (intended !== null) return isUnidentified(await vault.identity(intended)) ? intended : null;
  return email === null ? null : unidentifiedAccount(vault, provider, issuer, email);
}

async function addAccount(vault: Vault, deps: StoreDeps, login: UnstoredLogin): Promise<StoredLogin> {
  const { provider, issuedAt } = login.facts;
  const base = login.as ?? login.only?.label ?? labelOf(login.contents.identity);
  for (let attempt = 1; attempt <= MAX_TRIES; attempt += 1) {
    const label = attempt === 1 ? base : `${base}-${attempt}`;
    const facts: AccountFacts = { ...login.facts, label, createdAt: issuedAt, lastRefreshAt: null };
    const account = await vault.add(facts, login.contents, (made) => loginFinished(made, true));
    if (account !== null) {
      return { account, created: true, renamedFrom: null, withdrawnScopes: [], tokenMayBeSpent: false };
    }
    // Another login of the same user may have been faster.
    if ((await accountOf(vault, login)) !== null) return placeLogin(vault, deps, login);
    if (!(await isTaken(vault, provider, label))) throw changeNotTaken();
    if (login.as !== null) break;
  }
  throw nameTaken(provider, base);
}

/**
 * Refuses a name that another account had before it was renamed: who uses the name means that one.
 *
 * @throws VaultError `account_name_taken`
 */
async function requireNotFormer(
  vault: Vault,
  deps: ReservedDeps,
  { as, facts: { provider } }: UnstoredLogin,
  known: Account | null,
): Promise<void> {
  if (as === null) return;
  const former = await accountByFormerName(deps, vault, accountName({ provider, label: as }));
  if (former !== null && former.id !== known?.id) throw nameTaken(provider, as);
}

/**
 * @param again the command for another attempt; default: without options
 * @throws VaultError `wrong_person`
 */
function requireIntendedAccount(
  { only, contents }: UnstoredLogin,
  known: Account | null,
  again: string | null = null,
): void {
  if (only === null || known?.id === only.id) return;
  const { email, name, subject } = contents.identity;
  throw new VaultError(
    'wrong_person',
    `${email ?? name ?? subject} logged in instead of the user of ${accountName(only)}, so nothing was stored`,
    {
      hint: [
        `to log in again to ${accountName(only)}, choose its user in the browser:`,
        again ?? loginCommand(only),
        'to log in as any user:',
        command(`login ${quoted(only.provider)}`),
      ].join('\n'),
    },
  );
}
