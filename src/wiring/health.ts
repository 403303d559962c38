import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { currentKeySource } from '../config/key-source.js';
import { once } from '../domain/async.js';
import { SECOND } from '../domain/duration.js';
import { VaultError } from '../domain/errors.js';
import { NotLookedAt } from '../domain/finding.js';
import type { HealthDeps, KnownKeySource, TriedKey } from '../health/contract.js';
import type { KeySource, KeySourceSetting } from '../keysources/contract.js';
import type { AgentStatus } from '../services/agent/agent-contract.js';
import type {
  DoctorProgress,
  DoctorReport,
  DoctorRequest,
  HealthUseCases,
} from '../services/doctor/health-contract.js';
import type { Clock, Files, Host, Http, Paths } from '../system/contract.js';
import type { Keyring } from '../vault/keyring.js';
import { rehearse } from './as-cron.js';
import { abuseOf } from './audit.js';

/* How app.ts wires `vault doctor`. Everything is looked at by parts that cannot change anything. */

const CONFIG_LIMIT = 1024 * 1024;
const PROGRAM_DEADLINE = 3 * SECOND;

export interface HealthParts {
  readonly host: Host;
  readonly profile: string | null;
  readonly envFile: string | null;
  readonly paths: Paths;
  readonly clock: Clock;
  readonly http: () => Promise<Http>;
  /** Null when no agent runs. */
  readonly agent: () => Promise<AgentStatus | null>;
}

/** `vault doctor`. */
export function doctorWith(parts: HealthParts): HealthUseCases['doctor'] {
  return async (request, progress) => {
    if (!request.asCron) return inPlace(parts, request, progress);
    const { readOnlyFs, readOnlyFiles } = await import('../system/files/read-only.js');
    const files = readOnlyFiles(parts.host.uid);
    return rehearse(
      {
        ...parts,
        settings: () => readSettings(parts, files),
        keySourceKind: () => settingInForce(parts, files).kind,
        jobIsSetUp: async () =>
          (await backgroundOf(parts, { look: readOnlyFs, run: await runner(parts) })).jobIsSetUp,
      },
      request,
    );
  };
}

function settingInForce({ host, paths }: HealthParts, files: Files): KeySourceSetting {
  const text = files.read(paths.configFile, CONFIG_LIMIT)?.toString('utf8') ?? null;
  return currentKeySource(host.env, text, paths.configFile).setting;
}

async function inPlace(
  parts: HealthParts,
  request: DoctorRequest,
  progress: DoctorProgress,
): Promise<DoctorReport> {
  const [{ CHECKS }, { runChecks }] = await Promise.all([
    import('../health/index.js'),
    import('../health/run.js'),
  ]);
  const { deps, close } = await healthDeps(parts, request.offline);
  try {
    const told = (result: DoctorReport['results'][number]) => progress(result, CHECKS.length);
    return { results: await runChecks(CHECKS, deps, parts.host.interruption, told) };
  } finally {
    await close();
  }
}

