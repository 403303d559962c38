import { resolve } from 'node:path';
import type { Audit } from '../audit/events.js';
import { currentKeySource } from '../config/key-source.js';
import { SECOND } from '../domain/duration.js';
import { childEnv } from '../domain/environment.js';
import { VaultError } from '../domain/errors.js';
import { quoted } from '../domain/safe-text.js';
import type { GrantLimit } from '../providers/contract.js';
import type { BackgroundUseCases } from '../services/background/background-contract.js';
import type { NotifyDeps } from '../services/background/notify.js';
import type { ScheduleDeps } from '../services/background/schedule.js';
import type { Clock, Host, Paths } from '../system/contract.js';
import type { Vault } from '../vault/vault.js';

/* How app.ts wires what happens while nobody is there: schedulers, and the user's notify command. */

const NOTIFY_LIMIT = 10 * SECOND;
/** systemd waits for what it starts. */
const SCHEDULER_LIMIT = 30 * SECOND;

export interface BackgroundParts {
  readonly host: Host;
  readonly envFile: string | null;
  readonly paths: Paths;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly vault: () => Promise<Vault | null>;
  readonly grantLimits: (provider: string) => Promise<readonly GrantLimit[]>;
  readonly readText: (path: string) => string | null;
  readonly notice: (line: string) => void;
}

export function backgroundWith(parts: BackgroundParts): BackgroundUseCases {
  const { host, paths, readText, notice } = parts;

  async function notifyCommand(): Promise<readonly string[] | null> {
    const text = readText(paths.configFile);
    if (text?.includes('"notify"') !== true) return null;
    const { readNotify } = await import('../config/config-json.js');
    return readNotify(text, paths.configFile);
  }

  async function notifyCommandThatIsSet(): Promise<readonly string[]> {
    const command = await notifyCommand();
    if (command !== null) return command;
    throw new VaultError('config_invalid', 'no notify command is set, so nothing can be told', {
      hint: `write one into ${quoted(paths.configFile)}, for example: "notify": ["/usr/local/bin/tell-me"]`,
    });
  }

  const run: NotifyDeps['run'] = async ([program = '', ...args], input) => {
    const { runBounded } = await import('../system/processes/child.js');
    return runBounded(program, args, {
      env: childEnv(host.env),
      // A folder that is always there, and in which nobody else can put a program.
      cwd: '/',
      input: Buffer.from(input, 'utf8'),
      limit: NOTIFY_LIMIT,
      capture: false,
      signal: host.interruption,
    });
  };

  const where = { profile: paths.profile, place: paths.data };

  async function notifyWith(command: readonly string[]): Promise<number> {
    const { notifyDue } = await import('../services/background/notify.js');
    const { vault, clock, audit, grantLimits } = parts;
    const { interruption } = host;
    return notifyDue({
      ...where,
      command,
      vault,
      clock,
      audit,
      grantLimits,
      run,
      warn: notice,
      interruption,
    });
  }

  async function notifyDue(): Promise<void> {
    try {
      const command = await notifyCommand();
      if (command !== null) await notifyWith(command);
    } catch (failure) {
      if (!(failure instanceof VaultError)) throw failure;
      notice(`nobody could be told: ${failure.message}`);
    }
  }

  return {
    notifyDue,

    notify: async () => notifyWith(await notifyCommandThatIsSet()),

    async testNotify() {
      const { tryNotify } = await import('../services/background/try-notify.js');
      await tryNotify({ ...where, command: await notifyCommandThatIsSet(), run, clock: parts.clock });
    },

    async schedule(request) {
      const { schedule } = await import('../services/background/schedule.js');
      return schedule(await scheduleDeps(parts, notifyCommand), request);
    },

    async unschedule(request) {
      const { unschedule } = await import('../services/background/schedule.js');
      return unschedule(await scheduleDeps(parts, notifyCommand), request);
    },
  };
}

async function scheduleDeps(
  { host, paths, envFile, readText, audit, notice }: BackgroundParts,
  notifyCommand: () => Promise<readonly string[] | null>,
): Promise<ScheduleDeps> {
  const [
    { SCHEDULERS },
    { machineOf },
    { createFiles },
    { resolvePaths },
    { parseEnvFile },
    { CREDENTIAL_NAME },
  ] = await Promise.all([
    import('../system/schedulers/index.js'),
    import('../system/schedulers/index.js'),
    import('../system/files/files.js'),
    import('../system/paths.js'),
    import('../config/env-file.js'),
    import('../keysources/credential.js'),
  ]);
  if (host.self === null) throw new VaultError('usage', 'schedules belong to the command line');
  const { env, platform, uid } = host;
  const machine = machineOf(
    { env: childEnv(host.env), uid, files: createFiles(host, notice) },
    SCHEDULER_LIMIT,
  );
  const ownEnvFile = envFile === null ? null : resolve(envFile);
  const envFileInUse = ownEnvFile ?? paths.envFile;
  return {
    env,
    platform,
    paths,
    usualPlace: resolvePaths({ env: { HOME: machine.home }, platform }, paths.profile).data,
    self: host.self,
    envFile: ownEnvFile,
    schedulers: {
      systemd: SCHEDULERS.systemd(machine),
      cron: SCHEDULERS.cron(machine),
      launchd: SCHEDULERS.launchd(machine),
    },
    keySource: currentKeySource(env, readText(paths.configFile), paths.configFile).setting,
    credentialName: CREDENTIAL_NAME,
    envFileNames: Object.keys(parseEnvFile(readText(envFileInUse) ?? '', envFileInUse)),
    notifies: (await notifyCommand()) !== null,
    machine: machine.name,
    audit,
  };
}
