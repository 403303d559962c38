import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { marksWith } from '../../src/access/marks.js';
import type { Finding } from '../../src/domain/finding.js';
import type { DoctorContext } from '../../src/services/doctor/as-cron.js';
import { doctor } from '../../src/services/doctor/doctor.js';
import { systemClock } from '../../src/system/clock.js';
import { hostOf, type TestContext, testContext } from '../harness/test-context.js';

/** A vault with its key file and configuration, and a doctor that checks it. */
export interface HealthTest extends TestContext {
  /** The environment of the commands; change it at will. */
  readonly env: Record<string, string>;
  /** The master key as it is in the key file. */
  readonly key: string;
  configure(config: Readonly<Record<string, unknown>>): void;
  /** Writes a private file below the vault's folder. @returns its path */
  put(name: string, content: string): string;
  /** The doctor's findings, by check. */
  examine(
    over?: Partial<DoctorContext> & {
      readonly online?: boolean;
      readonly agentPid?: () => Promise<number | null>;
    },
  ): Promise<Readonly<Record<string, readonly Finding[]>>>;
}

export async function healthTest(): Promise<HealthTest> {
  const base = await testContext('file');
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
  put('config.json', JSON.stringify({ keySource: 'file' }));
  // The vault was made on another machine than the doctor runs on.
  await (await base.another({ marks: () => marksWith(base.paths, base.files) })).acceptAsItIs();
  return {
    ...base,
    env,
    key: readFileSync(base.keyFile, 'utf8').trim(),
    put,
    configure: (config) => void put('config.json', JSON.stringify(config)),
    async examine({ online = false, agentPid = async () => null, ...over } = {}) {
      // The timeout of the checks is real.
      const clock = { ...systemClock, now: base.clock.now };
      const ctx: DoctorContext = { ...base.ctx, host: hostOf(env), clock, ...over };
      const results = await doctor(ctx, { offline: !online, asCron: false }, () => {}, agentPid);
      return Object.fromEntries(results.map(({ check, findings }) => [check.name, findings]));
    },
  };
}

/** Status and message of what was found, for short comparisons. */
export function told(findings: readonly Finding[] | undefined): string[] {
  return (findings ?? []).map(({ status, message }) => `${status}: ${message}`);
}
