import type { NewVaultHead } from '../../src/stores/contract.js';
import { accountsContract } from './store-accounts.js';
import { intentContract } from './store-intents.js';
import { masterKeyContract } from './store-keys.js';
import { notificationsContract } from './store-notifications.js';
import type { OpenStore } from './store-stage.js';

/** What every store promises; see stores/contract. */
export function storeContract(name: string, open: OpenStore, head: NewVaultHead): void {
  for (const contract of [accountsContract, intentContract, masterKeyContract, notificationsContract]) {
    contract(name, open, head);
  }
}
