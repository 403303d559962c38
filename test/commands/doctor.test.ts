import { describe, expect, it } from 'vitest';
import { doctor, progressOf, showFindings } from '../../src/commands/doctor.js';
import type { ErrorCode } from '../../src/domain/errors.js';
import { type Finding, fine, problem, skipped, warning } from '../../src/domain/finding.js';
import { withoutStyles } from '../../src/domain/safe-text.js';
import type { CheckResult } from '../../src/health/index.js';
import { type TerminalOptions, terminal } from '../doubles/terminal.js';
import { inputOf } from './raw.js';

const result = (name: string, group: CheckResult['check']['group'], ...findings: Finding[]): CheckResult => ({
  check: { name, title: name.replace('_', ' '), group },
  findings,
});
const broken = (code: ErrorCode) => problem(code, `it is ${code}`, `help ${code}`);

const RESULTS = [
  result('key_source', 'vault', fine('the key opens the vault')),
  result('git', 'surroundings', skipped('git is not here')),
  result(
    'grants',
    'accounts',
    fine('1 account is well'),
    warning('google/work ends soon', 'vault login google/work', {
      account: 'google/work',
      provider: 'google',
    }),
  ),
];

async function run(results: readonly CheckResult[], options: TerminalOptions = {}, line = '') {
  const { io, written } = terminal(options);
  const input = await inputOf(doctor, line);
  if (input.kind !== 'examine') throw new Error('not an examination');
  showFindings(results, input.request, io);
  return { ...written, exitCode: io.exitCode };
}

describe('vault doctor', () => {
  it('prints a line for each finding, in groups, with a hint to copy', async () => {
    const { stdout, stderr, exitCode } = await run(RESULTS);
    expect(stdout).toBe(`Vault
  ✓ key source  the key opens the vault

Accounts
  ✓ grants      1 account is well
  !             google/work ends soon
                hint: vault login google/work

Surroundings
  - git         git is not here
`);
    expect(stderr).toBe('1 warning, no problems\n');
    expect(exitCode).toBe(0);
  });

  it('breaks lines between words at the width of the terminal, and no command', async () => {
    const command = 'vault config set providers.work.tokenEndpoint https://id.example.com/token';
    const finding = problem(
      'binding_changed',
      'the token endpoint configured for work is not the one of its login',
      `to set it back: ${command}\nvault login work`,
    );
    const { stdout } = await run([result('clients', 'providers', finding)], { tty: true, columns: 50 });
    expect(withoutStyles(stdout)).toBe(`Providers
  ✗ clients  the token endpoint configured for
             work is not the one of its login
             hint: to set it back:
    ${command}
             hint: vault login work
`);
  });

  it('prints only problems with --quiet', async () => {
    const { stdout, stderr } = await run(RESULTS, { quiet: true });
    expect(stdout).toContain('google/work ends soon');
    expect(stdout).not.toContain('✓');
    expect(stderr).toBe('');
    expect((await run([result('git', 'surroundings', fine('it is'))], { quiet: true })).stdout).toBe('');
  });

  it('prints one document with --json', async () => {
    const { stdout } = await run(RESULTS, { json: true }, '--as-cron');
    const { checks, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({ summary: { ok: 2, warnings: 1, problems: 0, skipped: 1 }, as_cron: true });
    expect(checks[3]).toEqual({
      check: 'grants',
      status: 'warning',
      message: 'google/work ends soon',
      remedy: 'vault login google/work',
      code: null,
      account: 'google/work',
      provider: 'google',
    });
  });

  it.each<[string, readonly ErrorCode[], number]>([
    ['of the only kind of problem', ['key_wrong'], 6],
    ['of one kind, though of two codes', ['vault_permissions', 'vault_damaged'], 9],
    ['for several kinds', ['vault_permissions', 'login_needed'], 8],
  ])('exits with the code %s', async (_, codes, expected) => {
    const { exitCode, stderr } = await run([...RESULTS, result('x', 'vault', ...codes.map(broken))]);
    expect(exitCode).toBe(expected);
    expect(stderr).toBe(`${codes.length} problem${codes.length === 1 ? '' : 's'}, 1 warning\n`);
  });

  it('escapes harmful characters in its output', async () => {
    const { stdout } = await run([result('x', 'vault', warning('a\u001b[2Jb', 'c\u0007\nd'))]);
    expect(stdout).toContain('a\\x1b[2Jb');
    expect(stdout).toMatch(/hint: c\\x07\n +hint: d\n/);
  });

  it('shows its progress on a terminal', () => {
    const { io, written } = terminal({ tty: true });
    const { onDone, stop } = progressOf(io);
    for (const each of RESULTS) onDone(each, RESULTS.length);
    stop();
    expect(written.stderr).toContain('3/3');
  });
});
