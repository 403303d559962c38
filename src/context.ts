/*
 * START HERE. One Context is made for each run of the program, and every use case takes the parts of it that it needs:
 * `listAccounts(ctx: Pick<Context, 'vault' | 'clock'>, request)`. A command reads its options, calls its use case with the whole
 * Context, and prints the result. docs/architecture.md draws the folders and follows one command through them.
 *
 * Parts that a valid token does not need are loaded when they are first used, because `vault token` in a script should cost
 * little more than the start of Node.
 */
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import type { Foreground } from './access/foreground.js';
import { createKeySources } from './access/key-sources.js';
import type { KeySources } from './access/key-sources-rest.js';
import type { LoginMachine } from './access/login-machine.js';
import type { Refresher } from './access/refresher-client.js';
import { type VaultAccess, vaultAccess } from './access/vault-access.js';
import { auditLog, trailEvents } from './audit/log.js';
import type { SettingsSources } from './config/settings.js';
import { randomId } from './crypto/derive.js';
import type { AccountNames } from './domain/account-names.js';
import { lazily, once } from './domain/async.js';
import type { Audit } from './domain/audit-events.js';
import type { LoadedKey } from './keysources/key-memory.js';
import type { ConfiguredProvider, Provider } from './providers/contract.js';
import { eventQueue } from './stores/audit-queue.js';
import type { Locks } from './stores/locks.js';
import type { RollbackMarks } from './stores/rollback-marks.js';
import type { Spill } from './stores/spill.js';
import type { Copies } from './stores/sqlite-copies.js';
import { sqliteFactory } from './stores/sqlite-store.js';
import { callerProcessOf } from './system/caller-process.js';
import { systemClock } from './system/clock.js';
import type { Clock, Files, Host, Http, OthersFiles, Paths } from './system/contract.js';
import { createFiles } from './system/files/files.js';
import type { MailConnection, MailServer } from './system/mail-connection.js';
import { resolvePaths } from './system/paths.js';
import type { VaultEvents } from './vault/queued-events.js';
import type { Vault } from './vault/vault.js';

const CONFIG_LIMIT = 1024 * 1024;

export interface ContextOptions {
  readonly profile: string | null;
  /** An `.env` to read instead of the one in the configuration folder. */
  readonly envFile: string | null;
  /** Prints something worth knowing though nothing failed, on stderr. */
  readonly notice: (line: string, hint?: string) => void;
  /** Prints what is shown with `--verbose` only, on stderr. */
  readonly detail?: (line: string) => void;
  /** The vault's master key, when the process that started this one has sent it. */
  readonly handed?: LoadedKey | null;
  /** Whether the user may be asked for a passphrase; default: where there is a terminal. */
  readonly mayAsk?: boolean;
  /** For how many answers space is made at a time; 1 unless it is a refresher. */
  readonly spillSlots?: number;
}

