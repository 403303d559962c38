import { lazily, once } from '../domain/async.js';
import type { Secret } from '../domain/secret.js';
import type { SealedAccount } from '../stores/contract.js';
import { proving } from './event-proof.js';
import { createKeyringAccess } from './keyring-access.js';
import { openSecret } from './sealed-field.js';
import type { Vault, VaultParts } from './vault.js';

/** A vault over a store. A stored access token needs only this file; the rest is loaded when it is first used. */
export function vaultOver(parts: VaultParts): Vault {
  const { store, unlock, marks, clock, events, notice } = parts;
  const access = createKeyringAccess({
    store,
    unlock: () => unlock().then(proving(events)),
    async guard(keyring) {
      const [{ createGuard }, own] = await Promise.all([import('./guard.js'), marks()]);
      return createGuard({ store, keyring, marks: own, clock, notice, ...(events && { events }) });
    },
  });
  const rest = once(async () => (await import('./vault-rest.js')).restOfVault(parts, access));

  async function settleDue(): Promise<void> {
    if (events?.queue.due === true) await (await rest()).settleDue();
  }

  async function opened(account: SealedAccount, column: 'access_token' | 'id_token'): Promise<Secret | null> {
    try {
      return await access.opening(account, (keys, one) => openSecret(keys, one, column));
    } catch (failure) {
      (await rest()).raiseFor(failure);
      throw failure;
    }
  }

  return {
    accounts: store.accounts,
    accountsAsJson: store.accountsAsJson,
    namesBeginningWith: store.namesBeginningWith,
    account: store.account,
    accountByName: store.accountByName,
    intent: store.intent,
    withdraw: store.withdraw,
    consents: store.consents,
    addConsent: store.addConsent,
    notifications: store.notifications,
    trail: store.trail,
    accessToken: (account) => opened(account, 'access_token'),
    idToken: (account) => opened(account, 'id_token'),
    settleDue,
    async close() {
      await settleDue();
      await access.wipe();
      await store.close();
    },
    ...lazily(rest, [
      'identity',
      'contents',
      'byIdentity',
      'rehearse',
      'requireCurrent',
      'verifyRowSet',
      'examine',
    ]),
    ...lazily(rest, [
      'acceptAsItIs',
      'add',
      'update',
      'intend',
      'recordAttempt',
      'remove',
      'rotation',
      'clients',
    ]),
    ...lazily(rest, ['sealAnswer', 'openAnswer', 'sealLogin', 'openLogin', 'settleEvents', 'verifyTrail']),
  };
}
