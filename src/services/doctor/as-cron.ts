import { isAbsolute } from 'node:path';
import type { ReadOnlyAccess } from '../../access/doctor-access.js';
import { providerNames } from '../../config/settings.js';
import type { Context } from '../../context.js';

import { SECOND } from '../../domain/duration.js';
import { type ErrorCode, VaultError } from '../../domain/errors.js';
import { type Finding, fine, problem, warning } from '../../domain/finding.js';
import { command } from '../../domain/hints.js';
import { jsonObject } from '../../domain/json.js';
import { CHECKS, type CheckResult } from '../../health/index.js';
import { unattendedJobs } from '../../health/unattended.js';
import type { AgentClientContext } from '../agent/agent-client.js';
import { carriedEnv, unwrittenSettings } from '../schedule/schedule-env.js';

export type DoctorContext = AgentClientContext & Pick<Context, 'clock' | 'http' | 'profile' | 'envFile'>;

/** Longer than the checks may take. */
const RUN_TIMEOUT = 30 * SECOND;
const CRON = { name: 'cron', title: 'cron', group: 'cron' } as const;

/** What `vault doctor --json` prints. */
interface Report {
  readonly checks?: readonly (Finding & { readonly check: string })[];
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly hint: string | null };
}

/**
 * Runs the same checks in a child process as cron would: with its environment, in `/`. Where a job is installed, the child
 * also gets the variables that `vault schedule` writes for it.
 *
 * @param here the results in the current environment
 * @returns the results of the child, and a finding about the difference
 */
export async function checksUnderCron(
  ctx: DoctorContext,
  access: ReadOnlyAccess,
  offline: boolean,
  here: readonly CheckResult[],
  agentPid: () => Promise<number | null>,
): Promise<readonly CheckResult[]> {
  const { host, profile, paths } = ctx;
  const { installed } = await unattendedJobs({ ...access, host, agentPid });
  const settings = await access.settings().catch(() => null);
  const written = Object.entries(settings?.envFile ?? {}).flatMap(([name, value]) => (value ? [name] : []));
  const bare = bareEnvironment(host.env);
  const job = jobEnvironment(host.env, access, written);
  const options = [
    ...(profile === null ? [] : ['--profile', profile]),
    ...(ctx.envFile === null ? [] : ['--settings', access.envFile]),
  ];
  const report = await run(
    ctx,
    access,
    ['doctor', '--json', ...(offline ? ['--offline'] : []), ...options],
    installed ? { ...bare, ...job } : bare,
  );
  host.interruption.throwIfAborted();

  const lost = installed
    ? []
    : Object.keys(job).filter((name) => name !== 'PATH' && job[name] !== bare[name]);
  const unwritten = unwrittenSettings(host.env, written).filter((name) =>
    isOfProvider(name, settings === null ? [] : providerNames(settings)),
  );
  const findings = [
    differenceOf(report, here, lost),
    ...unwritten.map((name) =>
      warning(`${name} is set in this shell and not under cron`, `write ${name} into ${paths.envFile}`),
    ),
  ];
  const results = CHECKS.flatMap((check): CheckResult[] => {
    const own = (report.checks ?? []).filter((each) => each.check === check.name);
    return own.length === 0 ? [] : [{ check, findings: own }];
  });
  return [...results, { check: CRON, findings }];
}

/** @throws VaultError `usage` where the checks cannot be run as cron would */
export function requireCron({ host }: Pick<DoctorContext, 'host'>): void {
  if (host.self === null) throw new VaultError('usage', 'this check is for the command line');
  if (host.platform !== 'win32') return;
  throw new VaultError('usage', 'there is no cron on Windows', { hint: command('doctor') });
}

/** The environment that cron gives a job (crontab(5)). */
function bareEnvironment({ HOME = '', LOGNAME, USER = LOGNAME }: DoctorContext['host']['env']) {
  return {
    HOME: isAbsolute(HOME) ? HOME : '/',
    ...(USER !== undefined && { LOGNAME: USER, USER }),
    PATH: '/usr/bin:/bin',
    SHELL: '/bin/sh',
  } as Readonly<Record<string, string>>;
}

function jobEnvironment(
  env: DoctorContext['host']['env'],
  access: ReadOnlyAccess,
  written: readonly string[],
) {
  const { VAULT_PROFILE = '' } = env;
  const { env: carried } = carriedEnv(env, access.keySourceInUse().kind, written, access.envFile);
  return { ...carried, ...(VAULT_PROFILE !== '' && { VAULT_PROFILE }) } as Readonly<Record<string, string>>;
}

async function run(
  { host }: DoctorContext,
  access: ReadOnlyAccess,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Report> {
  const [program = '', ...script] = host.self ?? [];
  const end = await access.run(program, [...script, ...args], { env, limit: RUN_TIMEOUT });
  return jsonObject(end?.stdout ?? '') ?? {};
}

/** The worst finding that only the child has. */
function differenceOf(report: Report, here: readonly CheckResult[], lost: readonly string[]): Finding {
  if (report.checks === undefined) {
    const { code = 'unexpected', message = 'no answer', hint = null } = report.error ?? {};
    return problem(code, `the checks failed under cron: ${message}`, hint ?? command('doctor'));
  }
  const keyOf = (check: string, { status, code, account, provider }: Finding) =>
    [check, status, code, account, provider].join(' ');
  const known = new Set(
    here.flatMap(({ check, findings }) => findings.map((each) => keyOf(check.name, each))),
  );
  const other = report.checks.filter((each) => each.status !== 'ok' && !known.has(keyOf(each.check, each)));
  const noVault = other.find(({ check, status }) => check === 'database' && status === 'skipped');
  const ofStatus = (status: Finding['status']) => other.find((each) => each.status === status);
  const worst = noVault ?? ofStatus('problem') ?? ofStatus('warning');
  if (worst === undefined) return fine('the checks find no other problem under cron than here');
  const message = `unlike here, under cron ${worst.message}`;
  if (lost.length === 0) return { ...worst, message };
  return problem(
    worst.code ?? 'config_invalid',
    `${message}; set in this shell and not under cron: ${lost.join(', ')}`,
    command('schedule --install'),
  );
}

/** Whether it is named like `GOOGLE_CLIENT_ID`: other programs use variables with such endings too. */
function isOfProvider(name: string, providers: readonly string[]): boolean {
  if (name === 'OAUTH_REDIRECT_URI') return true;
  return providers.some((provider) => name.startsWith(`${provider.toUpperCase().replaceAll(/[.-]/g, '_')}_`));
}
