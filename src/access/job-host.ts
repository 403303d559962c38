import { resolve } from 'node:path';
import { readNotify } from '../config/config-json.js';
import { parseEnvFile } from '../config/env-file.js';
import { currentKeySource } from '../config/key-source.js';
import type { Audit } from '../domain/audit-events.js';
import { SECOND } from '../domain/duration.js';
import { childEnv } from '../domain/environment.js';
import { VaultError } from '../domain/errors.js';
import type { KeySourceSetting } from '../keysources/contract.js';
import { CREDENTIAL_NAME } from '../keysources/credential.js';
import type { Files, Host, Paths, Relaunch } from '../system/contract.js';
import { resolvePaths } from '../system/paths.js';
import type { Scheduler, SchedulerKind } from '../system/schedulers/contract.js';
import { machineOf, SCHEDULERS } from '../system/schedulers/index.js';

/** systemd waits for what it starts. */
const SCHEDULER_LIMIT = 30 * SECOND;

export interface JobHostParts {
  readonly host: Host;
  readonly envFile: string | null;
  readonly paths: Paths;
  readonly files: Files;
  readonly audit: Audit;
  readText(path: string): string | null;
}

/** What `vault schedule` needs to know about this machine and vault. */
export interface JobHost {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly paths: Paths;
  /** The vault's folder without any setting in the environment. */
  readonly usualPlace: string;
  /** The command that runs this program. */
  readonly self: Relaunch;
  /** An `.env` that was named on the command line; absolute. */
  readonly envFile: string | null;
  readonly schedulers: Readonly<Record<SchedulerKind, Scheduler>>;
  readonly keySource: KeySourceSetting;
  /** The usual name of the credential that holds the key. */
  readonly credentialName: string;
  /** The names that `.env` sets. */
  readonly envFileNames: readonly string[];
  /** Whether the user has a notify command. */
  readonly notifies: boolean;
  /** Identifies this machine and user. */
  readonly machine: string;
  readonly audit: Audit;
}

/** @throws VaultError `usage` in the library, `config_invalid` */
export function jobHost({ host, paths, envFile, files, readText, audit }: JobHostParts): JobHost {
  if (host.self === null) throw new VaultError('usage', 'only the command line can schedule jobs');
  const { env, platform, uid } = host;
  const configText = readText(paths.configFile);
  const machine = machineOf({ env: childEnv(host.env), uid, files }, SCHEDULER_LIMIT);
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
