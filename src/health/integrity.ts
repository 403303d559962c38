import { type Finding, fine, problemOf, skipped, warning } from '../domain/finding.js';
import { command } from '../domain/hints.js';
import { count } from '../domain/wording.js';
import type { RollbackMarks } from '../stores/rollback-marks.js';
import { createGuard } from '../vault/guard.js';
import { MOST_SEALED } from '../vault/ledger.js';
import { type Check, readableVault } from './contract.js';

const UNNOTICED =
  'an older copy of the whole folder would not be detected here: there is no home folder for a second rollback mark, and the file system has no creation times';

/**
 * Whether the vault was rolled back to an older copy, or account rows were deleted, added or restored. Before a refresh token is
 * sent, the same is checked.
 */
export const integrity: Check = {
  name: 'integrity',
  title: 'integrity',
  group: 'vault',
  async run(ctx) {
    const store = await readableVault(ctx);
    if ('status' in store) return [store];
    const [keyring, marks] = [await ctx.keyring(), await ctx.marks()];
    const { troubles, epoch, sealings } = await createGuard({
      store,
      keyring,
      marks,
      clock: ctx.clock,
      notice: () => undefined,
    }).examine();
    if (troubles.length > 0) return troubles.map((trouble) => problemOf(trouble));
    const changes = epoch === null ? '' : ` (${count(epoch, 'change')} so far)`;
    const whole = fine(`the vault is as it was last written here, with every account${changes}`);
    return [whole, ...worn(sealings ?? 0), ...unnoticed(marks)];
  },
};

/** A warning for data keys near the limit of uses. */
export function worn(sealings: number): readonly Finding[] {
  if (sealings < MOST_SEALED) return [];
  const message = `the data keys were used about ${Math.round(sealings / 1e6)} million times; the limit for a key is 4,295 million`;
  return [warning(message, command('key rotate --data'))];
}

/** Where neither a second mark nor the creation time of the file reveals a restored folder. */
export function unnoticed({ second, birth }: Pick<RollbackMarks, 'second' | 'birth'>): readonly Finding[] {
  return second !== undefined || (birth?.() ?? null) !== null ? [] : [skipped(UNNOTICED)];
}
