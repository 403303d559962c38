import { type Finding, fine, problemOf, skipped, warning } from '../domain/finding.js';
import { count } from '../domain/wording.js';
import type { RollbackMarks } from '../stores/rollback-marks.js';
import { createGuard } from '../vault/guard.js';
import { MOST_SEALED } from '../vault/ledger.js';
import type { Check } from './contract.js';
import { readableVault } from './readable-vault.js';

const UNNOTICED =
  'an older copy of the whole folder would not be noticed here: there is no home folder for a second mark, and the file system does not tell when a file was made';

/** Whether it is the vault that was written here last, with every row: what a refresh asks before it sends anything. */
export const integrity: Check = {
  name: 'integrity',
  title: 'integrity',
  group: 'vault',
  async run(deps) {
    const store = await readableVault(deps);
    if ('status' in store) return [store];
    const [keyring, marks] = [await deps.keyring(), await deps.marks()];
    const { troubles, epoch, sealings } = await createGuard({
      store,
      keyring,
      marks,
      clock: deps.clock,
      notice: () => undefined,
    }).examine();
    if (troubles.length > 0) return troubles.map((trouble) => problemOf(trouble));
    const changes = epoch === null ? '' : ` (${count(epoch, 'change')} so far)`;
    const whole = fine(`it is the vault that was written here last, with every account${changes}`);
    return [whole, ...worn(sealings ?? 0), ...unnoticed(marks)];
  },
};

/** What is said of data keys that have sealed much. @param sealings how often */
export function worn(sealings: number): readonly Finding[] {
  if (sealings < MOST_SEALED) return [];
  const message = `its data keys have sealed some ${Math.round(sealings / 1e6)} million times; beyond 4,295 million one key must not be used`;
  return [warning(message, 'vault key rotate --data')];
}

/** What is said where neither a second mark nor the file itself tells of a folder that was put back. */
export function unnoticed({ second, birth }: Pick<RollbackMarks, 'second' | 'birth'>): readonly Finding[] {
  return second !== undefined || (birth?.() ?? null) !== null ? [] : [skipped(UNNOTICED)];
}
