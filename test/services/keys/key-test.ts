import { cpSync, readFileSync, rmSync } from 'node:fs';
import { expect } from 'vitest';
import type { KeySources } from '../../../src/access/key-sources-rest.js';
import type { Context } from '../../../src/context.js';
import { Secret } from '../../../src/domain/secret.js';
import type { RecoveryRequest } from '../../../src/services/keys/recovery.js';
import type { Store } from '../../../src/stores/contract.js';
import type { Vault } from '../../../src/vault/vault.js';
import { accountExample } from '../../doubles/account.js';
import { ALICE, type TestContext, testContext } from '../../harness/test-context.js';

/** A line of the trail or of the security log. */
export type Told = Readonly<Record<string, unknown>> & { readonly id: string; readonly event: string };

export function recoveryFile(file: string): RecoveryRequest {
  return { file, passphrase: { file: null, descriptor: null } };
}

/** A vault whose first key is in a keychain in memory, and what tests of its keys look at. */
export interface KeyTest extends Omit<TestContext, 'vault'> {
  /** The context with other key sources. */
  with(keys: Partial<KeySources>, over?: Partial<Context>): Context;
  /** The context with a store of which one part is another. */
  withStore(over: Partial<Store>): Context;
  /** @param passphrase of the recovery file */
  recovering(passphrase?: string): Context;
  store(): Promise<Store>;
  /** Opened again if it was closed. */
  vault(): Promise<Vault>;
  /** Adds an account of a user of this name at Google. @returns its id */
  addLabelled(label: string): Promise<string>;
  /** Whether another process can open what is sealed. */
  opens(): Promise<boolean>;
  /** The master keys of the vault: the kinds of their sources, and their versions. */
  masterKeys(): Promise<readonly (readonly [source: string, version: string])[]>;
  /** The versions of the keys that are noted as left over in their sources. */
  leftovers(): Promise<readonly string[]>;
  /** The versions of the keys that are in the keychain. */
  inKeychain(): readonly string[];
  /** The lines of the trail, oldest first. */
  trail(): Promise<readonly Told[]>;
  /** The lines of the security log, oldest first. */
  log(): readonly Told[];
  /** Copies the vault and its keys. @returns puts the copies back */
  save(): Promise<() => Promise<void>>;
}

/** @param reference the name of a master key; other texts may go before it */
const versionOf = (reference: string) => reference.replace(/.*\/master\//, '');

export async function keyTest(): Promise<KeyTest> {
  const base = await testContext();
  const { ctx, folder, keychain, paths, events, notices } = base;
  const { access, keys } = ctx;
  const store = async () => (await access.store()) ?? noVault();
  const vault = async () => (await access.open()) ?? noVault();
  const withKeys = (other: Partial<KeySources>, over: Partial<Context> = {}): Context => ({
    ...{ ...ctx, ...over },
    keys: { ...keys, ...other },
  });
  return {
    ...base,
    with: withKeys,
    withStore: (over) => ({
      ...ctx,
      access: { ...access, store: async () => ({ ...(await store()), ...over }) },
    }),
    recovering: (passphrase = 'passphrase example 1') =>
      withKeys({
        recoveryPassphrase: async () => ({ place: 'passphrase', ask: async () => new Secret(passphrase) }),
      }),
    store,
    vault,
    async addLabelled(label) {
      const contents = {
        accessToken: new Secret('access-token-example'),
        refreshToken: new Secret('refresh-token-example'),
        identity: { ...ALICE, subject: label },
        idToken: null,
      };
      const added = await (await vault()).add(accountExample({ label }), contents);
      return added?.id ?? expect.fail('not added');
    },
    async opens() {
      await access.close();
      return (await vault()).rehearse().then(
        () => true,
        () => false,
      );
    },
    async masterKeys() {
      const { masterKeys } = await (await store()).head();
      return masterKeys.map(({ source, reference }) => [source, versionOf(reference)] as const);
    },
    leftovers: async () => (await (await store()).leftovers()).map(({ reference }) => versionOf(reference)),
    inKeychain: () => [...keychain.items.keys()].map(versionOf),
    async trail() {
      const entries = await (await store()).trail.after(0, 1_000);
      return entries.map(({ body }) => JSON.parse(body) as Told);
    },
    log: () =>
      readFileSync(paths.securityLog, 'latin1')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Told),
    async save() {
      await access.close();
      const saved = `${folder}.saved`;
      cpSync(folder, saved, { recursive: true });
      const items = new Map(keychain.items);
      return async () => {
        await access.close();
        rmSync(folder, { recursive: true });
        cpSync(saved, folder, { recursive: true });
        keychain.items.clear();
        for (const [name, key] of items) keychain.items.set(name, key);
        base.use(base.fromKeychain);
        events.length = 0;
        notices.length = 0;
      };
    },
    async close() {
      await base.close();
      rmSync(`${folder}.saved`, { recursive: true, force: true });
    },
  };
}

function noVault(): never {
  throw new Error('no vault');
}
