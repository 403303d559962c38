import { providerNames, resolveProvider, type SettingsSources } from '../config/settings.js';
import type { Account } from '../domain/account.js';
import type { Store } from '../stores/contract.js';
import { type GrantEnd, likelyEnd } from './background/notices.js';

/**
 * When the grant of an account probably ends whose provider does not say so.
 *
 * @param sources null when the settings cannot be read
 * @returns null when nothing speaks for an end
 */
export async function likelyGrantEnd(
  account: Account,
  store: Pick<Store, 'consents'>,
  sources: SettingsSources | null,
): Promise<GrantEnd | null> {
  if (account.grantExpiresAt !== null || !account.hasRefreshToken || sources === null) return null;
  if (!providerNames(sources).includes(account.provider)) return null;
  const { provider } = resolveProvider(account.provider, sources);
  return likelyEnd(await store.consents(account.id), provider.grantLimits);
}
