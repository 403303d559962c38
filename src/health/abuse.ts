import { fine, warning } from '../domain/finding.js';
import { command } from '../domain/hints.js';
import type { Check } from './contract.js';

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
