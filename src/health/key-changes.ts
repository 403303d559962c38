import { type Finding, fine, warning } from '../domain/finding.js';
import { dataKeyIds } from '../vault/master-key.js';
import type { Check } from './contract.js';
import { readableVault } from './readable-vault.js';

/** Whether a change of the keys was cut off: nothing is lost then, and old keys are still there. */
export const keyChanges: Check = {
  name: 'key_changes',
  title: 'key changes',
  group: 'vault',
  async run(deps) {
    const store = await readableVault(deps);
    if ('status' in store) return [store];
    const findings: Finding[] = [];
    const head = await store.head();
    if (dataKeyIds(head).replaced.length > 0) {
      const message =
        'new data keys are in use and the old ones are still there: their replacement was cut off';
      findings.push(warning(message, 'vault key rotate --data'));
    }
    const leftovers = await store.leftovers();
    for (const kind of new Set(leftovers.map(({ source }) => source))) {
      const message = `a master key that nothing needs may still be in the source ${kind}`;
      const action = head.masterKeys.some(({ source }) => source === kind) ? 'rotate' : 'remove';
      findings.push(warning(message, `vault key ${action} ${kind}`));
    }
    return findings.length > 0 ? findings : [fine('no change of the keys is unfinished')];
  },
};
