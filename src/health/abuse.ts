import { fine, warning } from '../domain/finding.js';
import type { Check } from './contract.js';

/** What the last day's events tell of somebody who tries things. */
export const abuse: Check = {
  name: 'abuse',
  title: 'abuse',
  group: 'vault',
  async run(deps) {
    const found = await deps.abuse();
    if (found.length === 0) return [fine('no event of the last day looks like abuse')];
    return found.map(({ message }) => warning(message, 'vault audit --since 1d'));
  },
};