async function healthDeps(parts: HealthParts, offline: boolean) {
  const { host, paths, clock } = parts;
  const [
    { readOnlyFs, readOnlyFiles },
    { createTrustedPathCheck },
    { agentSocketPlaces, refuseUnsafeSocket },
    { inspectSqlite },
    { unlock },
    { spillFolder },
    { accountCommands },
    { createProber },
  ] = await Promise.all([
    import('../system/files/read-only.js'),
    import('../system/files/trusted-path.js'),
    import('../system/agent/agent-socket.js'),
    import('../stores/inspection.js'),
    import('../access/unlock.js'),
    import('../stores/spill.js'),
    import('../services/doctor/account-commands.js'),
    import('../system/http/http-probe.js'),
  ]);
  const files = readOnlyFiles(host.uid);
  const envFile = parts.envFile === null ? paths.envFile : resolve(parts.envFile);
  const settings = once(() => readSettings(parts, files));
  const inspect = once(async () =>
    readOnlyFs.at(paths.database) === null ? null : inspectSqlite(paths.database, files, clock),
  );
  const keySources = once(async () => {
    const [{ knownKeySources }, { sourceMaker }] = await Promise.all([
      import('../services/keys/status.js'),
      import('../access/key-sources.js'),
    ]);
    const head = await inspect()
      .then((inspection) => inspection?.store.head() ?? null)
      .catch(() => null);
    // Nothing is asked, even at a terminal.
    const headless = { ...host, stdin: Readable.from([]) };
    const interactive = () => false;
    const notice = () => undefined;
    const { source } = sourceMaker({ host: headless, paths, files, clock, notice, interactive });
    return knownKeySources(settingInForce(parts, files), head, source);
  });
  const folder = join(paths.data, 'spill');
  const spill = spillFolder({ folder, files, clock, name: String(host.pid), slots: 0 });

  const tried = once(async () => {
    const inspection = await inspect();
    if (inspection === null) return { keys: null, all: [] };
    const head = await inspection.store.head();
    return tryAll(await keySources(), async (source) => {
      const { master, keyring } = await unlock(head, source, paths.database);
      master.fill(0);
      return keyring;
    });
  });

  const run = await runner(parts);
  const deps: HealthDeps = {
    env: host.env,
    platform: host.platform,
    versions: host.versions,
    uid: host.uid,
    person: host.stdin.isTTY === true && host.stderr.isTTY === true,
    paths,
    envFile,
    envFileNamed: parts.envFile !== null,
    clock,
    look: readOnlyFs,
    files,
    assertTrustedPath: createTrustedPathCheck(host.uid),
    refuseUnsafeSocket: () => refuseUnsafeSocket(agentSocketPlaces(paths, host)[0] ?? '', host.uid),
    visit: offline ? null : createProber(await parts.http(), clock, host.interruption),
    commands: accountCommands,
    settings: () => settings().catch(notLookedAt('the configuration cannot be read')),
    inspect,
    vanished: async () => (await import('../access/vault-access.js')).vanishedVault(paths, readOnlyFs),
    accounts: async () => {
      const none = notLookedAt('the vault cannot be read');
      const inspection = await inspect().catch(none);
      return inspection === null ? [] : inspection.store.accounts().catch(none);
    },
    likelyEnd: async (account) => {
      const [inspection, sources] = [await inspect(), await settings().catch(() => null)];
      const { likelyGrantEnd } = await import('../services/likely-grant-end.js');
      return inspection === null ? null : likelyGrantEnd(account, inspection.store, sources);
    },
    waiting: spill.all,
    keySources,
    triedKeys: async () => (await tried().catch(notLookedAt('which keys the vault has cannot be read'))).all,
    keyring: async () => {
      const { keys } = await tried().catch(notLookedAt('which keys the vault has cannot be read'));
      if (keys === null) throw new NotLookedAt('there is no key for it');
      return keys;
    },
    marks: async () => {
      const { marksWith } = await import('../access/marks.js');
      return marksWith(paths, files).catch(notLookedAt('nothing tells this machine from others yet'));
    },
    background: once(() => backgroundOf(parts, { look: readOnlyFs, run })),
    abuse: () => abuseOf(parts, files, inspect).catch(notLookedAt('the trail of events cannot be read')),
    portIsFree: async (at, port) => (await import('../system/tcp.js')).portIsFree(at, port),
    addon: async () => (await import('../access/addon.js')).addonState({ host, paths, files }),
    run,
  };
  return {
    deps,
    async close() {
      if (tried.called) (await tried().catch(() => null))?.keys?.wipe();
      if (inspect.called) await (await inspect().catch(() => null))?.close();
    },
  };
}

/** Keeps the keys of the first source that opens the vault; of the others it is only known that they would. */
async function tryAll(
  sources: readonly KnownKeySource[],
  unlock: (source: KeySource) => Promise<Keyring>,
): Promise<{ readonly keys: Keyring | null; readonly all: readonly TriedKey[] }> {
  const outcomes = await Promise.all(
    sources.map(async (known) => {
      try {
        return { known, keys: await unlock(known.source) };
      } catch (failure) {
        if (failure instanceof VaultError) return { known, failure };
        throw failure;
      }
    }),
  );
  const [keys = null, ...spare] = outcomes.flatMap((outcome) => outcome.keys ?? []);
  for (const each of spare) each.wipe();
  return { keys, all: outcomes.map(({ known, failure }) => ({ ...known, outcome: failure ?? 'opens' })) };
}

function notLookedAt(why: string) {
  return (failure: unknown): never => {
    throw failure instanceof VaultError ? new NotLookedAt(why) : failure;
  };
}

async function readSettings({ host, paths, envFile }: HealthParts, files: Files) {
  const [{ loadSettings }, { catalogue }] = await Promise.all([
    import('../config/load.js'),
    import('../providers/index.js'),
  ]);
  const readText = (path: string) => files.read(path, CONFIG_LIMIT)?.toString('utf8') ?? null;
  return loadSettings({ env: host.env, paths, envFile, catalogue, readText });
}

async function backgroundOf({ host, paths, agent }: HealthParts, deps: Pick<HealthDeps, 'look' | 'run'>) {
  const [{ backgroundState }, { jobMarker }] = await Promise.all([
    import('../services/background/background-state.js'),
    import('../system/schedulers/contract.js'),
  ]);
  const mark = (purpose: 'refresh' | 'agent') => jobMarker({ purpose, name: '', vault: paths.data });
  const { HOME: home = '/', XDG_CONFIG_HOME: config = join(home, '.config') } = host.env;
  return backgroundState({
    ...deps,
    agent,
    marks: { refresh: mark('refresh'), agent: mark('agent') },
    folders: [join(config, 'systemd', 'user'), join(home, 'Library', 'LaunchAgents')],
  });
}

async function runner({ host }: HealthParts): Promise<HealthDeps['run']> {
  const { runBounded } = await import('../system/processes/child.js');
  const { PATH = '/usr/bin:/bin', HOME } = host.env;
  const env = { PATH, HOME, LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0' };
  return async (program, args) => {
    const options = { env, cwd: '/', input: Buffer.alloc(0), limit: PROGRAM_DEADLINE, capture: true };
    const end = await runBounded(program, args, { ...options, signal: host.interruption });
    return end.kind === 'ended' ? { exitCode: end.exitCode, stdout: end.stdout.toString('utf8') } : null;
  };
}
