import { type Account, accountName } from '../domain/account.js';
import { errorDocument } from '../domain/error-forms.js';
import { EXIT_CODES, VaultError } from '../domain/errors.js';
import type { Finding, FindingStatus } from '../domain/finding.js';
import { command, loginCommand, shellName } from '../domain/hints.js';
import { harmless } from '../domain/safe-text.js';
import { count } from '../domain/wording.js';
import type { CheckGroup } from '../health/contract.js';
import type { CheckResult } from '../health/index.js';
import { type DoctorRequest, doctor as examine } from '../services/doctor/doctor.js';
import {
  type Acceptance,
  acceptRollback,
  type Condition,
  conditionOf,
} from '../services/integrity/integrity.js';
import type { Io, Theme } from '../ui/io.js';
import { wrapHanging } from '../ui/layout.js';
import { progressOn } from '../ui/progress.js';
import type { Command } from './spec.js';
import { given } from './spec.js';

const MARKS: Record<FindingStatus, { readonly mark: string; readonly style: keyof Theme }> = {
  ok: { mark: '✓', style: 'green' },
  warning: { mark: '!', style: 'yellow' },
  problem: { mark: '✗', style: 'red' },
  skipped: { mark: '-', style: 'dim' },
};

const GROUP_WORDS: Record<CheckGroup, string> = {
  vault: 'Vault',
  providers: 'Providers',
  accounts: 'Accounts',
  surroundings: 'Surroundings',
  cron: 'Under cron',
};
const GROUPS = Object.keys(GROUP_WORDS) as CheckGroup[];

type DoctorInput =
  | { readonly kind: 'examine'; readonly request: DoctorRequest }
  | { readonly kind: 'accept'; readonly yes: boolean };

export const doctor: Command<DoctorInput> = {
  arguments: [],
  options: [
    { flags: '--as-cron', description: 'run the checks as cron would run them' },
    { flags: '--offline', description: 'send nothing: skip endpoints and clock' },
    { flags: '--accept-rollback', description: 'accept a vault that was restored, copied or altered' },
    { flags: '--yes', description: 'with --accept-rollback: do not ask' },
  ],
  examples: {
    doctor: 'every check, with a hint for each problem',
    'doctor --as-cron': 'what is different in the environment of cron',
    'doctor --quiet': 'problems and warnings only, for monitoring',
    'doctor --accept-rollback': 'after a restore or a move; asks first',
  },

  parse(raw) {
    const request = { offline: given(raw, '--offline'), asCron: given(raw, '--as-cron') };
    const yes = given(raw, '--yes');
    if (!given(raw, '--accept-rollback')) {
      if (yes) throw new VaultError('usage', '--yes can be used only with --accept-rollback');
      return { kind: 'examine', request };
    }
    if (!request.offline && !request.asCron) return { kind: 'accept', yes };
    throw new VaultError('usage', '--accept-rollback can be combined only with --yes', {
      hint: command('doctor --accept-rollback'),
    });
  },

  async run(ctx, input, io) {
    if (input.kind === 'accept') {
      const steps = { condition: () => conditionOf(ctx), accept: () => acceptRollback(ctx) };
      return confirmRollback(steps, input.yes, io);
    }
    const { request } = input;
    const { onDone, stop } = progressOf(io);
    showFindings(await examine(ctx, request, onDone).finally(stop), request, io);
  },
};

/** Prints the report and sets the exit code. */
export function showFindings(results: readonly CheckResult[], request: DoctorRequest, io: Io): void {
  const findings = results.flatMap((result) => result.findings);
  if (io.json) io.document(document(results, request));
  else print(results, io);
  io.exitCode = exitCodeOf(findings);
  if (!io.json) io.say(summaryText(findings), io.exitCode === 0 ? 'green' : 'yellow');
}

/** On a terminal only. */
export function progressOf(io: Io) {
  const { step, stop } = progressOn(io);
  const onDone: Parameters<typeof examine>[2] = ({ check }, total) => {
    if (io.interactive) step(check.title, total);
  };
  return { onDone, stop };
}

function print(results: readonly CheckResult[], io: Io): void {
  const shown = results.flatMap(({ check, findings }) => {
    const printed = io.quiet
      ? findings.filter(({ status }) => status === 'problem' || status === 'warning')
      : findings;
    return printed.length === 0 ? [] : [{ check, findings: printed }];
  });
  const width = Math.max(0, ...shown.map(({ check }) => check.title.length));
  const blocks = GROUPS.flatMap((group) => {
    const members = shown.filter(({ check }) => check.group === group);
    if (members.length === 0) return [];
    const lines = members.flatMap(({ check, findings }) =>
      findings.flatMap((finding, index) =>
        lineOf(finding, (index === 0 ? check.title : '').padEnd(width), io),
      ),
    );
    return [[io.theme.bold(GROUP_WORDS[group]), ...lines].join('\n')];
  });
  if (blocks.length > 0) io.data(`${blocks.join('\n\n')}\n`);
}

function lineOf(finding: Finding, title: string, { theme, tableWidth }: Io): string[] {
  const { mark, style } = MARKS[finding.status];
  const indent = '  ✓ '.length + title.length + 2;
  const behind = (text: string) => wrapHanging(harmless(text), indent, tableWidth).map(theme.link);
  const [first = '', ...more] = behind(finding.message);
  const hints = (finding.remedy?.split('\n') ?? []).flatMap((hint) => {
    const [line = '', ...rest] = behind(`hint: ${hint}`);
    return [' '.repeat(indent) + line.replace('hint:', theme.cyan), ...rest];
  });
  return [`  ${theme[style](mark)} ${theme.dim(title)}  ${first}`, ...more, ...hints];
}

