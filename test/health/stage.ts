import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { marksWith } from '../../src/access/marks.js';
import type { Finding } from '../../src/domain/finding.js';
import type { DoctorContext } from '../../src/services/doctor/as-cron.js';
import { doctor } from '../../src/services/doctor/doctor.js';
import { systemClock } from '../../src/system/clock.js';
import type { Host } from '../../src/system/contract.js';
import { openVaultStage, type VaultStage } from '../services/stage.js';

/** The master key of the vault on the stage. */
export const KEY = Buffer.alloc(32, 7).toString('base64url');

/** A vault with its key file and configuration, and a doctor to look at it. */
export interface HealthStage extends VaultStage {
  /** What the commands would see; change it at will. */
  readonly env: Record<string, string>;
  configure(config: Readonly<Record<string, unknown>>): void;
  /** Writes a private file below the vault's folder. @returns its path */
  put(name: string, content: string): string;
  /** What the doctor says, by check. */
  examine(
    over?: Partial<DoctorContext> & {
      readonly online?: boolean;
      readonly agentPid?: () => Promise<number | null>;
    },
  ): Promise<Readonly<Record<string, readonly Finding[]>>>;
}

export async function openHealthStage(): Promise<HealthStage> {
  const base = await openVaultStage();
  chmodSync(base.folder, 0o700);
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: base.folder,
    VAULT_HOME: base.folder,
  };
  const put = (name: string, content: string) => {
    const path = join(base.folder, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  put('master.key', `${KEY}\n`);
  put('config.json', JSON.stringify({ keySource: 'file' }));
  // The vault was made on another machine than the doctor runs on.
  await (await base.another({ marks: () => marksWith(base.paths, base.files) })).acceptAsItIs();
  return {
    ...base,
    env,
    put,
    configure: (config) => void put('config.json', JSON.stringify(config)),
    async examine({ online = false, agentPid = async () => null, ...over } = {}) {
      const ctx: DoctorContext = {
        host: hostOf(env),
        profile: null,
        envFile: null,
        paths: base.paths,
        // The timeout of the checks is real.
        clock: { ...systemClock, now: base.clock.now },
        http: async () => base.http,
        files: base.files,
        locks: base.locks,
        interruption: new AbortController().signal,
        ...over,
      };
      const results = await doctor(ctx, { offline: !online, asCron: false }, () => {}, agentPid);
      return Object.fromEntries(results.map(({ check, findings }) => [check.name, findings]));
    },
  };
}

export function hostOf(env: Readonly<Record<string, string>>): Host {
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
  };
}

/** Status and message of what was found, for short comparisons. */
export function told(findings: readonly Finding[] | undefined): string[] {
  return (findings ?? []).map(({ status, message }) => `${status}: ${message}`);
}
