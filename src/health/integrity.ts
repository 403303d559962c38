import { count, fine, problemOf } from '../domain/finding.js';
import { createGuard } from '../vault/guard.js';
import type { Check } from './contract.js';
import { readableVault } from './readable-vault.js';

/** Whether it is the vault that was written here last, with every row: what a refresh asks before it sends anything. */
export const integrity: Check = {
  name: 'integrity',
  title: 'integrity',
  group: 'vault',
  async run(deps) {
    const store = await readableVault(deps);
    if ('status' in store) return [store];
    const [keyring, marks] = [await deps.keyring(), await deps.marks()];
    const { troubles, epoch } = await createGuard({
      store,
      keyring,
      marks,
      clock: deps.clock,
      notice: () => undefined,
    }).examine();
    if (troubles.length > 0) return troubles.map((trouble) => problemOf(trouble));
    const changes = epoch === null ? '' : ` (${count(epoch, 'change')} so far)`;
    return [fine(`it is the vault that was written here last, with every account${changes}`)];
  },
};
