import type { Context } from '../../src/context.js';
import type { ListExtras } from '../../src/services/overview/overview.js';
import type { NameContext } from '../../src/services/select-account.js';
import { sources } from './settings-sources.js';

/** Nothing is chosen: no former names, no default account, no settings; and nothing was said yet. */
export const NO_NAMES: NameContext & Pick<Context, 'firstTime'> = {
  firstTime: async () => true,
  wantedAccount: null,
  settings: async () => sources(),
  accountNames: async () => ({ aliases: {}, defaults: [] }),
};

/** The same for a list, without the key. */
export const NO_EXTRAS: ListExtras = {
  aliases: new Map(),
  defaults: new Set(),
  identities: new Map(),
  noIdentity: null,
};
