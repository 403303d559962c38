import { equalBytes } from '../crypto/derive.js';
import { frame } from '../crypto/framing.js';
import type { Account, Consent } from '../domain/account.js';
import { Secret } from '../domain/secret.js';
import type { SealedAccount } from '../stores/contract.js';
import { doesNotOpen, isDamage } from './damage.js';
import type { Keyring } from './keyring.js';
import { FORMAT } from './master-key.js';
import { type AccountChange, type AccountFacts, type Contents, openContents } from './sealed-record.js';

/** What a refresh brought and the database could not take. */
export interface UnstoredAnswer {
  readonly change: AccountChange;
  readonly accessToken: Secret | null;
  readonly refreshToken: Secret | null;
}

/** One that was opened again. */
export interface WaitingAnswer extends UnstoredAnswer {
  /**
   * Whether the refresh token that is stored is the one that was sent for this answer; null where the answer does not say,
   * because an earlier version sealed it.
   */
  readonly followsStored: boolean | null;
}

/** Bound to the account, its endpoint and the generation that the refresh started from. */
function binding(keyring: Keyring, account: SealedAccount, generation: number): Buffer {
  const { id, issuer, tokenEndpoint, clientId } = account;
  return frame([FORMAT, keyring.vaultId, 'spill', id, issuer, tokenEndpoint, clientId, generation]);
}

/** @param account as it was when the answer was asked for: the refresh token in it is the one that was sent */
export function sealAnswer(keyring: Keyring, account: SealedAccount, answer: UnstoredAnswer): Uint8Array {
  const plain = {
    change: answer.change,
    accessToken: answer.accessToken?.reveal() ?? null,
    refreshToken: answer.refreshToken?.reveal() ?? null,
    sentDigest: sentDigest(keyring, account),
  };
  const bytes = Buffer.from(JSON.stringify(plain), 'utf8');
  const sealed = keyring.seal('refresh_token', bytes, binding(keyring, account, account.generation));
  bytes.fill(0);
  return sealed;
}

/** @returns undefined when it does not open: what else is known of the answer must not be lost for it */
function sentDigest(keyring: Keyring, account: SealedAccount): string | null | undefined {
  try {
    const { refreshToken } = openContents(keyring, account);
    return refreshToken === null ? null : keyring.tokenDigests(refreshToken.reveal())[0].toString('hex');
  } catch (failure) {
    if (isDamage(failure)) return undefined;
    throw failure;
  }
}

/**
 * @param account as it is now
 * @param generation which the refresh started from
 * @returns null when it does not open: cut short while it was written, or not of this account and generation
 * @throws VaultError `vault_damaged` when it opens and what is stored does not
 */
export function openAnswer(
  keyring: Keyring,
  account: SealedAccount,
  generation: number,
  sealed: Uint8Array,
): WaitingAnswer | null {
  let bytes: Buffer;
  try {
    bytes = keyring.open('refresh_token', sealed, binding(keyring, account, generation), account.label);
  } catch (failure) {
    if (doesNotOpen(failure)) return null;
    throw failure;
  }
  const plain = JSON.parse(bytes.toString('utf8')) as {
    readonly change: AccountChange;
    readonly accessToken: string | null;
    readonly refreshToken: string | null;
    readonly sentDigest?: string | null;
  };
  bytes.fill(0);
  const secret = (text: string | null) => (text === null ? null : new Secret(text));
  return {
    change: plain.change,
    accessToken: secret(plain.accessToken),
    refreshToken: secret(plain.refreshToken),
    followsStored: plain.sentDigest === undefined ? null : isStored(keyring, account, plain.sentDigest),
  };
}

function isStored(keyring: Keyring, account: SealedAccount, digest: string | null): boolean {
  const { refreshToken } = openContents(keyring, account);
  if (refreshToken === null || digest === null) return refreshToken === digest;
  const bytes = Buffer.from(digest, 'hex');
  return keyring.tokenDigests(refreshToken.reveal()).some((each) => equalBytes(each, bytes));
}

/** A finished login that the database could not take. It says all that an account is made of, for there may be none yet. */
export interface UnstoredLogin {
  /** The label that was asked for. */
  readonly as: string | null;
  /** The account that it must be for; null: any. */
  readonly only: Pick<Account, 'id' | 'provider' | 'label'> | null;
  readonly facts: Omit<AccountFacts, 'label' | 'createdAt' | 'lastRefreshAt'>;
  readonly contents: Contents & { readonly accessToken: Secret };
  readonly consent: Consent;
}

/** Bound to the place that it waits in: the account's id, or one that no account has yet. */
function loginBinding(keyring: Keyring, id: string): Buffer {
  return frame([FORMAT, keyring.vaultId, 'login', id]);
}

export function sealLogin(keyring: Keyring, id: string, login: UnstoredLogin): Uint8Array {
  const { accessToken, refreshToken, identity } = login.contents;
  const plain = {
    ...login,
    contents: { identity, accessToken: accessToken.reveal(), refreshToken: refreshToken?.reveal() ?? null },
  };
  const bytes = Buffer.from(JSON.stringify(plain), 'utf8');
  const sealed = keyring.seal('refresh_token', bytes, loginBinding(keyring, id));
  bytes.fill(0);
  return sealed;
}

/** @returns null when it does not open: cut short while it was written, or of another place or vault */
export function openLogin(keyring: Keyring, id: string, sealed: Uint8Array): UnstoredLogin | null {
  let bytes: Buffer;
  try {
    bytes = keyring.open('refresh_token', sealed, loginBinding(keyring, id), id);
  } catch (failure) {
    if (doesNotOpen(failure)) return null;
    throw failure;
  }
  const plain = JSON.parse(bytes.toString('utf8')) as Omit<UnstoredLogin, 'contents'> & {
    readonly contents: Pick<Contents, 'identity'> & {
      readonly accessToken: string;
      readonly refreshToken: string | null;
    };
  };
  bytes.fill(0);
  const { identity, accessToken, refreshToken } = plain.contents;
  return {
    ...plain,
    contents: {
      identity,
      accessToken: new Secret(accessToken),
      refreshToken: refreshToken === null ? null : new Secret(refreshToken),
    },
  };
}
