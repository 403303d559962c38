import type { Context } from '../../context.js';
import { type Account, accountName } from '../../domain/account.js';
import { withoutAccount } from '../../domain/account-names.js';
import { type Audit, type AuditEvent, aboutAccount } from '../../domain/audit-events.js';
import { SECOND } from '../../domain/duration.js';
import { reworded } from '../../domain/error-forms.js';
import { isInterruption, isKeyFailure, VaultError } from '../../domain/errors.js';
import { command, shellName } from '../../domain/hints.js';
import { repeatedGrant } from '../../domain/repeatable-grant.js';
import type { Secret } from '../../domain/secret.js';
import type { RevocationOutcome } from '../../oauth/contract.js';
import { whereLoggedIn } from '../../oauth/regions.js';
import { revoke } from '../../oauth/revocation.js';
import type { ConfiguredProvider } from '../../providers/contract.js';
import type { SealedAccount } from '../../stores/contract.js';
import type { Http } from '../../system/contract.js';
import type { Contents } from '../../vault/sealed-account.js';
import type { Vault } from '../../vault/vault.js';
import { type ChangeContext, changeNames } from '../config/change.js';
import { type HeldAccount, lockAndRead } from '../locked-account.js';
import { storeWaitingLogins } from '../login/waiting-logins.js';
import { requireSameBinding, serverOf } from '../provider-server.js';
import { kindOf } from '../refresh/refresh-failure.js';
import type { NameContext } from '../select-account.js';
import { accountsOf, selectAccounts } from '../select-accounts.js';

const LOCK_TIMEOUT = 45 * SECOND;

export interface RevokeRequest {
  readonly selectors: readonly string[];
  readonly all: boolean;
  readonly provider: string | null;
  readonly dryRun: boolean;
  /** Remove the account here even if the provider cannot be reached or refuses. */
  readonly local: boolean;
}

export type RevokeResultKind = 'revoked' | 'forgotten' | 'would_revoke' | 'transient' | 'refused';

export interface RevokeResult {
  readonly account: Account;
  readonly outcome: RevokeResultKind;
  readonly reason: string;
  /** The provider's page for managing grants, where it has one. */
  readonly manageUrl: string | null;
  readonly error: VaultError | null;
}

export interface RevokeReport {
  readonly results: readonly RevokeResult[];
}

export interface RevokeContext
  extends NameContext,
    ChangeContext,
    Pick<Context, 'vault' | 'spill' | 'http' | 'provider'> {
  readonly audit: Audit;
}

/** The accounts that a request selects. @throws VaultError `account_not_found`, `account_ambiguous` */
export async function revocationTargets(
  ctx: Pick<Context, 'vault'> & NameContext,
  request: RevokeRequest,
): Promise<readonly Account[]> {
  const vault = await ctx.vault();
  if (request.selectors.length > 0) return selectAccounts(ctx, vault, request.selectors, 'revoke');
  if (vault === null) return [];
  return accountsOf(vault, request.provider);
}

/**
 * Revokes the grant at the provider (RFC 7009), then removes the account here. If the provider cannot be reached or refuses,
 * the account stays unless `local` is set, because a grant cannot be revoked without its token.
 */
export async function revokeAccounts(ctx: RevokeContext, request: RevokeRequest): Promise<RevokeReport> {
  const vault = await ctx.vault();
  const results: RevokeResult[] = [];
  // A login that could not be stored would bring an account back that was revoked, with a grant that was not.
  if (!request.dryRun) await storeWaitingLogins({ ...ctx, spill: await ctx.spill() });
  for (const account of await revocationTargets(ctx, request)) {
    if (vault === null || ctx.interruption.aborted) break;
    const result = await revokeOne(ctx, vault, account, request);
    if (result === null) break;
    results.push(result);
  }
  const removed = results.filter(({ outcome }) => outcome === 'revoked' || outcome === 'forgotten');
  await forgetNames(
    ctx,
    removed.map(({ account }) => accountName(account)),
  );
  return { results };
}

/** Removes aliases and defaults of removed accounts, so that they do not lead to the next account of that name. */
async function forgetNames(ctx: RevokeContext, removed: readonly string[]): Promise<void> {
  try {
    const names = await ctx.accountNames();
    const led = [...names.defaults, ...Object.entries(names.aliases).flat()];
    if (!removed.some((name) => led.includes(name))) return;
    // Also after an interruption: the accounts are gone.
    const finishing = { ...ctx, interruption: new AbortController().signal };
    await changeNames(finishing, (before) => removed.reduce(withoutAccount, before));
  } catch (failure) {
    // The account is gone all the same, and `vault doctor` names what leads nowhere.
    if (!(failure instanceof VaultError)) throw failure;
  }
}

