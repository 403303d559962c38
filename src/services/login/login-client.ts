import { withClient } from '../../access/registered-client.js';
import { VAULT_LOCK_TIMEOUT } from '../../access/vault-lock.js';
import { type Account, accountName } from '../../domain/account.js';
import { reworded } from '../../domain/error-forms.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { isSpent } from '../../domain/registered-client.js';
import { quoted } from '../../domain/safe-text.js';
import { TransportFailure } from '../../domain/transport.js';
import type { RefusedAnswer, ServerMetadata } from '../../oauth/contract.js';
import { type Registration, readClient, registerClient } from '../../oauth/registration.js';
import type { ConfiguredProvider, Provider } from '../../providers/contract.js';
import type { OpenClient } from '../../vault/registered-clients.js';
import type { Vault } from '../../vault/vault.js';
import { refusal, unreachable } from '../refusals.js';
import type { LoginRun } from './login-finish.js';

type ClientContext = Pick<LoginRun, 'http' | 'clock' | 'audit' | 'notice' | 'interruption' | 'storing'>;

/**
 * The client of a login. Where this program registers its client itself (RFC 7591), it is registered now unless there is one that the
 * server still accepts, and kept in the vault before it is used. Of several logins at once one registers it, and the others use it: a
 * second client would take the place of the first, whose refresh tokens would then be of no use.
 *
 * @param redirectUri of this login
 * @throws VaultError `client_refused`, `provider_answer_invalid`, `provider_unavailable`, `network_failed`, `busy`, and the vault's own
 */
export async function clientFor(
  ctx: ClientContext,
  vault: Vault,
  provider: ConfiguredProvider,
  server: ServerMetadata,
  redirectUri: string,
): Promise<ConfiguredProvider> {
  if (provider.registered !== true) return provider;
  const lock = await ctx.storing.locks.acquire('clients', VAULT_LOCK_TIMEOUT, ctx.interruption);
  try {
    return await keptClient(ctx, vault, provider, server, redirectUri);
  } finally {
    await lock.release();
  }
}

async function keptClient(
  ctx: ClientContext,
  vault: Vault,
  provider: ConfiguredProvider,
  server: ServerMetadata,
  redirectUri: string,
): Promise<ConfiguredProvider> {
  const known = await (await vault.clients()).at(provider.issuer);
  const current = known === null ? null : await stillAccepted(ctx, vault, provider, known, redirectUri);
  if (current !== null) return withClient(provider, current);
  const made = await register(ctx, provider, server, redirectUri);
  const kept = await keep(ctx, vault, provider, made, redirectUri);
  if (known !== null) await sayWhoNeedsALogin(ctx, vault, provider, known.clientId);
  return withClient(provider, kept);
}

/** @returns the client as it is now; null when another one has to be registered */
async function stillAccepted(
  ctx: ClientContext,
  vault: Vault,
  provider: ConfiguredProvider,
  known: OpenClient,
  redirectUri: string,
): Promise<OpenClient | null> {
  if (known.refusedAt !== null || !isRegistered(known.redirectUri, redirectUri)) return null;
  const { registrationToken: token, registrationUri: uri } = known;
  const spent = isSpent(known, ctx.clock.now());
  if (token === null || uri === null) return spent ? null : known;
  const read = await readClient(await ctx.http(), known, uri, token, ctx.interruption);
  if (read === 'gone') return null;
  if (read === null) return spent ? null : known;
  const now = { ...known, ...read, registrationToken: read.registrationToken ?? token };
  if (isSpent(now, ctx.clock.now())) return null;
  return isSame(known, read) ? known : keep(ctx, vault, provider, now, known.redirectUri);
}

function isSame(known: OpenClient, read: Registration): boolean {
  const secret = (of: Pick<Registration, 'clientSecret'>) => of.clientSecret?.reveal() ?? null;
  const token = read.registrationToken?.reveal() ?? known.registrationToken?.reveal();
  return (
    secret(known) === secret(read) &&
    known.registrationToken?.reveal() === token &&
    known.secretExpiresAt === read.secretExpiresAt
  );
}

