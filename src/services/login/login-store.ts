import { type AuditEvent, aboutAccount } from '../../audit/events.js';
import { type Account, accountName, type Identity } from '../../domain/account.js';
import { SECOND } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import { labelOf } from '../../domain/label.js';
import { missingScopes } from '../../domain/scopes.js';
import type { Secret } from '../../domain/secret.js';
import { quoted } from '../../domain/shell-word.js';
import { nextStatus, type StatusFacts } from '../../domain/status.js';
import type { GrantedAnswer } from '../../oauth/contract.js';
import type { Locks, SealedAccount } from '../../stores/contract.js';
import type { Contents } from '../../vault/sealed-record.js';
import type { AccountFacts, Vault } from '../../vault/vault.js';
import type { LoginRequest } from '../contract.js';
import { checkHint } from './login-person.js';

/** Longer than a refresh that is under way can take. */
const LOCK_PATIENCE = 45 * SECOND;
const MOST_TRIES = 100;
const NEVER_FAILED: StatusFacts = {
  status: 'active',
  reason: null,
  lastError: null,
  failures: 0,
  retryAt: null,
};

/** Everything a finished login knows. */
export interface FinishedLogin {
  readonly provider: string;
  readonly as: string | null;
  /** What was asked for; its hint says who is meant. */
  readonly request: LoginRequest;
  /** The account that this login must be for; null: any. */
  readonly only: Account | null;
  readonly identity: Identity;
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly askedScopes: readonly string[];
  readonly grantedScopes: readonly string[];
  readonly missingScopes: readonly string[];
  readonly answer: GrantedAnswer;
  readonly accessToken: Secret;
  /** When the token request was begun, milliseconds since the epoch. */
  readonly at: number;
}

export interface StoredLogin {
  readonly account: Account;
  readonly created: boolean;
  readonly renamedFrom: string | null;
  /** What the account had been granted and this login did not bring. */
  readonly withdrawnScopes: readonly string[];
}

/**
 * Stores a login: the same person again updates the account that is there, another person gets one of their own. A
 * name given with `--as` that belongs to somebody else is refused and nothing changes, and so is another person than the
 * one the login was meant for.
 *
 * @throws VaultError `account_name_taken`, `wrong_person`, `busy`, and the vault's own codes
 */
export async function storeLogin(
  vault: Vault,
  locks: Locks,
  login: FinishedLogin,
  interruption: AbortSignal,
): Promise<StoredLogin> {
  const known = await accountOf(vault, login);
  if (login.only === null) checkHint(login.request, login.identity, known);
  else if (known?.id !== login.only.id) throw wrongPerson(login.only, login.identity);
  if (known === null) return addAccount(vault, locks, login, interruption);
  const lock = await locks.acquire(known.id, LOCK_PATIENCE, interruption);
  try {
    const current = await vault.account(known.id);
    if (current === null) return await addAccount(vault, locks, login, interruption);
    const account = await updateAccount(vault, current, login);
    const renamed = account.label !== current.label;
    return {
      account,
      created: false,
      renamedFrom: renamed ? accountName(current) : null,
      withdrawnScopes: missingScopes(current.grantedScopes, account.grantedScopes),
    };
  } finally {
    await lock.release();
  }
}

export function loginFinished(account: Account, created: boolean): AuditEvent {
  return { event: 'login_finished', ...aboutAccount(account), created };
}

function accountOf(vault: Vault, login: FinishedLogin): Promise<SealedAccount | null> {
  return vault.byIdentity(login.provider, login.issuer, login.identity.subject);
}

async function addAccount(
  vault: Vault,
  locks: Locks,
  login: FinishedLogin,
  interruption: AbortSignal,
): Promise<StoredLogin> {
  const base = login.as ?? labelOf(login.identity);
  for (let attempt = 1; attempt <= MOST_TRIES; attempt += 1) {
    const label = attempt === 1 ? base : `${base}-${attempt}`;
    const facts: AccountFacts = { ...factsOf(login), label, createdAt: login.at, lastRefreshAt: null };
    const account = await vault.add(facts, contentsOf(login, login.answer.refreshToken), (made) =>
      loginFinished(made, true),
    );
    if (account !== null) return { account, created: true, renamedFrom: null, withdrawnScopes: [] };
    // Not the name but the person may be taken: another login of theirs was faster.
    if ((await accountOf(vault, login)) !== null) return storeLogin(vault, locks, login, interruption);
    if (login.as !== null) break;
  }
  throw nameTaken(login.provider, base);
}

async function updateAccount(vault: Vault, current: SealedAccount, login: FinishedLogin): Promise<Account> {
  const label = login.as ?? current.label;
  const refreshToken = login.answer.refreshToken ?? (await keptRefreshToken(vault, current, login));
  const facts = factsOf(login);
  // The end of the grant belongs to the refresh token, so it stays when that one does.
  const kept = login.answer.refreshToken === null && refreshToken !== null;
  const grantExpiresAt = facts.grantExpiresAt ?? (kept ? current.grantExpiresAt : null);
  const account = await vault.update(
    current,
    { ...facts, label, grantExpiresAt },
    contentsOf(login, refreshToken),
    (made) => loginFinished(made, false),
  );
  if (account === null) throw nameTaken(login.provider, label);
  return account;
}

/** A login that brings no refresh token leaves the stored one in place, if it was given to this very client. */
async function keptRefreshToken(
  vault: Vault,
  current: SealedAccount,
  login: FinishedLogin,
): Promise<Secret | null> {
  const sameClient = current.clientId === login.clientId && current.tokenEndpoint === login.tokenEndpoint;
  return sameClient ? (await vault.contents(current)).refreshToken : null;
}

function contentsOf(login: FinishedLogin, refreshToken: Secret | null): Contents {
  return { accessToken: login.accessToken, refreshToken, identity: login.identity };
}

function factsOf(login: FinishedLogin) {
  const { answer, at, missingScopes } = login;
  return {
    provider: login.provider,
    issuer: login.issuer,
    tokenEndpoint: login.tokenEndpoint,
    clientId: login.clientId,
    ...nextStatus(NEVER_FAILED, { kind: 'granted', missingScopes }),
    askedScopes: login.askedScopes,
    grantedScopes: login.grantedScopes,
    tokenType: answer.tokenType,
    issuedAt: at,
    expiresAt: answer.expiresIn === null ? null : at + answer.expiresIn * SECOND,
    grantExpiresAt: answer.refreshTokenExpiresIn === null ? null : at + answer.refreshTokenExpiresIn * SECOND,
    updatedAt: at,
  };
}

function wrongPerson(only: Account, { email, name, subject }: Identity): VaultError {
  return new VaultError(
    'wrong_person',
    `${email ?? name ?? subject} logged in, and the scopes were to be added to ${accountName(only)}, so nothing was stored`,
    { hint: `begin again and choose the person of ${quoted(accountName(only))} in the browser` },
  );
}

function nameTaken(provider: string, label: string): VaultError {
  return new VaultError(
    'account_name_taken',
    `the name ${provider}/${label} belongs to another person, so nothing was stored`,
    {
      hint: `log in as that person, or choose another name: vault login ${provider} --as NAME`,
    },
  );
}
