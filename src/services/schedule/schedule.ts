import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { JobHost } from '../../access/job-host.js';
import { PASSPHRASE_FILE } from '../../config/env-file.js';

import { DAY, HOUR, MINUTE } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { quoted } from '../../domain/safe-text.js';
import type { KeySourceSetting } from '../../keysources/contract.js';
import type { Job, JobName, Plan, SchedulerKind, Times } from '../../system/schedulers/contract.js';
import { carriedEnv } from './schedule-env.js';

export interface ScheduleRequest {
  readonly purpose: 'refresh' | 'agent';
  /** False: only show what would be written. */
  readonly install: boolean;
  /** Null: the one that this machine has. */
  readonly kind: SchedulerKind | null;
  /** Milliseconds from one run to the next; null for what is kept running. */
  readonly every: number | null;
  /** What is run, without the program itself: `refresh --all …`. */
  readonly args: readonly string[];
  /** A file that holds the master key, for the key source `credential`; absolute. */
  readonly credential: string | null;
  /** What the user types for it, without the program itself. */
  readonly typed: TypedCommands;
}

export interface TypedCommands {
  readonly show: string;
  readonly install: string;
  readonly uninstall: string;
}

export interface ScheduleResult {
  readonly kind: SchedulerKind;
  readonly name: string;
  /** Whether it is active now. */
  readonly installed: boolean;
  /** Whether the job was only printed: that was all the user asked for, or the user has to install it. */
  readonly shown: boolean;
  /** Whether anything was written. */
  readonly changed: boolean;
  /** The lines of the crontab; null where there are files. */
  readonly block: string | null;
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** What the user still has to type to activate it. */
  readonly commands: readonly string[];
  /** How to remove it. */
  readonly undo: readonly string[];
  /** What the job will lack, a sentence each. */
  readonly warnings: readonly string[];
  /** Further sentences for the user. */
  readonly notes: readonly string[];
}

export type UnscheduleRequest = Pick<ScheduleRequest, 'purpose' | 'kind'>;

export interface UnscheduleResult {
  readonly name: string;
  /** Where it was. */
  readonly removed: readonly SchedulerKind[];
  /** What the user still has to type. */
  readonly commands: readonly string[];
}

/**
 * Shows how a command of this program would run unattended, or installs it.
 *
 * @throws VaultError `config_invalid` when it could not work unattended, or another job is in the way, `scheduler_failed`
 */
export async function schedule(deps: JobHost, request: ScheduleRequest): Promise<ScheduleResult> {
  const kind = request.kind ?? (await usualKind(deps));
  const source = deps.keySource;
  requireUnattended(deps, source, kind, request);
  const scheduler = deps.schedulers[kind];
  const { job, warnings } = jobFor(deps, request, source);
  const notes = generalNotes(deps, source, kind);
  const plan = scheduler.plan(job);
  const undo = scheduler.undo(job);
  const result = {
    kind,
    name: job.name,
    block: plan.block,
    files: plan.files,
    warnings,
    undo: undo.length > 0 ? undo : [typed(deps, `${request.typed.uninstall} --kind ${kind}`)],
  };
  const byHand = kind === 'launchd' ? [printing(deps, request, plan), ...plan.commands] : plan.commands;
  // Users edit their crontab themselves, so the agent is added to it only with `--kind cron`.
  const unasked = request.purpose === 'agent' && request.kind === null && kind === 'cron';
  if (!request.install || unasked) {
    const commands = kind === 'launchd' ? byHand : [typed(deps, `${request.typed.install} --kind ${kind}`)];
    return { ...result, installed: false, shown: true, changed: false, commands, notes };
  }
  const { active, changed, notes: more } = await scheduler.install(job);
  if (changed) recordChange(deps, request);
  const commands = active ? [] : byHand;
  const shown = kind === 'launchd';
  return { ...result, installed: active, shown, changed, commands, notes: [...notes, ...more] };
}

/** Removes the job wherever it is. @throws VaultError `config_invalid`, `scheduler_failed` */
export async function unschedule(deps: JobHost, request: UnscheduleRequest): Promise<UnscheduleResult> {
  const name = nameOf(deps, request.purpose);
  const removed: SchedulerKind[] = [];
  const kinds = request.kind === null ? (['systemd', 'cron'] as const) : [request.kind];
  for (const kind of kinds) {
    const scheduler = deps.schedulers[kind];
    // Without a crontab program there is no crontab, but unit files may exist although systemd does not run.
    const there = request.kind !== null || kind === 'systemd' || (await scheduler.available());
    if (there && (await scheduler.uninstall(name))) removed.push(kind);
  }
  if (removed.length > 0) recordChange(deps, request);
  const mac = request.kind === 'launchd' || (request.kind === null && deps.platform === 'darwin');
  return { name: name.name, removed, commands: mac ? deps.schedulers.launchd.undo(name) : [] };
}

function recordChange({ audit }: JobHost, { purpose }: UnscheduleRequest): void {
  const what = purpose === 'agent' ? 'agent_service' : 'schedule';
  audit.record({ event: 'configuration_changed', what });
}

