import { EXIT_CODES, VaultError } from '../domain/errors.js';
import type { Finding, FindingStatus } from '../domain/finding.js';
import { command } from '../domain/hints.js';
import { harmless } from '../domain/safe-text.js';
import { count } from '../domain/wording.js';
import type { CheckGroup } from '../health/contract.js';
import type { CheckResult } from '../health/index.js';
import { type DoctorRequest, doctor as examine } from '../services/doctor/doctor.js';
import type { Io, Theme } from '../ui/io.js';
import { progressOn } from '../ui/progress.js';
import { confirmRollback } from './doctor-accept.js';
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
      const { acceptRollback, conditionOf } = await import('../services/integrity/integrity.js');
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

/** Lines are not wrapped, so that a hint can be copied. */
function lineOf(finding: Finding, title: string, { theme }: Io): string[] {
  const { mark, style } = MARKS[finding.status];
  const line = `  ${theme[style](mark)} ${theme.dim(title)}  ${harmless(finding.message)}`;
  const hints = finding.remedy?.split('\n') ?? [];
  const margin = ' '.repeat(title.length);
  return [line, ...hints.map((hint) => `    ${margin}  ${theme.cyan('hint:')} ${harmless(hint)}`)];
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
