import { describe, expect, it } from 'vitest';
import { asVaultError } from '../../src/domain/error-forms.js';
import { VaultError } from '../../src/domain/errors.js';
import { renderError } from '../../src/ui/error-view.js';
import { plainTheme } from '../../src/ui/theme.js';

const people = { json: false, verbose: false, theme: plainTheme, width: Infinity };
const programs = { ...people, json: true };

describe('an error', () => {
  it('tells users what happened and what to type, on stderr', () => {
    const error = new VaultError('login_needed', 'the grant of google/a ended', {
      hint: 'vault login google',
    });
    expect(renderError(error, people)).toEqual({
      stderr: 'vault: the grant of google/a ended\nhint: vault login google\n',
    });
  });

  it('breaks between words at the width of the terminal, but no command', () => {
    const error = new VaultError('login_needed', 'the grant of google/a ended long ago', {
      hint: 'log in again: vault login google',
    });
    expect(renderError(error, { ...people, width: 24 }).stderr).toBe(
      'vault: the grant of\ngoogle/a ended long ago\nhint: log in again:\n  vault login google\n',
    );
  });

  it('has no hint line without a hint', () => {
    expect(renderError(new VaultError('busy', 'another process holds it'), people)).toEqual({
      stderr: 'vault: another process holds it\n',
    });
  });

  it('tells programs the same on stdout, and nothing on stderr', () => {
    const error = new VaultError('login_needed', 'the grant ended', { hint: 'vault login google' });
    const view = renderError(error, programs);
    expect(view.stderr).toBeUndefined();
    expect(JSON.parse(view.stdout ?? '')).toEqual({
      error: { code: 'login_needed', message: 'the grant ended', hint: 'vault login google', exit_code: 4 },
    });
  });

  it('tells programs null for no hint, and further details if there are any', () => {
    const error = new VaultError('account_ambiguous', 'there are two', {
      details: { accounts: ['a/b', 'a/c'] },
    });
    expect(JSON.parse(renderError(error, programs).stdout ?? '')).toEqual({
      error: {
        code: 'account_ambiguous',
        message: 'there are two',
        hint: null,
        exit_code: 3,
        details: { accounts: ['a/b', 'a/c'] },
      },
    });
  });

  it('cannot move the cursor or colour the terminal', () => {
    const error = new VaultError('usage', "unknown option '\u001b[2J'", { hint: 'a\u202eb' });
    expect(renderError(error, people).stderr).toBe("vault: unknown option '\\x1b[2J'\nhint: a\\u202eb\n");
    expect(renderError(error, programs).stdout).not.toContain('\u202e');
  });

  it('has one line for what happened, whatever the names contain, and one per step', () => {
    const error = new VaultError('account_not_found', 'nothing begins with q\nhint: run me', {
      hint: 'vault list\nvault providers',
    });
    expect(renderError(error, people).stderr).toBe(
      'vault: nothing begins with q\\x0ahint: run me\nhint: vault list\nhint: vault providers\n',
    );
  });

  it('is coloured if the theme is', () => {
    const theme = { ...plainTheme, red: (text: string) => `<${text}>`, cyan: (text: string) => `[${text}]` };
    const error = new VaultError('usage', 'no', { hint: 'yes' });
    expect(renderError(error, { ...people, theme }).stderr).toBe('<vault:> no\n[hint:] yes\n');
  });
});

describe('a bug', () => {
  const leaky = Object.assign(new TypeError('cannot read refresh-token-example'), { code: 'EACCES' });
  const error = asVaultError(leaky);

  it('is shown with --verbose by its kind and its stack, never by its message', () => {
    const { stderr = '' } = renderError(error, { ...people, verbose: true });
    expect(stderr).toContain('caused by: TypeError EACCES\n');
    expect(stderr).toMatch(/ at .*error-view\.test\.ts:\d+/);
    expect(stderr).not.toContain('refresh-token-example');
  });

  it('is not shown without --verbose', () => {
    expect(renderError(error, people).stderr).not.toContain('TypeError');
  });

  it('goes to stderr beside the document if a program asks for --verbose', () => {
    const view = renderError(error, { ...programs, verbose: true });
    expect(JSON.parse(view.stdout ?? '')).toMatchObject({ error: { code: 'unexpected', exit_code: 1 } });
    expect(view.stderr).toContain('caused by: TypeError');
  });
});
