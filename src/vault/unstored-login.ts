import { frame } from '../crypto/framing.js';
import type { Account, Consent } from '../domain/account.js';
import { Secret } from '../domain/secret.js';
import type { AccountFacts } from './contract.js';
import { doesNotOpen } from './damage.js';
import { FORMAT } from './format.js';
import type { Keyring } from './keyring.js';
import type { Contents } from './sealed-record.js';

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
function binding(keyring: Keyring, id: string): Buffer {
  return frame([FORMAT, keyring.vaultId, 'login', id]);
}

export function sealLogin(keyring: Keyring, id: string, login: UnstoredLogin): Uint8Array {
  const { accessToken, refreshToken, identity } = login.contents;
  const plain = {
    ...login,
    contents: { identity, accessToken: accessToken.reveal(), refreshToken: refreshToken?.reveal() ?? null },
  };
  const bytes = Buffer.from(JSON.stringify(plain), 'utf8');
  const sealed = keyring.seal('refresh_token', bytes, binding(keyring, id));
  bytes.fill(0);
  return sealed;
}

/** @returns null when it does not open: cut short while it was written, or of another place or vault */
export function openLogin(keyring: Keyring, id: string, sealed: Uint8Array): UnstoredLogin | null {
  let bytes: Buffer;
  try {
    bytes = keyring.open('refresh_token', sealed, binding(keyring, id), id);
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
