import { userInfo } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { SettingsSources } from '../config/settings.js';
import { SECOND } from '../domain/duration.js';
import { relaunchCommand } from '../domain/entry-points.js';
import { VaultError } from '../domain/errors.js';
import { quoted } from '../domain/safe-text.js';
import type { KeySourceKind } from '../keysources/contract.js';
import type { CommandEnd } from '../services/doctor/cron-rehearsal.js';
import type { DoctorReport, DoctorRequest } from '../services/doctor/health-contract.js';
import type { Host, Paths } from '../system/contract.js';

/* How app.ts wires `vault doctor --as-cron`: this program starts itself with what cron would give it. */

/** Longer than the checks themselves may take. */
const REHEARSAL_DEADLINE = 30 * SECOND;
/** Where cron looks for programs, crontab(5). */
const PROGRAM_FOLDERS = ['/usr/bin', '/bin'];

export interface AsCronParts {
  readonly host: Host;
  readonly profile: string | null;
  readonly envFile: string | null;
  readonly paths: Paths;
  readonly settings: () => Promise<SettingsSources>;
  /** Whether a job that refreshes this vault is set up. */
  readonly jobIsSetUp: () => Promise<boolean>;
  /** Of the source in use. @throws VaultError `config_invalid` */
  readonly keySourceKind: () => KeySourceKind;
}

/** @throws VaultError `usage` where there is no cron */
export async function rehearse(parts: AsCronParts, request: DoctorRequest): Promise<DoctorReport> {
  const { host, paths } = parts;
  if (host.self === null) throw new VaultError('usage', 'this check belongs to the command line');
  if (host.platform === 'win32') {
    throw new VaultError('usage', 'there is no cron on Windows', { hint: 'vault doctor' });
  }
  const [
    { doctorAsCron },
    bareness,
    { carriedEnv },
    { runBounded },
    { CHECKS },
    { readOnlyFs },
    { providerNames },
  ] = await Promise.all([
    import('../services/doctor/doctor-as-cron.js'),
    import('../services/doctor/bare-environment.js'),
    import('../services/background/schedule-env.js'),
    import('../system/processes/child.js'),
    import('../health/index.js'),
    import('../system/files/read-only.js'),
    import('../config/settings.js'),
  ]);
  const [interpreter, script] = host.self;
  const person = personOf();
  const bare = bareness.bareEnvironment(homeOf(host, person), person?.name ?? null);
  const sources = await parts.settings().catch(() => null);
  const written = Object.entries(sources?.envFile ?? {}).flatMap(([name, value]) =>
    value === '' ? [] : [name],
  );
  const scheduled = carriedEnv(host.env, parts.keySourceKind(), written, paths.envFile).env;
  const { VAULT_PROFILE = '' } = host.env;
  const carried = { ...scheduled, ...(VAULT_PROFILE === '' ? {} : { VAULT_PROFILE }) };

  async function run(args: readonly string[], more: Readonly<Record<string, string>>): Promise<CommandEnd> {
    const [program, ...words] = relaunchCommand([interpreter, resolve(script)], args);
    const end = await runBounded(program, words, {
      env: { ...bare, ...more },
      cwd: '/',
      input: Buffer.alloc(0),
      limit: REHEARSAL_DEADLINE,
      capture: true,
      signal: host.interruption,
    });
    return end.kind === 'ended' ? { exitCode: end.exitCode, stdout: end.stdout.toString('utf8') } : null;
  }

  /** Typed in the shell that has the variable, so that its value stands nowhere. */
  function intoEnvFile(name: string): string {
    const folder = `mkdir -p ${quoted(dirname(paths.envFile))}`;
    return `(umask 077; ${folder}; printf '%s\n' "${name}='$${name}'" >> ${quoted(paths.envFile)})`;
  }

  const options = [
    ...(parts.profile === null ? [] : ['--profile', parts.profile]),
    ...(parts.envFile === null ? [] : ['--env-file', resolve(parts.envFile)]),
  ];
  const results = await doctorAsCron(
    {
      checks: CHECKS,
      carried,
      lost: bareness.lostVariables(
        host.env,
        carried,
        bare,
        sources === null ? [] : providerNames(sources),
        written,
      ),
      notes: notesOn(host, person, (path) => readOnlyFs.may('execute', path)),
      jobIsSetUp: await parts.jobIsSetUp(),
      install:
        paths.profile === null
          ? 'vault schedule --install'
          : `vault --profile ${paths.profile} schedule --install`,
      intoEnvFile,
      run,
    },
    { options, offline: request.offline },
  );
  host.interruption.throwIfAborted();
  return { results };
}

interface Person {
  readonly name: string;
  readonly home: string;
}

/** As cron finds them, in the system's list of users; null where they are not in it, as in some containers. */
function personOf(): Person | null {
  try {
    const { username, homedir } = userInfo();
    return { name: username, home: homedir };
  } catch {
    return null;
  }
}

/** The person's own word on where home is, since containers and tests have another than the system's list. */
function homeOf({ env }: Host, person: Person | null): string {
  const given = env['HOME'] ?? '';
  return isAbsolute(given) ? given : (person?.home ?? '/');
}

function notesOn(host: Host, person: Person | null, isProgram: (path: string) => boolean): readonly string[] {
  const home = homeOf(host, person);
  const folders = PROGRAM_FOLDERS.join(' and ');
  return [
    ...(person === null || person.home === home
      ? []
      : [`HOME is ${home} in this shell, and cron would set it to ${person.home}`]),
    ...(PROGRAM_FOLDERS.some((folder) => isProgram(join(folder, 'node')))
      ? []
      : [`cron finds programs in ${folders} alone, and Node is not there: a line needs the whole paths`]),
  ];
}
