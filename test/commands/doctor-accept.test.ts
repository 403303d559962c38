import { describe, expect, it } from 'vitest';
import { confirmRollback, doctor } from '../../src/commands/doctor.js';
import { VaultError } from '../../src/domain/errors.js';
import type { Acceptance } from '../../src/services/integrity/integrity.js';
import type { Condition } from '../../src/vault/guard.js';
import { accountExample } from '../doubles/account.js';
import { type TerminalOptions, terminal } from '../doubles/terminal.js';
import { inputOf } from './raw.js';

const ROLLED_BACK = new VaultError('vault_rolled_back', 'the vault was restored from an older copy', {
  hint: 'vault doctor --accept-rollback',
});
const SOUND: Condition = {
  standing: 'current',
  rowSet: null,
  ledger: null,
  epoch: 4,
  sealings: 8,
  troubles: [],
};
const OLDER: Condition = { ...SOUND, standing: 'rolled_back', troubles: [ROLLED_BACK] };
const ALICE = accountExample({ provider: 'demo', label: 'alice@example.com' });
const BOB = accountExample({ provider: 'demo', label: 'bob' });

async function run(condition: Condition | null, options: TerminalOptions = {}, more = '') {
  const { io, written } = terminal(options);
  let accepted = 0;
  const steps = {
    condition: async () => condition,
    async accept(): Promise<Acceptance | null> {
      if (condition === null) return null;
      const anything = condition.troubles.length > 0;
      if (anything) accepted += 1;
      return { ...condition, accepted: anything, doubtful: anything ? [ALICE] : [], unreadable: [] };
    },
  };
  const outcome = confirmRollback(steps, more.includes('--yes'), io);
  const failure = await outcome.then(
    () => null,
    (error: VaultError) => error,
  );
  return { ...written, failure, accepted };
}

describe('vault doctor --accept-rollback', () => {
  it('prints the problem, its meaning, and the accounts to log in again', async () => {
    const { stdout, stderr, accepted } = await run(OLDER, {}, '--yes');
    expect(stdout).toBe('');
    expect(stderr).toMatch(
      /^the vault was restored from an older copy\n {2}Everything stored after this copy.*\nthe vault is accepted as it is.*\nan old refresh.*\n {2}vault login demo\/alice@example.com\n$/s,
    );
    expect(accepted).toBe(1);
  });

  it.each([
    ['y\n', 1, null],
    ['n\n', 0, 'interrupted'],
    ['\n', 0, 'interrupted'],
  ])('asks at a terminal, with --quiet as well; %j', async (typed, times, code) => {
    for (const quiet of [false, true]) {
      const { stderr, accepted, failure } = await run(OLDER, { tty: true, quiet, typed });
      expect(stderr).toContain('Everything stored after this copy was made is missing');
      expect([accepted, failure?.code ?? null]).toEqual([times, code]);
    }
  });

  it('accepts nothing without a terminal', async () => {
    const { failure, accepted } = await run(OLDER);
    expect(failure).toMatchObject({ code: 'usage', hint: 'vault doctor --accept-rollback --yes' });
    expect(accepted).toBe(0);
  });

  it('asks nothing where nothing to accept', async () => {
    const { stderr, failure } = await run(SOUND);
    expect([stderr, failure]).toEqual([expect.stringContaining('nothing to accept'), null]);
    expect((await run(null)).failure).toMatchObject({ code: 'account_not_found', hint: 'vault init' });
  });

  it.each<[Partial<Condition>, RegExp]>([
    [{ standing: 'cloned' }, /share one refresh token/],
    [
      { standing: 'current', rowSet: { kind: 'missing', what: '1 account is missing' } },
      /an altered one cannot be opened/,
    ],
    [{ standing: 'current', ledger: ROLLED_BACK }, /record of which accounts the vault had is lost/],
  ])('explains %j', async (condition, said) => {
    const { stderr } = await run({ ...OLDER, ...condition }, {}, '--yes');
    expect(stderr).toMatch(said);
    expect(stderr).not.toContain('after this copy was made');
  });

  it('prints one document with --json', async () => {
    expect(JSON.parse((await run(OLDER, { json: true }, '--yes')).stdout)).toEqual({
      accepted: true,
      found: [expect.objectContaining({ code: 'vault_rolled_back' })],
      epoch: 4,
      log_in_again: [{ account: 'demo/alice@example.com', command: 'vault login demo/alice@example.com' }],
      unreadable: [],
    });
  });

  it('names the accounts that need a new login', async () => {
    const { io, written } = terminal();
    const steps = {
      condition: async () => OLDER,
      accept: async () => ({ ...OLDER, accepted: true, doubtful: [], unreadable: [BOB] }),
    };
    await confirmRollback(steps, true, io);
    expect(written.stderr).toMatch(/1 account cannot be opened.*\n {2}vault revoke demo\/bob --local\n$/);
  });

  it('shows ten of many accounts and says how many there are; the document has all', async () => {
    const many = Array.from({ length: 12 }, (_, index) => accountExample({ label: `label-${index}` }));
    const steps = {
      condition: async () => OLDER,
      accept: async () => ({ ...OLDER, accepted: true, doubtful: many, unreadable: many }),
    };
    const { io, written } = terminal();
    await confirmRollback(steps, true, io);
    expect(written.stderr.match(/vault login/g)).toHaveLength(10);
    expect(written.stderr.match(/vault revoke/g)).toHaveLength(10);
    expect(written.stderr).toMatch(/for 12 accounts;.*\nand 2 more: vault list\n$/s);
    const inFull = terminal({ json: true });
    await confirmRollback(steps, true, inFull.io);
    const { log_in_again: again, unreadable } = JSON.parse(inFull.written.stdout);
    expect([again, unreadable]).toMatchObject([{ length: 12 }, { length: 12 }]);
  });

  it.each(['--accept-rollback --as-cron', '--accept-rollback --offline', '--yes'])(
    'refuses %s',
    async (line) => {
      await expect(inputOf(doctor, line)).rejects.toMatchObject({ code: 'usage' });
    },
  );
});
