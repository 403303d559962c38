// Another process on the same vault: the built library's own parts, told what to do by messages. See actor.ts.

import { vaultAccess } from '../../dist/lib/access/vault-access.js';
import { Secret } from '../../dist/lib/domain/secret.js';
import { keyFileSource } from '../../dist/lib/keysources/key-file.js';
import { keychainSource } from '../../dist/lib/keysources/os-keychain.js';
import { sqliteLocks } from '../../dist/lib/stores/locks.js';
import { rollbackMarks } from '../../dist/lib/stores/rollback-marks.js';
import { sqliteFactory } from '../../dist/lib/stores/sqlite-store.js';
import { systemClock as clock } from '../../dist/lib/system/clock.js';
import { createFiles } from '../../dist/lib/system/files/files.js';
import { KEYCHAIN_TIMEOUTS, systemKeychain } from '../../dist/lib/system/keychain/keychain.js';
import { resolvePaths } from '../../dist/lib/system/paths.js';
import { newVault } from '../../dist/lib/vault/new-vault.js';

const step = ({ epoch }) => ({ epoch: epoch + 1, sealed: Buffer.from(`ledger ${epoch + 1}`) });
const held = new Map();
let reading = null;

function parts(home) {
  const files = createFiles({ uid: process.getuid?.(), pid: process.pid }, () => {});
  const paths = resolvePaths({ env: { VAULT_HOME: home }, platform: process.platform }, null);
  const factory = sqliteFactory(paths, files, clock);
  return { files, paths, factory, locks: sqliteLocks(paths.locks, files, clock) };
}

function accessTo(home, source) {
  return vaultAccess({
    ...parts(home),
    clock,
    audit: { record: () => {} },
    keySource: async () => source,
    rememberKeySource: async () => () => {},
    marks: async () => rollbackMarks(parts(home).paths.marks, ['here', home], parts(home).files),
    notice: () => {},
  });
}

function ownKeychain() {
  const { env, platform } = process;
  const { signal } = new AbortController();
  return systemKeychain({
    host: { env, platform, uid: process.getuid?.(), self: null, interruption: signal },
    clock,
    timeouts: KEYCHAIN_TIMEOUTS,
    interactive: () => false,
    notice: () => {},
  });
}

/** On a machine that is busy enough, a crowd of processes is not done within any one's patience. */
async function patiently(work) {
  for (;;) {
    try {
      return await work();
    } catch (failure) {
      if (failure.code !== 'busy') throw failure;
    }
  }
}

const tasks = {
  ready: () => true,

  /** Adds the given accounts one after another, each in a commit of its own. */
  async insert({ home, accounts }) {
    const store = await parts(home).factory.open();
    for (const account of accounts) {
      const sealed = Object.fromEntries(
        Object.entries(account.sealed).map(([name, text]) => [
          name,
          text === null ? null : Buffer.from(text, 'base64'),
        ]),
      );
      if (!(await store.insert({ ...account, sealed }, step))) throw new Error('taken');
    }
    await store.close();
    return accounts.length;
  },

  /** Lists without a pause until it is told to stop. */
  async read({ home }) {
    const store = await parts(home).factory.open();
    await store.accounts();
    let stopped = false;
    const loop = (async () => {
      let count = 0;
      for (; !stopped; count += 1) {
        await store.accounts();
        await new Promise(setImmediate);
      }
      await store.close();
      return count;
    })();
    reading = () => {
      stopped = true;
      return loop;
    };
    return true;
  },
  stop: () => reading(),

  async hold({ home, name, patience }) {
    held.set(name, await parts(home).locks.acquire(name, patience));
    return true;
  },
  async release({ name }) {
    await held.get(name).release();
    return true;
  },

  /** Makes one empty vault after another, in folders with the given names, until it is killed. */
  async create({ homes }) {
    process.send({ started: true });
    for (const home of homes) {
      const { factory } = parts(home);
      const [vaultId, master] = [Buffer.alloc(16, 1), Buffer.alloc(32, 2)];
      const { head } = newVault({ vaultId, source: 'file', master, now: 1, where: [] });
      const store = await factory.create(head);
      await store.close();
    }
    return homes.length;
  },

  /** A first login without the login: makes the vault or joins it, and puts an account in. */
  async join({ home, keyFile, facts, subject }) {
    const access = accessTo(home, keyFileSource(keyFile, parts(home).files));
    const vault = await patiently(() => access.openOrCreate());
    const contents = {
      accessToken: new Secret(`access-token-${subject}`),
      refreshToken: new Secret(`refresh-token-${subject}`),
      identity: { subject, email: null, name: null, details: {} },
      idToken: null,
    };
    const added = await patiently(() => vault.add(facts, contents));
    await access.close();
    return added !== null;
  },

  /** @returns every access token of the vault, which the key from the keychain opens */
  async open({ home }) {
    const access = accessTo(home, keychainSource(ownKeychain()));
    const vault = await access.open();
    const tokens = [];
    for (const { id } of await vault.accounts()) {
      tokens.push((await vault.accessToken(await vault.account(id))).reveal());
    }
    await access.close();
    return tokens.sort();
  },
};

process.on('message', async ({ task, ...given }) => {
  try {
    process.send({ answer: await tasks[task](given) });
  } catch (failure) {
    process.send({
      failure: { name: failure.name, code: failure.code ?? failure.kind ?? null, message: failure.message },
    });
  }
});
process.send({ started: false });
