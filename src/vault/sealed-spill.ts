import { equalBytes } from '../crypto/derive.js';
import { frame } from '../crypto/framing.js';
import type { Account, Consent } from '../domain/account.js';
import { Secret } from '../domain/secret.js';
import type { SealedAccount } from '../stores/contract.js';
import { doesNotOpen, isDamage } from './damage.js';
import type { Keyring } from './keyring.js';
import { FORMAT } from './master-key.js';
import {
  type AccountChange,
  type AccountFacts,
  type Contents,
  type IdToken,
  openContents,
} from './sealed-account.js';

/** The result of a refresh that could not be committed. */
export interface UnstoredAnswer {
  readonly change: AccountChange;
  readonly accessToken: Secret | null;
  readonly refreshToken: Secret | null;
  /** Null when it brought none; then the stored one stays. */
  readonly idToken: IdToken | null;
}

export interface WaitingAnswer extends UnstoredAnswer {
  /**
   * Whether the stored refresh token is the one that was sent for this answer; null when it was sealed by an earlier version,
   * which did not say.
   */
  readonly followsStored: boolean | null;
}

/** Bound to the account, its endpoint and the generation from which the refresh started. */
function additionalDataOfAnswer(keyring: Keyring, account: SealedAccount, generation: number): Buffer {
  const { id, issuer, tokenEndpoint, clientId } = account;
  return frame([FORMAT, keyring.vaultId, 'spill', id, issuer, tokenEndpoint, clientId, generation]);
}

/** @param account as it was when the request was sent */
export function sealAnswer(keyring: Keyring, account: SealedAccount, answer: UnstoredAnswer): Uint8Array {
  const plain = {
    change: answer.change,
    accessToken: answer.accessToken?.reveal() ?? null,
    refreshToken: answer.refreshToken?.reveal() ?? null,
    idToken: writtenIdToken(answer.idToken),
    sentDigest: sentDigest(keyring, account),
  };
  return sealJson(keyring, plain, additionalDataOfAnswer(keyring, account, account.generation));
}

/** @returns undefined when it does not open, which must not cost the answer */
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
 * @param generation from which the refresh started
 * @returns null when it does not open: written in part, or of another account or generation
 * @throws VaultError `vault_damaged` when it opens and the stored account does not
 */
export function openAnswer(
  keyring: Keyring,
  account: SealedAccount,
  generation: number,
  sealed: Uint8Array,
): WaitingAnswer | null {
  const plain = openJson<{
    readonly change: AccountChange;
    readonly accessToken: string | null;
    readonly refreshToken: string | null;
    readonly idToken?: WrittenIdToken | null;
    readonly sentDigest?: string | null;
  }>(keyring, sealed, additionalDataOfAnswer(keyring, account, generation));
  if (plain === null) return null;
  return {
    change: plain.change,
    accessToken: secret(plain.accessToken),
    refreshToken: secret(plain.refreshToken),
    idToken: readIdToken(plain.idToken),
    followsStored: plain.sentDigest === undefined ? null : isStored(keyring, account, plain.sentDigest),
  };
}

function isStored(keyring: Keyring, account: SealedAccount, digest: string | null): boolean {
  const { refreshToken } = openContents(keyring, account);
  if (refreshToken === null || digest === null) return refreshToken === digest;
  const bytes = Buffer.from(digest, 'hex');
  return keyring.tokenDigests(refreshToken.reveal()).some((each) => equalBytes(each, bytes));
}

/** A finished login that could not be committed, with everything that an account needs. */
export interface UnstoredLogin {
  /** The label given with `--as`. */
  readonly as: string | null;
  /** The only account that it may be stored for; null: any. */
  readonly only: Pick<Account, 'id' | 'provider' | 'label'> | null;
  readonly facts: Omit<AccountFacts, 'label' | 'createdAt' | 'lastRefreshAt'>;
  readonly contents: Contents & { readonly accessToken: Secret };
  readonly consent: Consent;
}

/** Bound to the id of its spill slot: the account's, or an unused one. */
function additionalDataOfLogin(keyring: Keyring, id: string): Buffer {
  return frame([FORMAT, keyring.vaultId, 'login', id]);
}

export function sealLogin(keyring: Keyring, id: string, login: UnstoredLogin): Uint8Array {
  const { accessToken, refreshToken, identity, idToken } = login.contents;
  const plain = {
    ...login,
    contents: {
      identity,
      accessToken: accessToken.reveal(),
      refreshToken: refreshToken?.reveal() ?? null,
      idToken: writtenIdToken(idToken),
    },
  };
  return sealJson(keyring, plain, additionalDataOfLogin(keyring, id));
}

/** @returns null when it does not open: written in part, or of another slot or vault */
export function openLogin(keyring: Keyring, id: string, sealed: Uint8Array): UnstoredLogin | null {
  const plain = openJson<
    Omit<UnstoredLogin, 'contents'> & {
      readonly contents: Pick<Contents, 'identity'> & {
        readonly accessToken: string;
        readonly refreshToken: string | null;
        readonly idToken?: WrittenIdToken | null;
      };
    }
  >(keyring, sealed, additionalDataOfLogin(keyring, id));
  if (plain === null) return null;
  const { identity, accessToken, refreshToken, idToken } = plain.contents;
  return {
    ...plain,
    contents: {
      identity,
      accessToken: new Secret(accessToken),
      refreshToken: secret(refreshToken),
      idToken: readIdToken(idToken),
    },
  };
}

/** Missing where an earlier version sealed it. */
interface WrittenIdToken {
  readonly token: string;
  readonly expiresAt: number;
}

function writtenIdToken(idToken: IdToken | null): WrittenIdToken | null {
  return idToken && { token: idToken.token.reveal(), expiresAt: idToken.expiresAt };
}

function readIdToken(written: WrittenIdToken | null | undefined): IdToken | null {
  return written ? { token: new Secret(written.token), expiresAt: written.expiresAt } : null;
}

function sealJson(keyring: Keyring, plain: object, aad: Uint8Array): Uint8Array {
  const bytes = Buffer.from(JSON.stringify(plain), 'utf8');
  const sealed = keyring.seal('refresh_token', bytes, aad);
  bytes.fill(0);
  return sealed;
}

/** @returns null when it does not open */
function openJson<Plain>(keyring: Keyring, sealed: Uint8Array, aad: Uint8Array): Plain | null {
  try {
    const bytes = keyring.open('refresh_token', sealed, aad, '');
    const plain = JSON.parse(bytes.toString('utf8')) as Plain;
    bytes.fill(0);
    return plain;
  } catch (failure) {
    if (doesNotOpen(failure)) return null;
    throw failure;
  }
}

function secret(text: string | null): Secret | null {
  return text === null ? null : new Secret(text);
}
