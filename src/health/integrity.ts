import { type Finding, fine, problemOf, skipped, warning } from '../domain/finding.js';
import { command } from '../domain/hints.js';
import { count } from '../domain/wording.js';
import type { RollbackMarks } from '../stores/rollback-marks.js';
import { createGuard } from '../vault/guard.js';
import { MOST_SEALED } from '../vault/ledger.js';
import { type Check, readableVault } from './contract.js';

const UNNOTICED =
  'an older copy of the whole folder would not be detected here: there is no home folder for a second rollback mark, and the file system has no creation times';

/** Whether it is the vault that was last written here, with every row; refreshes check the same before they send. */
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
    const whole = fine(`it is the vault last written here, with every account${changes}`);
    return [whole, ...worn(sealings ?? 0), ...unnoticed(marks)];
  },
};

/** A warning for data keys near the limit of uses. */
export function worn(sealings: number): readonly Finding[] {
  if (sealings < MOST_SEALED) return [];
  const message = `its data keys were used about ${Math.round(sealings / 1e6)} million times; the limit for a key is 4,295 million`;
  return [warning(message, command('key rotate --data'))];
}

/** Where neither a second mark nor the creation time of the file reveals a restored folder. */
export function unnoticed({ second, birth }: Pick<RollbackMarks, 'second' | 'birth'>): readonly Finding[] {
  return second !== undefined || (birth?.() ?? null) !== null ? [] : [skipped(UNNOTICED)];
}

/** Facts of the last day that the audit trail has recorded. */
export const abuse: Check = {
  name: 'abuse',
  title: 'abuse',
  group: 'vault',
  async run(ctx) {
    const found = await ctx.recentAbuse();
    if (found.length === 0) return [fine('no attack was recorded within the last day')];
    return found.map(({ message }) => warning(message, command('audit --since 1d')));
  },
};
