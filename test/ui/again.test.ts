import { describe, expect, it } from 'vitest';
import { VaultError } from '../../src/domain/errors.js';
import { asItStands, inProfile } from '../../src/ui/again.js';
import { renderError } from '../../src/ui/error-view.js';
import { plainTheme } from '../../src/ui/theme.js';
import { terminal } from '../doubles/terminal.js';

const again = inProfile('work', ['key', 'list', 'login', 'token']);

describe('what a person who named a profile is told to type', () => {
  it.each([
    ['vault login google', 'vault --profile work login google'],
    [
      'try: vault key add file && vault key use file',
      'try: vault --profile work key add file && vault --profile work key use file',
    ],
    [
      'curl -H "$(vault token google --format header)"',
      'curl -H "$(vault --profile work token google --format header)"',
    ],
  ])('names it again: %s', (text, typed) => {
    expect(again(text)).toBe(typed);
  });

  it.each([
    'vault --profile work list',
    'the vault is ready',
    'restore the vault key from a backup',
    'http://vault/token/google',
    'see vaults',
  ])('stays as it is where nothing is to be typed: %s', (text) => {
    expect(again(text)).toBe(text);
  });

  it('stays as it is after a name that no profile can have', () => {
    expect(inProfile('a b; rm -rf /', ['list'])).toBe(asItStands);
  });

  it('does so in talk, in errors, and in the hints of documents, but never in data', () => {
    const { io, written } = terminal({ again });
    io.warn('hint: vault list');
    io.data('vault list\n');
    io.document({
      account: 'vault list',
      error: { hint: 'vault list' },
      findings: [{ remedy: 'vault list' }],
    });
    expect(written.stderr).toBe('hint: vault --profile work list\n');
    const typed = 'vault --profile work list';
    expect(written.stdout).toBe(
      `vault list\n{"account":"vault list","error":{"hint":"${typed}"},"findings":[{"remedy":"${typed}"}]}\n`,
    );
    const error = new VaultError('account_not_found', 'there is none', { hint: 'vault list' });
    const view = { verbose: false, theme: plainTheme, again };
    expect(renderError(error, { ...view, json: false }).stderr).toContain(`hint: ${typed}\n`);
    expect(renderError(error, { ...view, json: true }).stdout).toContain(`"hint":"${typed}"`);
  });
});
