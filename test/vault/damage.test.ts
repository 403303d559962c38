import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { VaultError } from '../../src/domain/errors.js';
import { Secret } from '../../src/domain/secret.js';
import type { Store } from '../../src/stores/contract.js';
import { openKeyring } from '../../src/vault/keyring.js';
import { vaultOver } from '../../src/vault/open-vault.js';
import type { Vault } from '../../src/vault/vault.js';
import { accountExample } from '../doubles/account.js';
import { seededNumbers } from '../harness/random.js';
import { headOf, MASTER, type VaultFolder, vaultFolder } from '../harness/vault-folder.js';

const ROUNDS = 800;
const PEOPLE = ['ada', 'grace'];

let folder: VaultFolder;
beforeEach(async () => {
  folder = vaultFolder();
  const store = await folder.factory.create(await headOf(folder));
  const vault = vaultWith(store);
  for (const label of PEOPLE) {
    await vault.add(accountExample({ label }), {
      accessToken: new Secret(`access-token-${label}`),
      refreshToken: new Secret(`refresh-token-${label}`),
      identity: { subject: `subject-${label}`, email: null, name: null, details: {} },
      idToken: null,
    });
  }
  await vault.close();
});
afterEach(() => folder.remove());

function vaultWith(store: Store): Vault {
  const unlock = async () => {
    const head = await store.head();
    const [masterKey] = head.masterKeys;
    if (masterKey === undefined) throw new VaultError('vault_damaged', 'no master key is listed');
    return openKeyring(head, masterKey, MASTER);
  };
  return vaultOver({ ...folder, store, unlock });
}

/** Everything the vault says about its accounts, in one text; or the code it refuses with. */
async function everything(): Promise<string> {
  try {
    const vault = vaultWith(await folder.factory.open());
    try {
      const told: unknown[] = [];
      for (const visible of await vault.accounts()) {
        const account = await vault.account(visible.id);
        if (account === null) return `${visible.label} is listed and not there`;
        const { accessToken, refreshToken, identity } = await vault.contents(account);
        const { provider, label, issuer, tokenEndpoint, clientId, generation, issuedAt, expiresAt } = visible;
        const bound = { provider, label, issuer, tokenEndpoint, clientId, generation, issuedAt, expiresAt };
        told.push([
          bound,
          visible.grantedScopes,
          visible.tokenType,
          accessToken?.reveal(),
          refreshToken?.reveal(),
          identity,
        ]);
      }
      return JSON.stringify(told);
    } finally {
      await vault.close();
    }
  } catch (failure) {
    if (failure instanceof VaultError) return failure.code;
    throw failure;
  }
}

it('a byte changed anywhere in the file is detected, or does not matter', async () => {
  const good = readFileSync(folder.paths.database);
  const right = await everything();
  expect(JSON.parse(right)).toHaveLength(PEOPLE.length);
  const between = seededNumbers(20_260_302);
  const written = [...good.keys()].filter((at) => good[at] !== 0);
  const outcomes = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const at = written[between(0, written.length - 1)] ?? 0;
    const bad = Buffer.from(good);
    bad.writeUInt8(bad.readUInt8(at) ^ between(1, 255), at);
    writeFileSync(folder.paths.database, bad);
    const outcome = await everything();
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  const kinds = [...outcomes.keys()].filter((outcome) => outcome !== right);
  expect(kinds.filter((kind) => kind !== 'vault_newer')).toEqual(['vault_damaged']);
  expect(outcomes.get('vault_damaged')).toBeGreaterThan(ROUNDS / 2);
});
