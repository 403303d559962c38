import { spawnSync } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { command, loginCommand, shellName, widenCommand, widenHint } from '../../src/domain/hints.js';
import { startedAs } from '../../src/domain/invocation.js';

describe('the command that logs in again', () => {
  it.each([
    ['alice@example.com', 'vault login google/alice@example.com'],
    ['work', 'vault login google/work'],
    ['alice@example.com-2', 'vault login google/alice@example.com-2'],
    ["Ada's", "vault login 'google/Ada'\\''s'"],
    ['$(reboot)', "vault login 'google/$(reboot)'"],
  ])('names the account %j', (label, typed) => {
    expect(loginCommand({ provider: 'google', label })).toBe(typed);
  });

  it('adds what is missing, each once', () => {
    const account = { provider: 'google', label: 'work' };
    expect(widenCommand(account, ['email', 'https://mail.example/', 'email'])).toBe(
      'vault login google/work --add-scope email --add-scope https://mail.example/',
    );
  });

  it('names the command that prints the scopes where one is too long to type', () => {
    const account = { provider: 'google', label: 'work' };
    expect(widenHint(account, ['email'])).toBe(widenCommand(account, ['email']));
    expect(widenHint(account, ['email', 's'.repeat(10_000)])).toBe(
      'log in again with the scopes printed by: vault show google/work --json',
    );
  });
});

describe('a name in a command', () => {
  it.each(["a'b", '$HOME', '`id`', 'a;b', 'a\\b', '"', '~', '*', 'büro', 'a&b|c>d', '!x', '#x', '(x)'])(
    'reaches the program unchanged: %j',
    (label) => {
      const line = `printf %s ${shellName({ provider: 'google', label })}`;
      const { stdout } = spawnSync('/bin/sh', ['-c', line], { encoding: 'utf8' });
      expect(stdout).toBe(`google/${label}`);
    },
  );
});

describe('a command in a hint', () => {
  afterEach(() => startedAs({ name: 'vault', profile: null }));

  it('is typed as vault', () => {
    expect(command('list')).toBe('vault list');
  });

  it('begins with the name the program was started by', () => {
    startedAs({ name: 'token-vault' });
    expect(loginCommand({ provider: 'google', label: 'work' })).toBe('token-vault login google/work');
  });

  it('names the profile of the command line', () => {
    startedAs({ profile: 'work' });
    expect(command('list')).toBe('vault --profile work list');
    startedAs({ profile: 'a b; rm -rf /' });
    expect(command('list')).toBe("vault --profile 'a b; rm -rf /' list");
  });

  it('names only the profile that is passed', () => {
    startedAs({ profile: 'work' });
    expect(command('list', 'home')).toBe('vault --profile home list');
    expect(command('list', null)).toBe('vault list');
  });
});
