import { marksWith } from '../../src/access/marks.js';
import { vaultAccess } from '../../src/access/vault-access.js';
import { Secret } from '../../src/domain/secret.js';
import { keyFileSource } from '../../src/keysources/key-file.js';
import type { Intent } from '../../src/stores/contract.js';
import { sqliteLocks } from '../../src/stores/locks.js';
import { sqliteFactory } from '../../src/stores/sqlite-store.js';
import { systemClock as clock } from '../../src/system/clock.js';
import { createFiles } from '../../src/system/files/files.js';
import { resolvePaths } from '../../src/system/paths.js';
import type { Vault } from '../../src/vault/vault.js';
import { makeTempHome, type TempHome } from '../../test/harness/temp-home.js';
import { type LossyServer, openLossyServer } from './lossy-server.js';

/** A vault with an account at each of several servers, whose state can be set without a login. */
export interface LossyVault {
  readonly home: TempHome;
  readonly servers: readonly LossyServer[];
  /** The account at each server. */
  readonly names: readonly string[];
  /** Gives each account a new grant, with nothing left of what was. @param ends of the access tokens, milliseconds since the epoch */
  renew(ends: readonly number[]): Promise<void>;
  /** The accounts as they are stored now. */
  look(): Promise<readonly Stored[]>;
  close(): Promise<void>;
}

export interface Stored {
  readonly status: string;
  readonly reason: string | null;
  readonly refresh: string;
  readonly intent: Intent | null;
}

/** The last of these asks for no repeat. */
export async function openLossyVault(size: number): Promise<LossyVault> {
  const servers = await Promise.all(Array.from({ length: size }, openLossyServer));
  const providers = servers.map(({ url }, index) => [
    `p${index}`,
    {
      authorizationEndpoint: `${url}/authorize`,
      tokenEndpoint: `${url}/token`,
      clientId: 'client-example',
      ...(index === size - 1 ? { resend: 'never' } : {}),
    },
  ]);
  const home = makeTempHome({ keySource: 'file', providers: Object.fromEntries(providers) });
  const paths = resolvePaths({ env: home.env, platform: process.platform }, null);
  const files = createFiles({ uid: process.getuid?.(), pid: process.pid }, () => undefined);

  /** As a process of its own would, since others write as well. */
  async function withVault<T>(work: (vault: Vault) => Promise<T>): Promise<T> {
    const access = vaultAccess({
      paths,
      files,
      factory: sqliteFactory(paths, files, clock),
      locks: sqliteLocks(paths.locks, files, clock),
      clock,
      audit: { record: () => undefined },
      keySource: async () => keyFileSource(paths.keyFile, files),
      rememberKeySource: async () => () => undefined,
      marks: () => marksWith(paths, files),
      notice: () => undefined,
    });
    try {
      return await work(await access.openOrCreate());
    } finally {
      await access.close();
    }
  }

  async function present(vault: Vault, index: number) {
    const [found] = await vault.accounts(`p${index}`);
    const account = found === undefined ? null : await vault.account(found.id);
    if (account === null) throw new Error(`the account p${index} is gone`);
    return account;
  }

  await withVault(async (vault) => {
    for (const [index, { url }] of servers.entries()) await vault.add(factsOf(index, url), contentsOf(index));
  });
  return {
    home,
    servers,
    names: servers.map((_, index) => nameOf(index)),
    renew: (ends) =>
      withVault(async (vault) => {
        for (const [index, expiresAt] of ends.entries()) {
          const grant = servers[index]?.issue();
          const contents = contentsOf(index, grant?.access, grant?.refresh);
          const facts = { ...WELL, issuedAt: expiresAt - LIFE, expiresAt };
          await vault.update(await present(vault, index), facts, contents);
        }
      }),
    look: () =>
      withVault(async (vault) => {
        const stored: Stored[] = [];
        for (const index of servers.keys()) {
          const account = await present(vault, index);
          const { refreshToken } = await vault.contents(account);
          const { status, reason, id } = account;
          const refresh = refreshToken?.reveal() ?? '';
          stored.push({ status, reason, refresh, intent: await vault.intent(id) });
        }
        return stored;
      }),
    async close() {
      await Promise.all(servers.map((server) => server.close()));
      home.remove();
    },
  };
}

const LIFE = 3_600_000;
const WELL = { status: 'active', reason: null, lastError: null, failures: 0, retryAt: null } as const;

function nameOf(index: number): string {
  return `p${index}/ada`;
}

function factsOf(index: number, url: string) {
  const now = clock.now();
  return {
    provider: `p${index}`,
    label: 'ada',
    issuer: url,
    tokenEndpoint: `${url}/token`,
    clientId: 'client-example',
    ...WELL,
    askedScopes: [],
    grantedScopes: [],
    tokenType: 'Bearer',
    issuedAt: now - LIFE,
    expiresAt: now,
    grantExpiresAt: null,
    lastRefreshAt: null,
    createdAt: now,
    updatedAt: now,
  };
}

function contentsOf(index: number, access = 'access-token-example', refresh = 'refresh-token-example') {
  const identity = { subject: `subject-${index}`, email: null, name: 'ada', details: {} };
  return { accessToken: new Secret(access), refreshToken: new Secret(refresh), identity, idToken: null };
}
