import { type Finding, problem, warning } from '../../domain/finding.js';
import type { CheckResult } from '../../health/run.js';
import type { LostVariable } from './bare-environment.js';
import { type Forecast, forecast } from './cron-forecast.js';
import { type CommandEnd, type KnownCheck, type Rehearsal, readRehearsal } from './cron-rehearsal.js';

export interface AsCronDeps {
  /** All checks there are. */
  readonly checks: readonly KnownCheck[];
  /** Runs a command of this program as cron would, with these variables more. */
  readonly run: (args: readonly string[], more: Readonly<Record<string, string>>) => Promise<CommandEnd>;
  /** What a job that `vault schedule` sets up would be given of this shell. */
  readonly carried: Readonly<Record<string, string>>;
  readonly lost: readonly LostVariable[];
  /** What else is different there, in words. */
  readonly notes: readonly string[];
  /** A job that refreshes this vault is set up already, with what it needs. */
  readonly jobIsSetUp: boolean;
  /** The command that sets one up. */
  readonly install: string;
  /** The command that puts a variable of this shell into `.env`. */
  readonly intoEnvFile: (name: string) => string;
}

export interface AsCronRequest {
  /** What a job would be given as well: `--profile work`. */
  readonly options: readonly string[];
  readonly offline: boolean;
}

const CRON = { name: 'cron', title: 'cron', group: 'cron' } as const;

/**
 * Runs the checks as cron would run them, then says in words what will happen there. What it says of the accounts comes
 * from a dry run of the very command that cron is given, and from the checks, which open everything sealed. Where that
 * fails it is tried once more with what a scheduled job would be given; when that makes a difference, those are the
 * checks that are shown.
 */
export async function doctorAsCron(
  deps: AsCronDeps,
  request: AsCronRequest,
): Promise<readonly CheckResult[]> {
  const bare = await rehearse(deps, request, {});
  const outcome = forecast(bare);
  const names = deps.lost.flatMap(({ name, goesTo }) => (goesTo === 'crontab' ? [name] : []));
  const helped = outcome.well || names.length === 0 ? null : await rehearse(deps, request, deps.carried);
  // Variables that change nothing there are not what keeps it from working.
  const told = helped === null ? null : forecast(helped);
  const other = told !== null && told.finding.message !== outcome.finding.message ? told : null;
  const intoEnvFile = deps.lost.filter(({ goesTo }) => goesTo === 'env_file');
  const findings = [
    ...(other === null ? [outcome.finding] : onlyWith(names, outcome, other, deps)),
    ...(deps.jobIsSetUp || other !== null ? [] : names.map((name) => onTheLine(name, deps))),
    ...intoEnvFile.map(({ name }) => inEnvFile(name, deps)),
    ...(deps.jobIsSetUp ? [] : deps.notes.map((note) => warning(note, deps.install))),
  ];
  const shown = helped !== null && other !== null ? helped : bare;
  return [...shown.results, { check: CRON, findings }];
}

/** In the bare environment it fails, and with what the shell has and cron has not it comes to something else. */
function onlyWith(
  names: readonly string[],
  bare: Forecast,
  other: Forecast,
  { jobIsSetUp, install }: AsCronDeps,
): Finding[] {
  const listed = names.join(', ');
  if (jobIsSetUp) {
    return [
      {
        ...other.finding,
        message: `with ${listed}, as the job that is set up has it, ${other.finding.message}`,
      },
    ];
  }
  const missing = `${listed} ${names.length === 1 ? 'is' : 'are'} set in this shell and not under cron`;
  const { message, code } = bare.finding;
  return [
    problem(code ?? 'config_invalid', `${message}; ${missing}`, install),
    { ...other.finding, message: `with ${listed} on the crontab line ${other.finding.message}` },
  ];
}

function onTheLine(name: string, { install }: AsCronDeps): Finding {
  return warning(`${name} is set in this shell and not under cron; it belongs on the crontab line`, install);
}

function inEnvFile(name: string, { intoEnvFile }: AsCronDeps): Finding {
  return warning(`${name} is set in this shell and not under cron; it belongs into .env`, intoEnvFile(name));
}

async function rehearse(
  { run, checks }: AsCronDeps,
  { options, offline }: AsCronRequest,
  more: Readonly<Record<string, string>>,
): Promise<Rehearsal> {
  const [doctor, refresh] = await Promise.all([
    run(['doctor', '--json', ...(offline ? ['--offline'] : []), ...options], more),
    run(['refresh', '--all', '--days', '3', '--dry-run', '--json', ...options], more),
  ]);
  return readRehearsal(doctor, refresh, checks);
}