/** @returns null when it was interrupted before anything was done about this account */
async function revokeOne(
  ctx: RevokeContext,
  vault: Vault,
  seen: Account,
  request: RevokeRequest,
): Promise<RevokeResult | null> {
  const configured = await providerOrError(ctx, seen);
  const manageUrl = configured instanceof VaultError ? null : configured.manageUrl;
  const result = (
    outcome: RevokeResult['outcome'],
    reason: string,
    error: VaultError | null = null,
  ): RevokeResult => ({
    account: seen,
    outcome,
    reason,
    manageUrl,
    error,
  });
  if (request.dryRun) return result('would_revoke', plan(configured, request));
  try {
    const { locks, interruption } = ctx;
    const holding = { locks, spill: await ctx.spill() };
    const held = await lockAndRead(holding, vault, seen.id, LOCK_TIMEOUT, interruption);
    try {
      const { account } = held;
      if (account === null) return result('forgotten', 'another process had removed it already');
      const answer = await ask(ctx, vault, account, configured);
      if (answer.kind !== 'revoked' && answer.kind !== 'unsupported' && !request.local) {
        return result(answer.kind, answer.error.message, answer.error);
      }
      const doubt = await whyInDoubt(vault, held);
      const event = answer.kind === 'revoked' && doubt === null ? 'revoked' : 'forgotten';
      const line: AuditEvent = { event, ...aboutAccount(account) };
      await vault.remove(account.id, line);
      ctx.audit.record(line, 'chained');
      if (doubt === null) return result(event, answer.reason);
      const reason =
        answer.kind === 'revoked' ? 'its token was revoked, and it is removed here' : answer.reason;
      return result(event, `${reason}; the grant may still exist, because ${doubt}`);
    } finally {
      await held.release();
    }
  } catch (failure) {
    if (isInterruption(failure)) return null;
    if (!(failure instanceof VaultError)) throw failure;
    const outcome = failure.code === 'busy' ? 'transient' : 'refused';
    if (isKeyFailure(failure)) {
      const error = cannotForget(seen, failure);
      return result(outcome, error.message, error);
    }
    return result(outcome, failure.message, failure);
  }
}

/** Why the refresh token that was sent may not be the newest one; null when it is. */
async function whyInDoubt(vault: Vault, { account, unopened }: HeldAccount): Promise<string | null> {
  if (account === null || !account.hasRefreshToken) return null;
  if (unopened > 0)
    return 'an answer that is kept beside the vault and cannot be opened may hold a newer token';
  const intent = await vault.intent(account.id);
  if (intent === null) return null;
  const at = new Date(intent.at).toISOString();
  return `the answer to its refresh of ${at} was lost, and may have brought a newer token`;
}

function plan(configured: ConfiguredProvider | VaultError, { local }: RevokeRequest): string {
  if (configured instanceof VaultError) {
    return `${local ? 'only removed here' : 'kept, unless --local is given'}: ${configured.message}`;
  }
  const { style, caution } = configured.revocation;
  if (style === 'none') return `only removed here: ${configured.title} does not support revocation`;
  const then = local ? 'removed here whatever it answers' : 'removed here';
  return `revoked at ${configured.title}, then ${then}${caution === null ? '' : `; ${caution}`}`;
}

/** A provider that is no longer configured must not keep an account from being forgotten with `--local`. */
async function providerOrError(
  ctx: RevokeContext,
  account: Account,
): Promise<ConfiguredProvider | VaultError> {
  try {
    const provider = await ctx.provider(account.provider);
    requireSameBinding(account, provider);
    return provider;
  } catch (failure) {
    if (failure instanceof VaultError) return failure;
    throw failure;
  }
}

async function ask(
  ctx: RevokeContext,
  vault: Vault,
  account: SealedAccount,
  configured: ConfiguredProvider | VaultError,
): Promise<ProviderAnswer> {
  if (configured instanceof VaultError) return unasked(configured);
  try {
    return await askProvider(ctx, configured, account, await vault.contents(account));
  } catch (failure) {
    // A sealed field that does not open cannot be revoked, but it can still be forgotten with `--local`.
    // Without the key it cannot even be forgotten, and trying again takes as long as the key source does.
    if (!(failure instanceof VaultError) || isKeyFailure(failure)) throw failure;
    return unasked(failure);
  }
}

/**
 * The ledger is sealed with the key: an account removed without it would look like one that was deleted from the database.
 */
function cannotForget(account: Account, failure: VaultError): VaultError {
  const why = 'because removing an account needs the key';
  return reworded(failure, {
    message: `${accountName(account)} is still in the vault, ${why}: ${failure.message}`,
  });
}

function unasked(error: VaultError): ProviderAnswer {
  const kind = kindOf(error.code) === 'transient' ? 'transient' : 'refused';
  return { kind, reason: `removed here only: ${error.message}`, error };
}

/** The provider's answer. `reason` is a sentence for the user. */
export type ProviderAnswer =
  | { readonly kind: 'revoked'; readonly reason: string }
  | { readonly kind: 'unsupported'; readonly reason: string }
  | { readonly kind: 'transient' | 'refused'; readonly reason: string; readonly error: VaultError };