/** What this machine has, best first. */
async function usualKind({ platform, schedulers }: JobHost): Promise<SchedulerKind> {
  if (platform === 'darwin') return 'launchd';
  if (platform === 'win32') {
    throw new VaultError('config_invalid', 'vault cannot add jobs to the Windows Task Scheduler', {
      hint: `create a task there that runs: ${command('refresh --all --days 3 --quiet')}`,
    });
  }
  if (await schedulers.systemd.available()) return 'systemd';
  if (await schedulers.cron.available()) return 'cron';
  throw new VaultError(
    'config_invalid',
    'this machine has neither a systemd user session nor a crontab program',
    {
      hint: `install cron; in a container, have the main program start: ${command('agent')}`,
    },
  );
}

/** @throws VaultError `config_invalid` when the key is not available without the user */
function requireUnattended(
  deps: JobHost,
  source: KeySourceSetting,
  kind: SchedulerKind,
  { credential, typed: { show } }: ScheduleRequest,
): void {
  if (source.kind === 'passphrase' && source.file === null && (deps.env[PASSPHRASE_FILE] ?? '') === '') {
    throw new VaultError('config_invalid', 'an unattended job cannot ask for the passphrase of the vault', {
      hint: `${command('key add file')} && ${command('key use file')}`,
    });
  }
  if (source.kind !== 'credential' || (kind === 'systemd' && credential !== null)) return;
  const example = credential ?? join(deps.paths.config, source.name ?? deps.credentialName);
  const what =
    kind === 'systemd' ? 'the job needs the file that holds it' : `${kind} cannot give it to a job`;
  throw new VaultError('config_invalid', `the key is a systemd credential: ${what}`, {
    hint: typed(deps, `${show} --kind systemd --credential-file ${quoted(example)}`),
  });
}

function jobFor(deps: JobHost, request: ScheduleRequest, source: KeySourceSetting) {
  const { paths, self, envFile } = deps;
  const { env, notes: warnings } = carriedEnv(
    deps.env,
    source.kind,
    deps.envFileNames,
    envFile ?? paths.envFile,
  );
  const profile = paths.profile === null ? [] : ['--profile', paths.profile];
  const settings = envFile === null ? [] : ['--settings', envFile];
  const name = nameOf(deps, request.purpose);
  const job: Job = {
    ...name,
    summary: SUMMARIES[request.purpose],
    command: [...self, ...profile, ...settings, ...request.args],
    env,
    times: request.every === null ? null : timesOf(request.every, seedOf(`${deps.machine} ${paths.data}`)),
    credential:
      source.kind === 'credential' && request.credential !== null
        ? { name: source.name ?? deps.credentialName, path: request.credential }
        : null,
    // Mail programs and password managers may need set-group-ID helpers.
    confined: !deps.notifies && source.kind !== 'command',
    log: join(paths.state, `${name.name}.log`),
  };
  return { job, warnings };
}

const SUMMARIES = {
  refresh: 'Refresh OAuth tokens that expire soon (token-vault)',
  agent: 'Keep OAuth tokens fresh (token-vault)',
};

function generalNotes({ self }: JobHost, source: KeySourceSetting, kind: SchedulerKind): readonly string[] {
  const notes: string[] = [];
  if (source.kind === 'keychain')
    notes.push(
      `the key is in the keychain, which is locked while you are logged out; to see what happens then: ${command('doctor --as-cron')}`,
    );
  if (/[/\\]_npx[/\\]/.test(self.join(' ')))
    notes.push('npx may delete this copy of vault: install vault, then schedule the installed one');
  if (kind === 'launchd') notes.push('launchd starts it while you are logged in');
  return notes;
}

function nameOf({ paths, usualPlace }: JobHost, purpose: JobName['purpose']): JobName {
  const profile = paths.profile === null ? '' : `-${paths.profile}`;
  const elsewhere = paths.data === usualPlace ? '' : `-${digest(paths.data).slice(0, 8)}`;
  return { purpose, name: `token-vault-${purpose}${profile}${elsewhere}`, vault: paths.data };
}

/** A launchd job is only printed; this command writes it into its file. */
function printing(deps: JobHost, { typed: { show } }: ScheduleRequest, plan: Plan): string {
  return `${typed(deps, `${show} --kind launchd --quiet`)} > ${quoted(plan.files[0]?.path ?? '')}`;
}

function typed({ paths }: JobHost, rest: string): string {
  return command(rest, paths.profile);
}

/** The same each time, so that writing a job once more changes nothing. */
function seedOf(text: string): number {
  return Number.parseInt(digest(text).slice(0, 8), 16);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Intervals that divide an hour or a day: every scheduler supports them, and the times are the same every day. */
const PARTS = [
  ...[1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 4, 6, 8, 12].map((hours) => hours * HOUR),
  DAY,
];

export function isPartOfDay(every: number): boolean {
  return PARTS.includes(every);
}

/**
 * @param every milliseconds, of which {@link isPartOfDay} holds
 * @param seed any integer that is always the same for this vault and differs between vaults: if all of them ran at the full
 * hour, a provider would get all requests at once
 */
export function timesOf(every: number, seed: number): Times {
  if (every === MINUTE) return { hours: 'every', minutes: 'every' };
  if (every < HOUR) return { hours: 'every', minutes: series(seed, every / MINUTE, 60) };
  // Never :00, when most other jobs run.
  const minutes = [1 + (seed % 59)];
  if (every === HOUR) return { hours: 'every', minutes };
  return { hours: series(Math.floor(seed / 59), every / HOUR, 24), minutes };
}

function series(seed: number, step: number, end: number): readonly number[] {
  return Array.from({ length: end / step }, (_, index) => (seed % step) + index * step);
}
