import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { firstTime } from '../../src/access/first-time.js';
import type { LoginMachine } from '../../src/access/login-machine.js';
import { readBackFrom } from '../../src/access/new-key.js';
import { unlock } from '../../src/access/unlock.js';
import { vaultAccess } from '../../src/access/vault-access.js';
import { auditLog, trailEvents } from '../../src/audit/log.js';
import { readAccountNames } from '../../src/config/account-names.js';
import { configureProvider, providerNames, resolveProvider } from '../../src/config/settings.js';
import type { Context } from '../../src/context.js';
import type { Account, Identity } from '../../src/domain/account.js';
import type { Audit, AuditEvent } from '../../src/domain/audit-events.js';
import { HOUR, MINUTE } from '../../src/domain/duration.js';
import { Secret } from '../../src/domain/secret.js';
import type { KeySource, StoringKeySource } from '../../src/keysources/contract.js';
import { keyFileSource } from '../../src/keysources/key-file.js';
import { keychainSource } from '../../src/keysources/os-keychain.js';
import { eventQueue } from '../../src/stores/audit-queue.js';
import type { SealedAccount, StoreFactory } from '../../src/stores/contract.js';
import type { Locks } from '../../src/stores/locks.js';
import type { RollbackMarks } from '../../src/stores/rollback-marks.js';
import type { Spill } from '../../src/stores/spill.js';
import { spillFolder } from '../../src/stores/spill.js';
import { sqliteCopies } from '../../src/stores/sqlite-copies.js';
import type { Files, Host, Http, Paths } from '../../src/system/contract.js';
import { vaultOver } from '../../src/vault/open-vault.js';
import type { AccountFacts, Contents } from '../../src/vault/sealed-account.js';
import type { Vault, VaultParts } from '../../src/vault/vault.js';
import { type ClockDouble, clockDouble } from '../doubles/clock.js';
import { type KeychainDouble, keychainDouble } from '../doubles/keychain.js';
import { localHttp } from '../doubles/local-server.js';
import { sources } from '../doubles/settings-sources.js';
import { DESKTOP } from '../doubles/surroundings.js';
import { NOW } from '../doubles/terminal.js';
import { vaultFolder } from './vault-folder.js';

export const ALICE: Identity = {
  subject: 'subject-alice',
  email: 'alice@example.com',
  name: 'Alice Example',
  details: {},
};

/** Facts of an account whose access token has expired. */
export const EXPIRED = { issuedAt: NOW - 2 * HOUR, expiresAt: NOW - HOUR } as const;

/** The Context that use cases take, and what a test looks at and changes. */
export interface TestContext {
  /** All parts are real but these: clock, keychain, key sources, browser. There is no refresher and no program to run. */
  readonly ctx: Context;
  readonly folder: string;
  readonly paths: Paths;
  readonly files: Files;
  readonly factory: StoreFactory;
  readonly locks: Locks;
  readonly spill: Spill;
  readonly clock: ClockDouble;
  readonly http: Http;
  readonly vault: Vault;
  readonly marks: RollbackMarks;
  readonly keychain: KeychainDouble;
  readonly keyFile: string;
  readonly fromKeychain: StoringKeySource;
  readonly fromFile: StoringKeySource;
  /** All events, oldest first; that the vault was made is not among them. */
  readonly events: AuditEvent[];
  readonly audit: Audit;
  readonly notices: string[];
  /** What `config.json` says about the provider `demo`; empty: nothing. */
  readonly settings: Record<string, unknown>;
  /** Changes the key source of this machine. */
  use(source: KeySource): void;
  /** The vault over a connection of its own, as another process has it. */
  another(over?: Partial<VaultParts>): Promise<Vault>;
  /** Adds an account whose token expires in an hour, except for what is given. */
  add(facts?: Partial<AccountFacts>, contents?: Partial<Contents>): Promise<SealedAccount>;
  account(of: Pick<Account, 'id'>): Promise<SealedAccount>;
  /** Access token and refresh token as they are stored now. */
  tokens(of: Pick<Account, 'id'>): Promise<{ access: string | null; refresh: string | null }>;
  close(): Promise<void>;
}

