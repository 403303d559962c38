import { frame } from '../crypto/framing.js';
import { Secret } from '../domain/secret.js';
import type { SealedAccount } from '../stores/contract.js';
import type { AccountChange } from './contract.js';
import { isDamage } from './damage.js';
import { FORMAT } from './format.js';
import type { Keyring } from './keyring.js';

/** What a refresh brought and the database could not take. */
export interface UnstoredAnswer {
  readonly change: AccountChange;
  readonly accessToken: Secret | null;
  readonly refreshToken: Secret | null;
}

/** Bound to the account, its endpoint and the generation that the refresh started from. */
function binding(keyring: Keyring, account: SealedAccount): Buffer {
  const { id, issuer, tokenEndpoint, clientId, generation } = account;
  return frame([FORMAT, keyring.vaultId, 'spill', id, issuer, tokenEndpoint, clientId, generation]);
}

export function sealAnswer(keyring: Keyring, account: SealedAccount, answer: UnstoredAnswer): Uint8Array {
  const plain = {
    change: answer.change,
    accessToken: answer.accessToken?.reveal() ?? null,
    refreshToken: answer.refreshToken?.reveal() ?? null,
  };
  const bytes = Buffer.from(JSON.stringify(plain), 'utf8');
  const sealed = keyring.seal('refresh_token', bytes, binding(keyring, account));
  bytes.fill(0);
  return sealed;
}

/** @returns null when it does not open: cut short while it was written, or not of this account and generation */
export function openAnswer(
  keyring: Keyring,
  account: SealedAccount,
  sealed: Uint8Array,
): UnstoredAnswer | null {
  let bytes: Buffer;
  try {
    bytes = keyring.open('refresh_token', sealed, binding(keyring, account), account.label);
  } catch (failure) {
    if (isDamage(failure)) return null;
    throw failure;
  }
  const plain = JSON.parse(bytes.toString('utf8')) as {
    readonly change: AccountChange;
    readonly accessToken: string | null;
    readonly refreshToken: string | null;
  };
  bytes.fill(0);
  const secret = (text: string | null) => (text === null ? null : new Secret(text));
  return {
    change: plain.change,
    accessToken: secret(plain.accessToken),
    refreshToken: secret(plain.refreshToken),
  };
}