/** The exit code of the problems, `some_failed` when they differ. Warnings are no failure. */
function exitCodeOf(findings: readonly Finding[]): number {
  const codes = new Set(findings.flatMap(({ code }) => (code === null ? [] : [EXIT_CODES[code]])));
  const [only = 0] = codes;
  return codes.size > 1 ? EXIT_CODES.some_failed : only;
}

function summaryOf(findings: readonly Finding[]) {
  const number = (status: FindingStatus) => findings.filter((finding) => finding.status === status).length;
  return {
    ok: number('ok'),
    warnings: number('warning'),
    problems: number('problem'),
    skipped: number('skipped'),
  };
}

function summaryText(findings: readonly Finding[]): string {
  const { warnings, problems } = summaryOf(findings);
  if (problems > 0) return `${count(problems, 'problem')}, ${count(warnings, 'warning')}`;
  return warnings > 0 ? `${count(warnings, 'warning')}, no problems` : 'no problems';
}

function document(results: readonly CheckResult[], { asCron }: DoctorRequest) {
  return {
    checks: results.flatMap(({ check, findings }) =>
      findings.map(({ status, message, remedy, code, account, provider }) => ({
        check: check.name,
        status,
        message,
        remedy,
        code,
        account,
        provider,
      })),
    ),
    summary: summaryOf(results.flatMap(({ findings }) => findings)),
    as_cron: asCron,
  };
}

/* `vault doctor --accept-rollback`: the user accepts a vault that is not the one written here last. */

/** More are counted only; the document has all. */
const MOST_SHOWN = 10;

const NOTHING = 'nothing to accept: this is the vault that was last written here, with every account';

/**
 * Prints what is wrong and what accepting it means, asks, and accepts.
 *
 * @param yes do not ask
 * @throws VaultError `account_not_found` where there is no vault, `usage` without a terminal to ask at, `interrupted` after a
 * no, and as the use case
 */
export async function confirmRollback(
  steps: { condition(): Promise<Condition | null>; accept(): Promise<Acceptance | null> },
  yes: boolean,
  io: Io,
): Promise<void> {
  const condition = await steps.condition();
  if (condition === null) {
    throw new VaultError('account_not_found', 'there is no vault yet, so there is nothing to accept', {
      hint: command('init'),
    });
  }
  if (condition.troubles.length > 0) {
    // The question makes sense only after these lines, so --quiet shows them too.
    const say = yes ? io.say : io.warn;
    for (const { message } of condition.troubles) say(message, 'yellow');
    for (const line of meaning(condition)) say(`  ${line}`);
    if (!yes) await confirm(io);
  }
  const acceptance = await steps.accept();
  if (acceptance === null) throw new VaultError('account_not_found', 'the vault has just disappeared');
  if (io.json) io.document(acceptanceDocument(acceptance));
  else if (acceptance.accepted) sayAccepted(acceptance, io);
  else io.say(NOTHING, 'green');
}

async function confirm(io: Io): Promise<void> {
  if (!io.interactive) {
    throw new VaultError('usage', 'not interactive, and accepting a vault cannot be undone: pass --yes', {
      hint: command('doctor --accept-rollback --yes'),
    });
  }
  if (await io.confirm('Accept the vault as it is, and refresh its accounts from now on?')) return;
  throw new VaultError('interrupted', 'not confirmed, so nothing was accepted');
}

/** What accepting means. */
function meaning({ standing, rowSet, ledger }: Condition): readonly string[] {
  const lines: string[] = [];
  if (standing === 'rolled_back' && ledger === null) {
    lines.push(
      'Everything stored after this copy was made is missing. Many providers replace the refresh token with each use. A replaced one no longer works, and using it can make the provider end the whole grant. If the newer vault still exists, restore that one instead.',
    );
  }
  if (standing === 'cloned') {
    lines.push(
      'Accept if the vault was moved here and is used nowhere else. If it is still used in the other place, both share one refresh token for each account. If the provider replaces it with each use, each vault ends the grant of the other. In that case, log in to every account here after accepting.',
    );
  }
  if (rowSet !== null) {
    lines.push(
      'The accounts that exist now will count as complete. A missing account stays missing, and an altered one cannot be opened; a login replaces either. A backup may restore more.',
    );
  }
  if (ledger !== null) {
    lines.push(
      'The record of which accounts the vault had is lost. The accounts that exist now will count as complete.',
    );
  }
  return lines;
}

function sayAccepted({ doubtful, unreadable }: Acceptance, io: Io): void {
  io.say('the vault is accepted as it is; its accounts are refreshed again', 'green');
  if (unreadable.length > 0) {
    io.say(
      `${count(unreadable.length, 'account')} cannot be opened; remove each one here, then log in again:`,
      'yellow',
    );
    sayFirst(unreadable, (account) => command(`revoke ${shellName(account)} --local`), io);
  }
  if (doubtful.length === 0) return;
  io.say(
    `an old refresh token may be in the vault for ${count(doubtful.length, 'account')}; to be safe, log in again:`,
  );
  sayFirst(doubtful, loginCommand, io);
}

function sayFirst(accounts: readonly Account[], commandFor: (account: Account) => string, io: Io): void {
  for (const account of accounts.slice(0, MOST_SHOWN)) io.say(`  ${commandFor(account)}`);
  const more = accounts.length - MOST_SHOWN;
  if (more > 0) io.say(`and ${more} more: ${command('list')}`);
}

function acceptanceDocument({ accepted, troubles, epoch, doubtful, unreadable }: Acceptance) {
  return {
    accepted,
    found: troubles.map((failure) => errorDocument(failure)),
    epoch,
    log_in_again: doubtful.map((account) => ({
      account: accountName(account),
      command: loginCommand(account),
    })),
    unreadable: unreadable.map(accountName),
  };
}
