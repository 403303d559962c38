import { describe, expect, it } from 'vitest';
import { type Finding, fine, problem, skipped } from '../../../src/domain/finding.js';
import { forecast } from '../../../src/services/doctor/cron-forecast.js';
import { type CommandEnd, readRehearsal } from '../../../src/services/doctor/cron-rehearsal.js';

const CHECKS = ['key_source', 'database', 'clients', 'grants'].map((name) => ({
  name,
  title: name,
  group: 'vault' as const,
}));

const ended = (document: unknown): CommandEnd => ({ exitCode: 0, stdout: JSON.stringify(document) });

function foretold(findings: readonly (readonly [check: string, finding: Finding])[], refresh: CommandEnd) {
  const doctor = ended({ checks: findings.map(([check, finding]) => ({ check, ...finding })) });
  const { well, finding } = forecast(readRehearsal(doctor, refresh, CHECKS));
  return { well, ...finding };
}

const OPENS = [
  ['key_source', fine('the key opens the vault')],
  ['database', fine('it is sound')],
] as const;
const accounts = (...outcomes: string[]) =>
  ended({ results: outcomes.map((outcome, index) => ({ account: `google/${index}`, outcome, reason: '' })) });

describe('what will happen under cron', () => {
  it('is told by the number of accounts that can be refreshed', () => {
    expect(foretold(OPENS, accounts('would_refresh', 'skipped', 'would_refresh'))).toMatchObject({
      well: true,
      status: 'ok',
      message: 'cron will be able to refresh 3 accounts; 2 due within 3 days',
    });
  });

  it('counts out accounts that need a login, and those whose client is not configured there', () => {
    expect(foretold(OPENS, accounts('skipped', 'login_needed'))).toMatchObject({
      status: 'warning',
      message: 'cron will be able to refresh 1 of 2 accounts',
      remedy: 'vault list --status login_needed',
    });
    const client = problem('client_not_configured', 'no id', 'set it', { provider: 'google' });
    expect(foretold([...OPENS, ['clients', client]], accounts('skipped', 'skipped'))).toMatchObject({
      status: 'problem',
      code: 'client_not_configured',
      message: 'cron will be able to refresh none of 2 accounts',
      remedy: 'set it',
    });
  });

  it('is nothing where the key cannot be had, and the way out is told', () => {
    const locked = problem('key_locked', 'the keychain is locked', 'vault key add file');
    expect(foretold([OPENS[1], ['key_source', locked]], accounts('skipped'))).toMatchObject({
      well: false,
      code: 'key_locked',
      message: 'cron cannot open the vault: the keychain is locked',
      remedy: 'vault key add file',
    });
  });

  it('is nothing where there is no vault', () => {
    const none = skipped('there is no vault yet', 'vault init --key-source file');
    expect(foretold([['database', none]], accounts())).toMatchObject({
      well: false,
      message: 'cron finds no vault',
      remedy: 'vault init --key-source file',
    });
  });

  it('is told when a command fails there, or says nothing at all', () => {
    const failed = ended({
      error: { code: 'vault_newer', message: 'it is newer', hint: 'npm', exit_code: 9 },
    });
    expect(foretold(OPENS, failed)).toMatchObject({ code: 'vault_newer', remedy: 'npm' });
    for (const silent of [
      null,
      { exitCode: 1, stdout: '' },
      { exitCode: 1, stdout: '<html>' },
      ended([1]),
      ended(null),
    ]) {
      expect(foretold(OPENS, silent)).toMatchObject({ well: false, status: 'problem', code: 'unexpected' });
      expect(forecast(readRehearsal(silent, accounts('skipped'), CHECKS)).well).toBe(false);
    }
  });
});
