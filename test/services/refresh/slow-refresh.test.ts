import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeTurn } from '../../../src/services/refresh/request-refresh.js';
import { sqliteLocks } from '../../../src/stores/locks.js';
import { accountExample } from '../../doubles/account.js';
import { clockDouble } from '../../doubles/clock.js';
import { NOW } from '../../doubles/terminal.js';
import { type VaultFolder, vaultFolder } from '../../harness/vault-folder.js';

let folder: VaultFolder;
beforeEach(() => {
  folder = vaultFolder();
});
afterEach(() => folder.remove());

const ADA = accountExample({ id: 'id-ada' });

function turn(patience: number) {
  const clock = clockDouble(NOW);
  const notices: string[] = [];
  const deps = {
    locks: sqliteLocks(folder.paths.locks, folder.files, clock),
    interruption: new AbortController().signal,
    notice: (line: string) => void notices.push(line),
  };
  return { taken: takeTurn(deps, ADA, patience), notices, clock };
}

describe('the turn of a refreshing command', () => {
  it('begins immediately, without a notice, if no other process refreshes the account', async () => {
    const { taken, notices, clock } = turn(130_000);
    await (await taken).release();
    expect([notices, clock.slept]).toEqual([[], []]);
  });

  it('is waited for as long as a request may take, with a notice after a while', async () => {
    const other = await folder.locks.acquire(`${ADA.id}-turn`, 0);
    const { taken, notices, clock } = turn(130_000);
    await expect(taken).rejects.toMatchObject({ code: 'busy' });
    expect(clock.now() - NOW).toBeGreaterThanOrEqual(130_000);
    expect(notices).toEqual([
      'the refresh of google/alice@example.com takes longer than 10s; waiting up to 2m more; it continues when you interrupt this command',
    ]);
    await other.release();
  });

  it('is not waited for as long if a token is at hand', async () => {
    const other = await folder.locks.acquire(`${ADA.id}-turn`, 0);
    const { taken, notices } = turn(5_000);
    await expect(taken).rejects.toMatchObject({ code: 'busy' });
    expect(notices).toEqual([]);
    await other.release();
  });
});
