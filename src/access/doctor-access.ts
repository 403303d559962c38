import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { recentAbuse } from '../audit/abuse.js';
import { currentKeySource } from '../config/key-source.js';
import type { SettingsSources } from '../config/settings.js';
import { once } from '../domain/async.js';
import { SECOND } from '../domain/duration.js';
import { VaultError } from '../domain/errors.js';
import { NotChecked } from '../domain/finding.js';
import type { KeySourceSetting } from '../keysources/contract.js';
import { eventQueue } from '../stores/audit-queue.js';
import type { VaultHead } from '../stores/contract.js';
import { type Inspection, inspectSqlite } from '../stores/inspection.js';
import { spillFolder } from '../stores/spill.js';
import { agentSocketPaths, assertPrivateSocket } from '../system/agent/agent-socket-path.js';
import type { Clock, Host, Http, Paths } from '../system/contract.js';
import { readOnlyFiles, readOnlyFs } from '../system/files/read-only.js';
import { createTrustedPathCheck } from '../system/files/trusted-path.js';
import { createProber } from '../system/http/http-probe.js';
import { type BoundedOptions, runBounded } from '../system/processes/child.js';
import { jobMarker } from '../system/schedulers/contract.js';
import type { Keyring } from '../vault/keyring.js';
import { addonState } from './addon.js';
import { type KnownKeySource, knownKeySources, sourceMaker } from './key-sources-rest.js';
import { marksWith } from './marks.js';
import { vanishedVault } from './open-failure.js';
import { unlock } from './unlock.js';

/* What `vault doctor` sees: everything is opened for reading only, and nothing asks the user. */

const CONFIG_LIMIT = 1024 * 1024;
const PROGRAM_TIMEOUT = 3 * SECOND;

export interface ReadOnlyParts {
  readonly host: Host;
  readonly paths: Paths;
  readonly clock: Clock;
  /** The `.env` named on the command line. */
  readonly envFile: string | null;
}

export interface TriedKey extends KnownKeySource {
  /** `opens`, or the reason why its key does not. */
  readonly outcome: 'opens' | VaultError;
}

export type ReadOnlyAccess = ReturnType<typeof readOnlyAccess>;

