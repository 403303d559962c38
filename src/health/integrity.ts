import { count, fine, NotLookedAt, problemOf, skipped } from '../domain/finding.js';
import { createGuard } from '../vault/guard.js';
import type { Check } from './contract.js';

/** Whether it is the vault that was written here last, with every row: what a refresh asks before it sends anything. */
export const integrity: Check = {
  name: 'integrity',
  title: 'integrity',
  group: 'vault',
  async run(deps) {
    const inspection = await deps.inspect().catch(() => {
      throw new NotLookedAt('the database cannot be read');
    });
    if (inspection === null) return [skipped('there is no vault yet')];
    const { isVault, schemaVersion, knownVersion, store } = inspection;
    if (!isVault || schemaVersion !== knownVersion) return [skipped('the database has another form')];
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
