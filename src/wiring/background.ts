import { resolve } from 'node:path';
import type { Audit } from '../audit/events.js';
import { readNotify } from '../config/config-json.js';
import { currentKeySource } from '../config/key-source.js';
import { SECOND } from '../domain/duration.js';
import { childEnv } from '../domain/environment.js';
import { VaultError } from '../domain/errors.js';
import type { BackgroundUseCases } from '../services/background/background-contract.js';
import type { ScheduleDeps } from '../services/background/schedule.js';
import type { Host, Paths } from '../system/contract.js';

/* The parts of `vault schedule`. */

/** systemd waits for what it starts. */
const SCHEDULER_LIMIT = 30 * SECOND;

export interface BackgroundParts {
  readonly host: Host;
  readonly envFile: string | null;
  readonly paths: Paths;
  readonly audit: Audit;
  readonly readText: (path: string) => string | null;
  readonly notice: (line: string) => void;
}

export function backgroundWith(parts: BackgroundParts): BackgroundUseCases {
  return {
    async schedule(request) {
      const { schedule } = await import('../services/background/schedule.js');
      return schedule(await scheduleDeps(parts), request);
    },

    async unschedule(request) {
      const { unschedule } = await import('../services/background/schedule.js');
      return unschedule(await scheduleDeps(parts), request);
    },
  };
}

async function scheduleDeps({
  host,
  paths,
  envFile,
  readText,
  audit,
  notice,
}: BackgroundParts): Promise<ScheduleDeps> {
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
  const configText = readText(paths.configFile);
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
    keySource: currentKeySource(env, configText, paths.configFile).setting,
    credentialName: CREDENTIAL_NAME,
    envFileNames: Object.keys(parseEnvFile(readText(envFileInUse) ?? '', envFileInUse)),
    notifies: readNotify(configText, paths.configFile) !== null,
    machine: machine.name,
    audit,
  };
}
