import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Account, Identity } from '../../src/domain/account.js';
import type { Audit, AuditEvent } from '../../src/domain/audit-events.js';
import { HOUR, MINUTE } from '../../src/domain/duration.js';
import { Secret } from '../../src/domain/secret.js';
import type { SealedAccount, StoreFactory } from '../../src/stores/contract.js';
import type { Locks } from '../../src/stores/locks.js';
import { sqliteLocks } from '../../src/stores/locks.js';
import type { RollbackMarks } from '../../src/stores/rollback-marks.js';
import { rollbackMarks } from '../../src/stores/rollback-marks.js';
import type { Spill } from '../../src/stores/spill.js';
import { spillFolder } from '../../src/stores/spill.js';
import { sqliteFactory } from '../../src/stores/sqlite-store.js';
import { systemClock } from '../../src/system/clock.js';
import type { Files, Http, Paths } from '../../src/system/contract.js';
import { createFiles } from '../../src/system/files/files.js';
import { createHttp } from '../../src/system/http/http.js';
import { resolvePaths } from '../../src/system/paths.js';
import { openKeyring } from '../../src/vault/keyring.js';
import { newVault } from '../../src/vault/new-vault.js';
import { vaultOver } from '../../src/vault/open-vault.js';
import type { AccountFacts, Contents } from '../../src/vault/sealed-account.js';
import type { Vault, VaultParts } from '../../src/vault/vault.js';
import { type ClockDouble, clockDouble } from '../doubles/clock.js';
import { NOW } from '../doubles/terminal.js';

const MASTER = Buffer.alloc(32, 7);
const VAULT_ID = Buffer.alloc(16, 1);

export const ALICE: Identity = {
  subject: 'subject-alice',
  email: 'alice@example.com',
  name: 'Alice Example',
  details: {},
};

/** A real vault in a folder of its own, under a fixed master key, with the real HTTP client and a clock of the test's. */
export interface VaultStage {
  readonly folder: string;
  readonly paths: Paths;
  readonly files: Files;
  readonly factory: StoreFactory;
  readonly locks: Locks;
  /** What waits beside the vault; there is room for more. */
  readonly spill: Spill;
  readonly clock: ClockDouble;
  readonly http: Http;
  readonly vault: Vault;
  readonly events: AuditEvent[];
  readonly audit: Audit;
  readonly marks: RollbackMarks;
  /** What a person was told though nothing failed. */
  readonly notices: string[];
  /** The same vault over a connection of its own, as another process has it. */
  another(over?: Partial<VaultParts>): Promise<Vault>;
  /** Adds an account whose token expires in an hour, except for what is given. */
  add(facts?: Partial<AccountFacts>, contents?: Partial<Contents>): Promise<SealedAccount>;
  account(of: Pick<Account, 'id'>): Promise<SealedAccount>;
  /** Access token and refresh token as they are stored now. */
  tokens(of: Pick<Account, 'id'>): Promise<{ access: string | null; refresh: string | null }>;
  close(): Promise<void>;
}

export async function openVaultStage(): Promise<VaultStage> {
  const folder = mkdtempSync(join(tmpdir(), 'vault-services-'));
  const paths = resolvePaths({ env: { VAULT_HOME: folder }, platform: 'linux' }, null);
  const files = createFiles({ uid: process.getuid?.(), pid: process.pid }, () => {});
  const factory = sqliteFactory(paths, files, systemClock);
  const locks = sqliteLocks(paths.locks, files, systemClock);
  const clock = clockDouble(NOW);
  const spill = spillFolder({ folder: join(folder, 'spill'), files, clock, name: 'own', slots: 16 });
  const http = createHttp({ env: {} });
  const events: AuditEvent[] = [];
  const notices: string[] = [];
  const marks = rollbackMarks(paths.marks, ['here', folder], files);
  const { head, mark } = newVault({
    vaultId: VAULT_ID,
    source: 'file',
    master: MASTER,
    now: NOW,
    where: marks.where,
  });
  marks.create(mark.name, mark.bytes);
  const [masterKey] = head.masterKeys;
  if (masterKey === undefined) throw new Error('a new vault has a master key');
  const unlock = async () => openKeyring(head, masterKey, MASTER);
  const parts = {
    unlock,
    clock,
    marks: async () => marks,
    notice: (line: string) => void notices.push(line),
  };
  const vault = vaultOver({ ...parts, store: await factory.create(head) });
  const opened: Vault[] = [vault];

  const stage: VaultStage = {
    folder,
    paths,
    files,
    factory,
    locks,
    spill,
    clock,
    http,
    vault,
    marks,
    notices,
    events,
    audit: { record: (event) => void events.push(event) },
    async another(over = {}) {
      const other = vaultOver({ ...parts, store: await factory.open(), ...over });
      opened.push(other);
      return other;
    },
    async add(facts = {}, contents = {}) {
      const account = await vault.add(
        { ...accountFacts(), ...facts },
        {
          accessToken: new Secret('access-token-example'),
          refreshToken: new Secret('refresh-token-example'),
          identity: ALICE,
          idToken: null,
          ...contents,
        },
      );
      if (account === null) throw new Error('the name or the identity is taken');
      return account;
    },
    async account({ id }) {
      const account = await vault.account(id);
      if (account === null) throw new Error('the account is gone');
      return account;
    },
    async tokens(of) {
      const { accessToken, refreshToken } = await vault.contents(await stage.account(of));
      return { access: accessToken?.reveal() ?? null, refresh: refreshToken?.reveal() ?? null };
    },
    async close() {
      spill.close();
      for (const each of opened) await each.close();
      await http.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return stage;
}

function accountFacts(): AccountFacts {
  return {
    provider: 'demo',
    label: 'alice@example.com',
    issuer: 'https://issuer.example',
    tokenEndpoint: 'https://issuer.example/token',
    clientId: 'client-example',
    status: 'active',
    reason: null,
    askedScopes: ['openid', 'email'],
    grantedScopes: ['openid', 'email'],
    tokenType: 'Bearer',
    issuedAt: NOW,
    expiresAt: NOW + HOUR,
    grantExpiresAt: null,
    lastRefreshAt: null,
    lastError: null,
    failures: 0,
    retryAt: null,
    createdAt: NOW - 10 * MINUTE,
    updatedAt: NOW,
  };
}

/** Facts of an account whose access token has ended. */
export const EXPIRED = { issuedAt: NOW - 2 * HOUR, expiresAt: NOW - HOUR } as const;