export interface Context extends Foreground {
  readonly host: Host;
  readonly profile: string | null;
  readonly envFile: string | null;
  readonly paths: Paths;
  readonly files: Files;
  readonly clock: Clock;
  readonly locks: Locks;
  /** Aborted by a signal; see {@link Host}. */
  readonly interruption: AbortSignal;
  readonly audit: Audit;
  /** Events that are waiting for the vault's audit trail. */
  readonly events: VaultEvents;
  notice(line: string, hint?: string): void;
  detail(line: string): void;
  /** The key sources of this machine. */
  readonly keys: KeySources;
  /** Opens the vault once and shares it; also makes it, and hands its key to a refresher process. */
  readonly access: VaultAccess;
  /**
   * The vault, opened once; null where there is none yet. No key is loaded before something sealed is read.
   *
   * @throws VaultError `vault_damaged` also where there was a vault and its database is gone; `config_invalid` where its profile
   * or `VAULT_HOME` does not exist
   */
  vault(): Promise<Vault | null>;
  /** Whether something is to be said of this state for the first time, by any command. @param topic a file name */
  firstTime(topic: string, state: string): Promise<boolean>;
  /** The vault, made first where there is none. */
  vaultOrNew(): Promise<Vault>;
  marks(): Promise<RollbackMarks>;
  /** The account that `VAULT_ACCOUNT` names; null when it is not set. */
  readonly wantedAccount: string | null;
  /** Former names and default accounts, read from `config.json` each time. @throws VaultError `config_invalid` */
  accountNames(): Promise<AccountNames>;
  /** A file that the user names; its mode stays as it is. @returns null when there is none */
  readNamed(path: string, limit: number): Promise<Buffer | null>;
  /** The text of a private file of at most 1 MiB; null when there is none. @throws VaultError `vault_permissions` */
  readText(path: string): string | null;
  /** Providers and settings from config.json, .env and environment, read once. @throws VaultError `config_invalid` */
  settings(): Promise<SettingsSources>;
  /**
   * The same, read now, and then what {@link settings} returns: a command may have changed them.
   *
   * @param config instead of the text of config.json, for this call only; null: as if there were no such file
   */
  readSettings(config?: string | null): Promise<SettingsSources>;
  /** @throws VaultError `provider_unknown`, `client_not_configured`, `config_invalid` */
  provider(name: string): Promise<ConfiguredProvider>;
  /** A provider without its client; null when it is not configured (any more). @throws VaultError `config_invalid` */
  providerOrNull(name: string): Promise<Provider | null>;
  http(): Promise<Http>;
  /** @throws TransportFailure; the interruption's reason */
  connectMail(server: MailServer): Promise<MailConnection>;
  /** Sealed answers that the database could not store, with free slots for those of this process. */
  spill(): Promise<Spill>;
  /** Copies of the database: snapshots, and the replacement by a backup. */
  copies(): Promise<Copies>;
  othersFiles(): Promise<OthersFiles>;
  /** The browser and the other users of this machine. */
  loginMachine(): Promise<LoginMachine>;
  /** The refresher process of this command. @param concurrency of the first call counts */
  refresher(options: { readonly concurrency: number }): Promise<Refresher>;
  /** Frees keys, files and helper processes; the next use loads them again. */
  release(): Promise<void>;
  /** Releases everything for good. */
  close(): Promise<void>;
}