/**
 * Revokes the refresh token, which ends the access tokens with it (RFC 7009 §2.1); the access token where there is no
 * other, or where the provider revokes only those.
 *
 * @throws VaultError when the endpoints cannot be discovered
 */
async function askProvider(
  ctx: Pick<RevokeContext, 'http'>,
  provider: ConfiguredProvider,
  account: Account,
  contents: Contents,
): Promise<ProviderAnswer> {
  if (provider.revocation.style === 'none') return unsupported(provider);
  const { revocationEndpoint } = await serverOf(whereLoggedIn(provider, account), ctx.http);
  if (revocationEndpoint === null) return unsupported(provider);
  if (!mayRevokeAt(provider, revocationEndpoint, account)) throw otherServer(account, provider);
  return inWords(
    await revokeTokens(await ctx.http(), provider, revocationEndpoint, contents),
    provider,
    account,
  );
}

/**
 * Revokes the refresh token; the access token where there is no other, or where the provider revokes only those.
 *
 * @param deadline milliseconds for each request; the HTTP client's own when left out
 */
export async function revokeTokens(
  http: Http,
  provider: ConfiguredProvider,
  endpoint: string,
  { refreshToken, accessToken }: Pick<Contents, 'refreshToken' | 'accessToken'>,
  deadline?: number,
): Promise<RevocationOutcome> {
  const tokens: (readonly [Secret, 'refresh_token' | 'access_token'])[] = [];
  const { style, token: only } = provider.revocation;
  const takesBoth = style !== 'bearer' && only === undefined;
  if (takesBoth && refreshToken !== null && repeatedGrant(refreshToken) === null)
    tokens.push([refreshToken, 'refresh_token']);
  if (accessToken !== null) tokens.push([accessToken, 'access_token']);
  let outcome: RevocationOutcome = { kind: 'already_gone' };
  for (const [token, hint] of tokens) {
    outcome = await revoke(http, {
      endpoint,
      token,
      hint,
      facts: provider.revocation,
      provider,
      clientId: provider.clientId,
      clientSecret: provider.clientSecret,
      deadline,
    });
    if (outcome.kind !== 'refused' || outcome.error !== 'unsupported_token_type') break;
  }
  return outcome;
}

/**
 * A revocation carries the live refresh token, so it goes only to the server that issued it. An endpoint discovered from the
 * account's own issuer is trusted, and so is one that is built in; one from a configuration file must have the same origin.
 */
export function mayRevokeAt(
  { endpoints, revocation }: Pick<ConfiguredProvider, 'endpoints' | 'revocation'>,
  endpoint: string,
  of: Pick<Account, 'tokenEndpoint' | 'issuer'>,
): boolean {
  if (endpoints === null || revocation.elsewhere === true) return true;
  const origins = [of.tokenEndpoint, of.issuer].map((url) => new URL(url).origin);
  return origins.includes(new URL(endpoint).origin);
}

function otherServer(account: Account, provider: ConfiguredProvider): VaultError {
  return new VaultError(
    'binding_changed',
    `the revocation endpoint configured for ${provider.name} is not on the server where ${accountName(account)} was logged in, so its refresh token is not sent there`,
    {
      hint: `correct providers.${provider.name}.revocationEndpoint in config.json, or remove the account only here: ${command(`revoke --local ${shellName(account)}`)}`,
    },
  );
}

function inWords(outcome: RevocationOutcome, provider: ConfiguredProvider, account: Account): ProviderAnswer {
  const name = accountName(account);
  const forget = `to remove it here anyway: ${command(`revoke --local ${shellName(account)}`)}`;
  switch (outcome.kind) {
    case 'revoked':
      return { kind: 'revoked', reason: `revoked at ${provider.title} and removed here` };
    case 'already_gone':
      return { kind: 'revoked', reason: `${provider.title} had ended the grant already; removed here` };
    case 'transient': {
      const error = new VaultError('provider_unavailable', `${name} was not revoked: ${outcome.reason}`, {
        hint: `try again later; ${forget}`,
      });
      return {
        kind: 'transient',
        reason: `removed here, but the grant at ${provider.title} may still exist: ${outcome.reason}`,
        error,
      };
    }
    case 'refused': {
      const said = outcome.description === null ? outcome.error : `${outcome.error}: ${outcome.description}`;
      const error = new VaultError(
        'client_refused',
        `${provider.title} refuses to revoke ${name} (${said})`,
        {
          hint: forget,
        },
      );
      return {
        kind: 'refused',
        reason: `removed here, but ${provider.title} refused to revoke it (${said})`,
        error,
      };
    }
  }
}

function unsupported(provider: ConfiguredProvider): ProviderAnswer {
  return {
    kind: 'unsupported',
    reason: `removed here; ${provider.title} does not support revocation, so the grant exists until you remove it there`,
  };
}
