import { describe, expect, it } from 'vitest';
import { backup, printBackup } from '../../src/commands/backup.js';
import { confirmAndRestore, restore } from '../../src/commands/restore.js';
import { VaultError } from '../../src/domain/errors.js';
import type { Restored, RestorePlan } from '../../src/services/backup/backup.js';
import { type TerminalOptions, terminal } from '../doubles/terminal.js';
import { inputOf } from './raw.js';

const unopened = new VaultError('key_missing', 'the OS keychain holds no key for this vault');
const made = { file: '/home/alice/b', bytes: 4096, accounts: 3, refs: [], unopened: null };
const restored: Restored = {
  database: '/home/alice/vault.db',
  accounts: 3,
  refs: [{ id: 'a', provider: 'work', label: 'ada' }],
  kept: '/home/alice/vault.db.replaced-20260228T120000Z',
  standing: 'rolled_back',
  unopened: null,
};
const plan: RestorePlan = {
  file: '/home/alice/b',
  accounts: 3,
  refs: [],
  unopened: null,
  replaces: { database: '/home/alice/vault.db', accounts: 2 },
};

describe('vault backup', () => {
  it('needs the name of the file, and replaces one only with --force', async () => {
    expect(await inputOf(backup, 'b')).toEqual({ file: 'b', force: false });
    expect(await inputOf(backup, 'b --force')).toEqual({ file: 'b', force: true });
  });

  it('prints what the backup contains, and that the key is missing in it', async () => {
    const { io, written } = terminal();
    printBackup(made, io);
    expect(written.stdout).toBe('');
    expect(written.stderr).toContain('/home/alice/b holds 3 accounts, and each of them could be opened');
    expect(written.stderr).toContain(
      'the backup contains neither. To make a recovery file: vault key export vault.recovery',
    );
  });

  it('does not say of an empty vault that its accounts could be opened', () => {
    const { io, written } = terminal();
    printBackup({ ...made, accounts: 0 }, io);
    expect(written.stderr).toMatch(/^\/home\/alice\/b holds 0 accounts\n/);
  });

  it('prints a document with --json, also when nothing could be opened', async () => {
    const { io, written } = terminal({ json: true });
    printBackup({ ...made, unopened }, io);
    expect(JSON.parse(written.stdout)).toEqual({
      file: '/home/alice/b',
      bytes: 4096,
      accounts: 3,
      opened: false,
      unopened: 'key_missing',
    });
  });
});

async function restoring(
  line: string,
  given: Partial<RestorePlan & Restored>,
  options: TerminalOptions = {},
) {
  const { io, written } = terminal(options);
  let runs = 0;
  const steps = {
    plan: async () => ({ ...plan, ...given }),
    async restore() {
      runs += 1;
      return { ...restored, ...given };
    },
  };
  const input = await inputOf(restore, line);
  const failure = await confirmAndRestore(steps, input, io).catch((thrown: unknown) => thrown);
  return { written, failure, runs: () => runs };
}

describe('vault restore', () => {
  it('asks before it replaces a vault, and changes nothing after a no', async () => {
    const no = await restoring('b', {}, { tty: true, typed: 'n\n' });
    expect(no.failure).toMatchObject({ code: 'interrupted' });
    expect(no.runs()).toBe(0);
    expect(no.written.stderr).toContain('Replace it with the backup of 3 accounts');
    const yes = await restoring('b', {}, { tty: true, typed: 'y\n' });
    expect(yes.runs()).toBe(1);
  });

  it('needs --yes without a terminal, unless there is no vault to replace', async () => {
    const asked = await restoring('b', {});
    expect(asked.failure).toMatchObject({ code: 'usage', hint: expect.stringContaining("'b' --yes") });
    expect((await restoring('b', { replaces: null, kept: null })).runs()).toBe(1);
  });

  it('prints where the old vault is, why nothing is refreshed, and the next step', async () => {
    const { written } = await restoring('b --yes', {});
    expect(written.stderr).toContain(
      'the old vault is kept as /home/alice/vault.db.replaced-20260228T120000Z',
    );
    expect(written.stderr).toContain('in use on another machine');
    expect(written.stderr).toContain('vault doctor --accept-rollback');
    expect(written.stderr).not.toContain('vault key import');
    expect(written.stderr).toContain('\n  vault login work/ada\n  vault doctor --accept-rollback\n');
    const current = await restoring('b --yes', { standing: 'current' });
    expect(current.written.stderr).not.toContain('accept-rollback');
  });

  it('names the recovery file when the key is missing, also before the question', async () => {
    const wide = { tty: true, columns: 200, env: { NO_COLOR: '1' }, typed: 'y\n' };
    const { written } = await restoring('b', { unopened, standing: null }, wide);
    expect(written.stderr).toContain('the backup cannot be opened on this machine');
    expect(written.stderr).toMatch(
      /hint: first .*: vault key import FILE\nhint: then, .*: vault doctor --accept-rollback\n/,
    );
  });

  it('begins with the undo where the key of this machine does not open the backup', async () => {
    const { written } = await restoring('b --yes', { unopened, standing: null }, { columns: 200 });
    expect(written.stderr).toMatch(
      /^the restored vault cannot be opened on this machine yet: .*\nhint: to undo the restore: vault restore '?\/home\/alice\/vault\.db\.replaced-20260228T120000Z'? --yes\n/,
    );
  });

  it('is a document with --json', async () => {
    const { written } = await restoring('b --yes', {}, { json: true });
    expect(JSON.parse(written.stdout)).toEqual({
      database: '/home/alice/vault.db',
      accounts: 3,
      kept: restored.kept,
      standing: 'rolled_back',
      opened: true,
    });
  });
});
