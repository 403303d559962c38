import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { asVaultError } from '../../src/domain/error-forms.js';
import { EXIT_CODES, INSTALL_CURRENT, isInterruption, VaultError } from '../../src/domain/errors.js';

it('the update command is the one in the README', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const [where, command] = INSTALL_CURRENT.split(': ');
  expect(readme).toContain(`To update, ${where}: \`${command}\``);
});

describe('the error codes', () => {
  it('are all documented, each with its exit code', () => {
    const rows = readFileSync(new URL('../../docs/codes.md', import.meta.url), 'utf8').split('\n');
    const missing = Object.entries(EXIT_CODES).filter(([code, exit]) => {
      const [, exits = ''] =
        rows.find((row) => row.startsWith('|') && row.includes(`\`${code}\``))?.split('|') ?? [];
      return !exits.trim().split(', ').includes(String(exit));
    });
    expect(missing).toEqual([]);
  });

  it('are an API: none is removed, none changes its exit code', () => {
    expect(EXIT_CODES).toMatchObject({
      unexpected: 1,
      usage: 2,
      config_invalid: 2,
      client_not_configured: 2,
      provider_unknown: 2,
      account_name_taken: 2,
      binding_changed: 2,
      vault_exists: 2,
      port_unavailable: 2,
      scheduler_failed: 2,
      account_not_found: 3,
      account_ambiguous: 3,
      agent_not_running: 3,
      login_needed: 4,
      login_refused: 4,
      login_timed_out: 4,
      provider_unavailable: 5,
      network_failed: 5,
      provider_answer_invalid: 5,
      key_unavailable: 6,
      key_locked: 6,
      key_missing: 6,
      key_wrong: 6,
      key_timed_out: 6,
      keychain_not_installed: 6,
      session_bus_missing: 6,
      key_denied: 6,
      scope_missing: 7,
      some_failed: 8,
      vault_damaged: 9,
      vault_newer: 9,
      vault_not_writable: 9,
      vault_permissions: 9,
      vault_rolled_back: 9,
      vault_cloned: 9,
      busy: 10,
      client_refused: 11,
      policy_refused: 11,
      interrupted: 130,
      terminated: 143,
    });
  });

  it('end with no other exit codes than the documented ones', () => {
    expect(new Set(Object.values(EXIT_CODES))).toEqual(
      new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 126, 127, 130, 143]),
    );
  });
});

describe('a vault error', () => {
  it('carries its code, exit code, hint and details', () => {
    const error = new VaultError('account_ambiguous', 'there are several', {
      hint: 'vault list',
      details: { accounts: ['google/a', 'google/b'] },
    });
    expect(error).toMatchObject({
      name: 'VaultError',
      code: 'account_ambiguous',
      exitCode: 3,
      message: 'there are several',
      hint: 'vault list',
      details: { accounts: ['google/a', 'google/b'] },
    });
  });

  it('has no hint, no details and no cause when none are given', () => {
    const error = new VaultError('usage', 'that makes no sense');
    expect(error.hint).toBeUndefined();
    expect(error.details).toEqual({});
    expect(Object.hasOwn(error, 'cause')).toBe(false);
  });

  it('is returned unchanged by asVaultError', () => {
    const error = new VaultError('busy', 'another process holds it');
    expect(asVaultError(error)).toBe(error);
  });

  it('wraps any other failure as its cause, without repeating its message', () => {
    const failure = new Error('token=access-token-example');
    const named = asVaultError(failure);
    expect(named).toMatchObject({ code: 'unexpected', exitCode: 1, cause: failure });
    expect(`${named.message} ${named.hint}`).not.toContain('access-token-example');
    expect(asVaultError('a text')).toMatchObject({ code: 'unexpected', cause: 'a text' });
  });

  it('reports a current folder that was deleted', () => {
    const failure = Object.assign(new Error('ENOENT: no such file or directory, uv_cwd'), {
      syscall: 'uv_cwd',
    });
    expect(asVaultError(failure)).toMatchObject({ code: 'usage', hint: expect.stringMatching(/: cd$/) });
  });

  it.each([
    ['interrupted', true],
    ['terminated', true],
    ['busy', false],
    ['unexpected', false],
  ] as const)('with the code %s is an interruption: %s', (code, expected) => {
    expect(isInterruption(new VaultError(code, code))).toBe(expected);
  });

  it('is not assumed for other failures', () => {
    expect(isInterruption(new Error('interrupted'))).toBe(false);
    expect(isInterruption({ code: 'interrupted' })).toBe(false);
  });
});
