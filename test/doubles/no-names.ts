import type { NameContext } from '../../src/services/select-account.js';

/** Nothing is chosen: no former names, no default account. */
export const NO_NAMES: NameContext = {
  wantedAccount: null,
  accountNames: async () => ({ aliases: {}, defaults: [] }),
};