/** @param place where the master key is */
export async function testContext(place: 'keychain' | 'file' = 'keychain'): Promise<TestContext> {
  const { home, readNamed, ...parts } = vaultFolder();
  const { paths, files, factory, locks, notice } = parts;
  const clock = clockDouble(NOW);
  const keychain = keychainDouble();
  const fromKeychain = keychainSource(keychain);
  const fromFile = keyFileSource(paths.keyFile, files, paths.keyFile);
  let used: KeySource = place === 'file' ? fromFile : fromKeychain;
  const current = async () => used;
  const remember = async () => () => {};

  const recorded: AuditEvent[] = [];
  const queue = eventQueue(join(home, 'audit'), files);
  const actor = { pid: 1, uid: 1 };
  const log = auditLog({ path: paths.securityLog, files, clock, actor, queue, notice });
  const events = trailEvents(log, queue);
  const audit: Audit = {
    record(event, chained) {
      recorded.push(event);
      log.record(event, chained);
    },
  };

  const marks = await parts.marks();
  const shared = { ...parts, clock, audit, events };
  const access = vaultAccess({ ...shared, keySource: current, rememberKeySource: remember });
  await access.create(used);
  recorded.length = 0;
  const vault = (await access.open()) as Vault;
  const opened: Vault[] = [];

  const spill = spillFolder({ folder: join(paths.data, 'spill'), files, clock, name: 'own', slots: 16 });
  const http = localHttp();
  const settings: Record<string, unknown> = {};
  const readText = (path: string) => files.read(path, 1_000_000)?.toString('utf8') ?? null;
  const settingsNow = async () =>
    sources({ config: Object.keys(settings).length === 0 ? {} : { providers: { demo: settings } } });
  const missing = (what: string) => () => Promise.reject(new Error(`${what} must not be used here`));
  const machine: LoginMachine = {
    surroundings: DESKTOP,
    browser: { open: missing('a browser') },
    isOtherUser: async () => false,
    isOthersPort: async () => false,
  };

  const ctx: Context = {
    ...{ paths, files, clock, locks, audit, events, notice, access, readText },
    host: hostOf({ VAULT_HOME: home }),
    profile: null,
    envFile: null,
    interruption: uninterrupted(),
    detail: () => {},
    keys: {
      ...{ current, remember, readBack: readBackFrom, forget: () => {} },
      decidedBy: async () => null,
      chosen: missing('the command line'),
      usual: async (kind) => (kind === 'file' ? fromFile : null),
      storing: async (kind) => ({ file: fromFile, keychain: fromKeychain })[kind as string] ?? null,
      recoveryPassphrase: async () => ({
        place: 'passphrase',
        ask: async () => new Secret('passphrase example 1'),
      }),
    },
    vault: access.open,
    vaultOrNew: access.openOrCreate,
    firstTime: async (topic, state) => firstTime({ files, paths }, topic, state),
    marks: async () => marks,
    wantedAccount: null,
    accountNames: async () => readAccountNames(readText(paths.configFile), paths.configFile),
    readNamed: async (path, limit) => readNamed(path, limit),
    settings: settingsNow,
    readSettings: settingsNow,
    provider: async (name) => configureProvider(name, await settingsNow()),
    async providerOrNull(name) {
      const all = await settingsNow();
      return providerNames(all).includes(name) ? resolveProvider(name, all).provider : null;
    },
    http: async () => http,
    connectMail: missing('a mail server'),
    spill: async () => spill,
    copies: async () => sqliteCopies(paths.database, files, clock),
    othersFiles: missing('a file of another user'),
    loginMachine: async () => machine,
    refresher: missing('a refresher'),
    runInForeground: missing('another program'),
    serveDescendants: missing('another program'),
    release: access.close,
    close: access.close,
  };

  async function account({ id }: Pick<Account, 'id'>): Promise<SealedAccount> {
    const found = await vault.account(id);
    if (found === null) throw new Error('the account is gone');
    return found;
  }

  return {
    ...{ ctx, paths, files, factory, locks, spill, clock, http, vault, marks, keychain, audit, settings },
    ...{ folder: home, keyFile: paths.keyFile, fromKeychain, fromFile, notices: parts.notices, account },
    events: recorded,
    use(source) {
      used = source;
    },
    async another(over = {}) {
      const store = await factory.open();
      const keyring = async () => (await unlock(await store.head(), used, paths.database)).keyring;
      const other = vaultOver({ ...shared, store, unlock: keyring, ...over });
      opened.push(other);
      return other;
    },
    async add(facts = {}, contents = {}) {
      const added = await vault.add(
        { ...accountFacts(), ...facts },
        {
          accessToken: new Secret('access-token-example'),
          refreshToken: new Secret('refresh-token-example'),
          identity: ALICE,
          idToken: null,
          ...contents,
        },
      );
      if (added === null) throw new Error('the name or the identity is taken');
      return added;
    },
    async tokens(of) {
      const { accessToken, refreshToken } = await vault.contents(await account(of));
      return { access: accessToken?.reveal() ?? null, refresh: refreshToken?.reveal() ?? null };
    },
    async close() {
      spill.close();
      for (const each of opened) await each.close();
      await access.close();
      await http.close();
      parts.remove();
    },
  };
}

/** Never aborted. Any number may listen to it; of more than ten Node would warn. */
export function uninterrupted(): AbortSignal {
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  return signal;
}

/** This machine with this environment, and with streams that nobody reads. */
export function hostOf(env: Host['env'], over: Partial<Host> = {}): Host {
  return {
    env,
    platform: process.platform,
    versions: process.versions,
    uid: process.getuid?.(),
    pid: process.pid,
    parentPid: process.ppid,
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    self: null,
    ownNode: false,
    interruption: new AbortController().signal,
    takeSignals: null,
    ...over,
  };
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