/** Whether a redirect URI is the registered one. The port of the loopback is free (RFC 8252 §7.3). */
function isRegistered(registered: string, redirectUri: string): boolean {
  const withoutPort = (uri: string) => Object.assign(new URL(uri), { port: '' }).href;
  return withoutPort(registered) === withoutPort(redirectUri);
}

async function register(
  ctx: ClientContext,
  provider: Provider,
  server: ServerMetadata,
  redirectUri: string,
): Promise<Registration> {
  const endpoint = server.registrationEndpoint ?? null;
  if (endpoint === null) throw cannotRegister(provider);
  try {
    const http = await ctx.http();
    const answer = await registerClient(http, endpoint, server, redirectUri, ctx.interruption);
    if (answer.kind === 'refused') throw registrationRefused(provider, answer);
    return answer;
  } catch (failure) {
    ctx.interruption.throwIfAborted();
    if (failure instanceof VaultError && failure.hint === undefined)
      throw reworded(failure, { hint: byHand(provider) });
    throw failure instanceof TransportFailure ? unreachable(failure) : failure;
  }
}

async function keep(
  ctx: ClientContext,
  vault: Vault,
  provider: Provider,
  registration: Omit<Registration, 'kind'>,
  redirectUri: string,
): Promise<OpenClient> {
  const { clientId, clientAuth, clientSecret } = registration;
  const { secretExpiresAt, registrationToken, registrationUri } = registration;
  const event = { event: 'client_registered', provider: provider.name } as const;
  const client = {
    ...{ issuer: provider.issuer, clientId, clientAuth, clientSecret, redirectUri },
    ...{ createdAt: ctx.clock.now(), secretExpiresAt, registrationToken, registrationUri },
  };
  const kept = await (await vault.clients()).keep(client, event);
  ctx.audit.record(event, 'chained');
  return kept;
}

/** A refresh token is bound to the client that it was issued to (RFC 6749 §6). */
async function sayWhoNeedsALogin(
  ctx: ClientContext,
  vault: Vault,
  { title, issuer }: Provider,
  clientId: string,
): Promise<void> {
  const bound = (account: Account) => account.issuer === issuer && account.clientId === clientId;
  const names = (await vault.accounts()).filter(bound).map(accountName);
  const { host } = new URL(issuer);
  ctx.notice(
    `${host} no longer accepted the client that was registered for ${title}, so another one was registered`,
    names.length === 0
      ? undefined
      : `accounts that were logged in with the earlier client need a new login: ${names.join(', ')}`,
  );
}

/** The server no longer knows the client that was registered. The next login registers another one. */
export async function clientLost(
  { clock }: Pick<ClientContext, 'clock'>,
  vault: Vault,
  { name, issuer, registration }: ConfiguredProvider,
  refused: RefusedAnswer,
): Promise<VaultError | null> {
  if (registration === undefined || refused.error !== 'invalid_client') return null;
  await (await vault.clients()).refused(registration, clock.now());
  const words = `${new URL(issuer).host} no longer accepts the client that was registered for ${name}`;
  return refusal(
    'client_refused',
    words,
    refused,
    `to register another one: ${command(`login ${quoted(name)}`)}`,
  );
}

/** Where clients are not registered without a person. */
export function cannotRegister(provider: Pick<Provider, 'issuer'>): VaultError {
  const { host } = new URL(provider.issuer);
  return new VaultError(
    'client_not_configured',
    `${host} registers no clients by itself, so this program needs one that you have registered there`,
    { hint: byHand(provider) },
  );
}

function registrationRefused(provider: Provider, refused: RefusedAnswer): VaultError {
  const { host } = new URL(provider.issuer);
  if (refused.class === 'transient' && !/^http_4(?!08|29)/.test(refused.error))
    return refusal(
      'provider_unavailable',
      `${host} could not register this program`,
      refused,
      'try again later',
    );
  return refusal('client_refused', `${host} refuses to register this program`, refused, byHand(provider));
}

function byHand({ issuer }: Pick<Provider, 'issuer'>): string {
  const setup = command(`setup NAME --issuer ${quoted(issuer)}`);
  return `register a client there yourself, and set it up: ${setup}\nthen log in by the same URL again`;
}
