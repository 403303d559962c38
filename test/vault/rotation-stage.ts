import { expect } from 'vitest';
import { Secret } from '../../src/domain/secret.js';
import type { MasterKeyRow, SealedAccount } from '../../src/stores/contract.js';
import type { Vault } from '../../src/vault/vault.js';
import { MASTER } from '../harness/vault-folder.js';
import { openWholeStage, type WholeStage } from './vault-stage.js';

export const TOKEN = new Secret('refresh-token-example');
const ADDED = { event: 'data_keys_added' } as const;
export const REPLACED = { event: 'data_keys_replaced', accounts: 2 } as const;

/** A vault with the accounts ada and grace, and the steps in which its data keys are replaced, each by a process of its own. */
export interface RotationStage extends WholeStage {
  begin(): Promise<void>;
  sealAll(): Promise<void>;
  finish(): Promise<boolean>;
  /** A process that has opened the vault before. */
  sibling(): Promise<Vault>;
}

export async function openRotationStage(): Promise<RotationStage> {
  const stage = await openWholeStage();
  await stage.add('ada', 'grace');
  return {
    ...stage,
    async begin() {
      const vault = await stage.open();
      const row = (await (await stage.store()).head()).masterKeys[0] as MasterKeyRow;
      await (await vault.rotation()).begin([{ row, master: MASTER }], ADDED);
    },
    async sealAll() {
      const rotation = await (await stage.open()).rotation();
      const behind = await rotation.behind();
      expect(await rotation.reseal(behind)).toEqual({ done: behind.length, unreadable: [] });
    },
    finish: async () => (await (await stage.open()).rotation()).finish(REPLACED),
    async sibling() {
      const vault = await stage.open();
      await vault.rehearse();
      return vault;
    },
  };
}

export async function account(vault: Vault, label = 'ada'): Promise<SealedAccount> {
  const found = (await vault.accounts()).find((each) => each.label === label);
  const sealed = found === undefined ? null : await vault.account(found.id);
  if (sealed === null) throw new Error(`${label} is gone`);
  return sealed;
}

export const contents = (subject: string) => ({
  accessToken: new Secret('access-token-example-2'),
  refreshToken: TOKEN,
  identity: { subject, email: null, name: null, details: {} },
  idToken: null,
});
