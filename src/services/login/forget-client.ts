import { changedConfigJson, isObject } from '../../config/config-json.js';
import type { Context } from '../../context.js';
import { accountName } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import type { RegisteredClient } from '../../domain/registered-client.js';
import { quoted } from '../../domain/safe-text.js';
import { TransportFailure } from '../../domain/transport.js';
import { deleteRegistration } from '../../oauth/registration.js';
import type { Vault } from '../../vault/vault.js';
import { type ChangeContext, changeSettings } from '../config/change.js';

type ForgetContext = ChangeContext & Pick<Context, 'http' | 'readSettings' | 'vault'>;

export interface ForgottenClient {
  /** The entries that were removed from `config.json`. */
  readonly providers: readonly string[];
  /** Null where none was registered. */
  readonly clientId: string | null;
  /** Whether the server has deleted it; null where it cannot be asked to. */
  readonly deleted: boolean | null;
}

/** The clients that this program registered. Needs no key. */
export async function listRegisteredClients({
  vault,
}: Pick<Context, 'vault'>): Promise<readonly RegisteredClient[]> {
  const opened = await vault();
  return opened === null ? [] : (await opened.clients()).all();
}

/**
 * Forgets a client that this program registered: deletes it at the server (RFC 7592 §2.3), where that is possible, then here, with the
 * entries in `config.json` that use it.
 *
 * @param name of a provider, or the issuer
 * @throws VaultError `usage` when there is no such client, or accounts still use it; the vault's own
 */
export async function forgetClient(ctx: ForgetContext, name: string): Promise<ForgottenClient> {
  const { config } = await ctx.readSettings();
  const issuer = config.providers[name]?.issuer ?? name;
  const entries = Object.entries(config.providers).filter(
    ([, own]) => own.client === 'registered' && own.issuer === issuer,
  );
  const providers = entries.map(([entry]) => entry);
  const vault = await ctx.vault();
  const clients = (await vault?.clients()) ?? null;
  const known = (await clients?.all())?.find((client) => client.issuer === issuer) ?? null;
  if (known === null && providers.length === 0) {
    throw new VaultError('usage', `this program has registered no client for ${name}`, {
      hint: `to see which it has: ${command('providers')}\nto remove a provider: ${command('config edit')}`,
    });
  }
  if (vault !== null) await requireUnused(vault, providers);
  const deleted = known === null ? null : await deleteAtServer(ctx, vault, issuer);
  const event = { event: 'client_forgotten', provider: providers[0] ?? name } as const;
  if (clients !== null && known !== null && (await clients.forget(known, event)))
    ctx.audit.record(event, 'chained');
  const { configFile } = ctx.paths;
  if (providers.length > 0)
    await changeSettings(ctx, configFile, 'config_file', (text) => without(text, configFile, providers));
  return { providers, clientId: known?.clientId ?? null, deleted };
}

/** Without its client no account could be refreshed or revoked. @throws VaultError `usage` */
async function requireUnused(vault: Vault, providers: readonly string[]): Promise<void> {
  const accounts = (await vault.accounts()).filter(({ provider }) => providers.includes(provider));
  if (accounts.length === 0) return;
  const names = accounts.map(accountName);
  throw new VaultError('usage', `the client is still used by ${names.join(', ')}`, {
    hint: `revoke the accounts first: ${command(`revoke ${names.map(quoted).join(' ')}`)}`,
  });
}

/** A secret that does not open must not keep the client from being forgotten. */
async function deleteAtServer(
  ctx: ForgetContext,
  vault: Vault | null,
  issuer: string,
): Promise<boolean | null> {
  try {
    const client = (await (await vault?.clients())?.at(issuer)) ?? null;
    const { registrationUri = null, registrationToken = null } = client ?? {};
    if (registrationUri === null || registrationToken === null) return null;
    return await deleteRegistration(await ctx.http(), registrationUri, registrationToken);
  } catch (failure) {
    if (failure instanceof TransportFailure) return false;
    if (failure instanceof VaultError && failure.code === 'vault_damaged') return null;
    throw failure;
  }
}

function without(text: string | null, file: string, names: readonly string[]): string {
  return changedConfigJson(text, file, (config) => {
    const providers = isObject(config['providers']) ? Object.entries(config['providers']) : [];
    return { ...config, providers: Object.fromEntries(providers.filter(([name]) => !names.includes(name))) };
  });
}
