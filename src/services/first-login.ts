import { providerNames, resolveProvider, type SettingsSources } from '../config/settings.js';
import type { Context } from '../context.js';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';

/** The command that leads to the first account: a login where a provider is set up, else the setup of one. */
export function firstLogin(sources: SettingsSources): string {
  const ready = providerNames(sources).find((name) => isReady(name, sources));
  return command(ready === undefined ? 'setup' : `login ${ready}`);
}

/** The same before the settings are read. Those that cannot be read are reported by that command. */
export async function firstLoginHere({ settings }: Pick<Context, 'settings'>): Promise<string> {
  try {
    return firstLogin(await settings());
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    return command('setup');
  }
}

/** Where there is no vault: `VAULT_HOME` may name a folder that was not meant. */
export function noVaultYet({ host, paths }: Pick<Context, 'host' | 'paths'>): string {
  const place = host.env['VAULT_HOME'] ? ` in ${paths.data} (VAULT_HOME)` : '';
  return `there is no vault${place} yet`;
}

/** Whether a login can start. */
export function isReady(name: string, sources: SettingsSources): boolean {
  try {
    return resolveProvider(name, sources).problems.length === 0;
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    return false;
  }
}
