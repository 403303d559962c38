import { fine, skipped } from '../domain/finding.js';
import type { Check } from './contract.js';

/** Whether anything refreshes tokens while nobody is there. */
export const scheduler: Check = {
  name: 'scheduler',
  title: 'scheduler',
  group: 'accounts',
  async run(deps) {
    const accounts = await deps.accounts();
    if (accounts.length === 0) return [skipped('there is nothing to refresh yet')];
    const { helpers } = await deps.background();
    if (helpers.length > 0) return [fine(helpers.join('; '))];
    // A token that has ended is refreshed when it is asked for, so nothing is wrong.
    return [skipped('nothing refreshes tokens while nobody asks for them', 'vault schedule')];
  },
};