/** Reads once what several checks need. Call `close` at the end. */
export function readOnlyAccess({ host, paths, clock, envFile }: ReadOnlyParts) {
  const files = readOnlyFiles(host.uid);
  const inUse = (): KeySourceSetting => {
    const text = files.read(paths.configFile, CONFIG_LIMIT)?.toString('utf8') ?? null;
    return currentKeySource(host.env, text, paths.configFile).setting;
  };
  const readSettings = once(async (): Promise<SettingsSources> => {
    const [{ loadSettings }, { catalogue }] = await Promise.all([
      import('../config/settings.js'),
      import('../providers/index.js'),
    ]);
    const readText = (path: string) => files.read(path, CONFIG_LIMIT)?.toString('utf8') ?? null;
    return loadSettings({ env: host.env, paths, envFile, catalogue, readText, readPublic: readText });
  });
  const inspect = once(
    async (): Promise<Inspection | null> =>
      readOnlyFs.info(paths.database) === null ? null : inspectSqlite(paths.database, files, clock),
  );
  const keySources = once(async (): Promise<readonly KnownKeySource[]> => {
    const head = await inspect()
      .then((inspection) => inspection?.store.head() ?? null)
      .catch(() => null);
    const { source } = sourceMaker({
      ...{ paths, files, clock, notice: () => undefined, interactive: () => false },
      host: { ...host, stdin: Readable.from([]) },
    });
    return knownKeySources(inUse(), head, source);
  });
  const tried = once(async () => {
    const inspection = await inspect();
    if (inspection === null) return { keys: null, all: [] };
    return tryAll(await keySources(), await inspection.store.head(), paths.database);
  });
  const { PATH = '/usr/bin:/bin', HOME } = host.env;
  const smallEnv = { PATH, HOME, LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0' };
  const keysUnknown = notChecked('the keys of the vault cannot be read');

  return {
    files,
    fs: readOnlyFs,
    /** The `.env` in use. */
    envFile: envFile === null ? paths.envFile : resolve(envFile),
    envFileNamed: envFile !== null,
    keySourceInUse: inUse,
    /** Refuses a folder that others could exchange, as all commands do. @throws VaultError `vault_permissions` */
    assertTrustedPath: createTrustedPathCheck(host.uid),
    /** Refuses the place of the agent's socket where another user could answer. @throws VaultError `vault_permissions` */
    assertPrivateSocket: () => assertPrivateSocket(agentSocketPaths(paths, host)[0] ?? '', host.uid),
    /** @throws NotChecked */
    settings: () => readSettings().catch(notChecked('the configuration cannot be read')),
    /** The database; null when there is no vault. @throws VaultError */
    inspect,
    /** The error that a vault was used here before; null when there is a vault or never was. */
    vanished: async () => vanishedVault(paths, readOnlyFs),
    /** Empty when there is no vault. @throws NotChecked */
    async accounts() {
      const unreadable = notChecked('the vault cannot be read');
      const inspection = await inspect().catch(unreadable);
      return inspection === null ? [] : inspection.store.accounts().catch(unreadable);
    },
    /** Answers and finished logins in the spill slots. */
    spilled: spillFolder({
      folder: join(paths.data, 'spill'),
      files,
      clock,
      name: String(host.pid),
      slots: 1,
    }).all,
    /** The key sources of the vault, the one in use first. @throws VaultError `config_invalid` */
    keySources,
    /** Each source of the vault, tried once. @throws NotChecked */
    triedKeys: async (): Promise<readonly TriedKey[]> => (await tried().catch(keysUnknown)).all,
    /** The keys of the vault, from any source that opens it. @throws NotChecked */
    async keyring(): Promise<Keyring> {
      const { keys } = await tried().catch(keysUnknown);
      if (keys === null) throw new NotChecked('no key opens the vault');
      return keys;
    },
    /** @throws NotChecked when the events cannot be read */
    async recentAbuse() {
      const queue = eventQueue(join(paths.state, 'audit'), files);
      const trail = async () => (await inspect())?.store.trail ?? null;
      return trail()
        .then((table) => recentAbuse(table, queue, clock.now()))
        .catch(notChecked('the audit trail cannot be read'));
    },
    /** @throws NotChecked */
    marks: () => marksWith(paths, files).catch(notChecked('this machine has no identity yet')),
    /** Null where the native addon is not at the place from which it is loaded. */
    addon: () => addonState({ host, paths, files }),
    /** Fetches pages, each once. */
    prober: (http: Http) => createProber(http, clock, host.interruption),
    /** Whether a program could listen there now. */
    portIsFree: async (at: string, port: number) => (await import('../system/tcp.js')).portIsFree(at, port),
    /** What the files of a scheduled job of this vault contain. */
    jobMarker: (purpose: 'refresh' | 'agent') => jobMarker({ purpose, name: '', vault: paths.data }),
    /** Runs a program in `/` without input, by default with a small environment; null: not found or too slow. */
    async run(
      program: string,
      args: readonly string[],
      { env, limit }: Pick<BoundedOptions, 'env' | 'limit'> = { env: smallEnv, limit: PROGRAM_TIMEOUT },
    ) {
      const end = await runBounded(program, args, {
        ...{ env, limit },
        cwd: '/',
        input: Buffer.alloc(0),
        capture: true,
        signal: host.interruption,
      });
      return end.kind === 'ended' ? { exitCode: end.exitCode, stdout: end.stdout.toString('utf8') } : null;
    },
    async close() {
      if (tried.called) (await tried().catch(() => null))?.keys?.wipe();
      if (inspect.called) await (await inspect().catch(() => null))?.close();
    },
  };
}

/** Keeps the keys of the first source that opens the vault. */
async function tryAll(sources: readonly KnownKeySource[], head: VaultHead, database: string) {
  const outcomes = await Promise.all(
    sources.map(async (known) => {
      try {
        const { master, keyring } = await unlock(head, known.source, database);
        master.fill(0);
        return { known, keyring };
      } catch (failure) {
        if (failure instanceof VaultError) return { known, failure };
        throw failure;
      }
    }),
  );
  const [keys = null, ...spare] = outcomes.flatMap(({ keyring }) => keyring ?? []);
  for (const each of spare) each.wipe();
  const all = outcomes.map(({ known, failure }): TriedKey => ({ ...known, outcome: failure ?? 'opens' }));
  return { keys, all };
}

function notChecked(why: string) {
  return (failure: unknown): never => {
    throw failure instanceof VaultError ? new NotChecked(why) : failure;
  };
}
