import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import {
  loginCommand,
  shellName,
  widenCommand,
  widenHint,
} from '../../../src/services/login/login-command.js';

describe('the command that logs in again', () => {
  it.each([
    ['alice@example.com', 'vault login google --login-hint alice@example.com'],
    ['work', 'vault login google --as work'],
    ['alice@example.com-2', 'vault login google --as alice@example.com-2'],
    ["Ada's", "vault login google --as 'Ada'\\''s'"],
    ['$(reboot)', "vault login google --as '$(reboot)'"],
  ])('names the account %j', (label, command) => {
    expect(loginCommand({ provider: 'google', label })).toBe(command);
  });

  it('adds what is missing, each once', () => {
    const account = { provider: 'google', label: 'work' };
    expect(widenCommand(account, ['email', 'https://mail.example/', 'email'])).toBe(
      'vault login google --as work --add-scope email --add-scope https://mail.example/',
    );
  });

  it('is not pretended where a scope is too long to be typed: it is said where the scopes stand', () => {
    const account = { provider: 'google', label: 'work' };
    expect(widenHint(account, ['email'])).toBe(widenCommand(account, ['email']));
    expect(widenHint(account, ['email', 's'.repeat(10_000)])).toBe(
      'log in again with the scopes that are named by: vault show google/work --json',
    );
  });
});

describe('a name in a command', () => {
  it.each(["a'b", '$HOME', '`id`', 'a;b', 'a\\b', '"', '~', '*', 'büro', 'a&b|c>d', '!x', '#x', '(x)'])(
    'reaches the program as it is: %j',
    (label) => {
      const line = `printf %s ${shellName({ provider: 'google', label })}`;
      const { stdout } = spawnSync('/bin/sh', ['-c', line], { encoding: 'utf8' });
      expect(stdout).toBe(`google/${label}`);
    },
  );
});