/** @throws VaultError `config_invalid` when the settings name no usable folders */
export function createContext(host: Host, options: ContextOptions): Context {
  const { profile, envFile, notice } = options;
  const { env, interruption } = host;
  // Any number of accounts may wait at the same time; Node would report more than ten listeners as a leak.
  setMaxListeners(0, interruption);
  const clock = systemClock;
  const paths = resolvePaths(host, profile);
  const files = createFiles(host, notice);
  const locks = lazily(
    once(async () => (await import('./stores/locks.js')).sqliteLocks(paths.locks, files, clock)),
    ['acquire', 'isFree'],
  );
  const readText = (path: string) => files.read(path, CONFIG_LIMIT)?.toString('utf8') ?? null;
  const queue = eventQueue(join(paths.state, 'audit'), files);
  const caller = () => callerProcessOf(host.platform);
  const audit = auditLog({ path: paths.securityLog, files, clock, actor: host, caller, queue, notice });
  const events = trailEvents(audit, queue);
  const marks = once(async () => (await import('./access/marks.js')).marksWith(paths, files));
  let inForeground = false;
  const foreground = once(async () =>
    (await import('./access/foreground.js')).foregroundOf(host, (running) => {
      inForeground = running;
    }),
  );
  const keys = createKeySources({
    ...{ host, paths, files, clock, audit, queue, readText, notice },
    trail: async () => (await access.store())?.trail ?? null,
    loaded: options.handed ?? null,
    mayAsk: () => (options.mayAsk ?? true) && !inForeground,
  });
  const access = vaultAccess({
    ...{ paths, files, locks, clock, audit, events, notice, marks },
    factory: sqliteFactory(paths, files, clock),
    keySource: keys.current,
    async rememberKeySource(source) {
      await (await import('./access/addon.js')).noteAddon({ host, paths, files, clock });
      return keys.remember(source);
    },
    readBack: keys.readBack,
    forgetKeys: keys.forget,
    async created() {
      const { reserveSocketFolder } = await import('./system/agent/agent-socket-path.js');
      reserveSocketFolder(paths, host, files, notice);
    },
  });

  async function readSettings(config?: string | null): Promise<SettingsSources> {
    const { settingsFrom } = await import('./access/read-settings.js');
    const found = settingsFrom({ host, paths, envFile, readText, limit: CONFIG_LIMIT }, config);
    if (config === undefined) settings = once(async () => found);
    return found;
  }
  let settings = once(() => readSettings());

  const http = once(async () => {
    const { createHttp } = await import('./system/http/http.js');
    return createHttp({
      env,
      uid: host.uid,
      async insecureLoopback(origin) {
        const { allowsInsecureLoopback } = await import('./config/settings.js');
        return allowsInsecureLoopback(origin, await settings());
      },
    });
  });

  const spill = once(async () => {
    const { spillFolder } = await import('./stores/spill.js');
    const folder = join(paths.data, 'spill');
    const { spillSlots: slots = 1 } = options;
    return spillFolder({ folder, files, clock, name: `${host.pid}-${randomId()}`, slots });
  });

  let started: Promise<Refresher> | null = null;
  async function startRefresher(concurrency: number): Promise<Refresher> {
    const { askRefresher } = await import('./access/refresher-client.js');
    const own = { host, profile, envFile, clock, interruption, notice, key: access.handOver };
    return askRefresher(own, { concurrency });
  }

  async function release(): Promise<void> {
    await (await started)?.close();
    await access.close();
    keys.forget();
  }

  return {
    ...{ host, profile, envFile, paths, files, clock, locks, interruption, audit, events, notice },
    ...{ keys, access, marks, readText, readSettings, http, spill, release },
    settings: () => settings(),
    ...lazily(foreground, ['runInForeground', 'serveDescendants']),
    detail: options.detail ?? (() => undefined),
    async vault() {
      const found = await access.open();
      if (found === null) (await import('./access/missing-place.js')).requirePlace(host, paths);
      return found;
    },
    async firstTime(topic, state) {
      return (await import('./access/first-time.js')).firstTime({ files, paths }, topic, state);
    },
    readNamed: async (path, limit) =>
      (await import('./system/files/read-only.js')).readOnlyFiles(host.uid).read(path, limit),
    connectMail: async (server) =>
      (await import('./system/mail-connection.js')).connectMail(server, interruption),
    refresher({ concurrency }) {
      started ??= startRefresher(concurrency);
      return started;
    },
    vaultOrNew: access.openOrCreate,
    wantedAccount: env['VAULT_ACCOUNT'] || null,
    async accountNames() {
      const { readAccountNames } = await import('./config/account-names.js');
      return readAccountNames(readText(paths.configFile), paths.configFile);
    },
    copies: async () =>
      (await import('./stores/sqlite-copies.js')).sqliteCopies(paths.database, files, clock),
    othersFiles: async () => (await import('./system/files/others-files.js')).othersFiles(host.uid, host.pid),
    loginMachine: async () => (await import('./access/login-machine.js')).loginMachine(host),
    async provider(name) {
      const { providerWithClient } = await import('./access/registered-client.js');
      return providerWithClient(name, await settings(), access.open);
    },
    async providerOrNull(name) {
      const { providerNames, resolveProvider } = await import('./config/settings.js');
      const sources = await settings();
      return providerNames(sources).includes(name) ? resolveProvider(name, sources).provider : null;
    },
    async close() {
      await release();
      if (spill.called) (await spill()).close();
      if (http.called) await (await http()).close();
    },
  };
}
