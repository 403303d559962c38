import type { SeenAccount } from '../../access/refresher-protocol.js';
import { type Account, accountName } from '../../domain/account.js';
import type { Audit } from '../../domain/audit-events.js';
import type { ConcurrencyLimit, Leave } from '../../domain/concurrency-limit.js';
import { SECOND } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import { command, loginCommand, setProvider, unsetProvider } from '../../domain/hints.js';
import { type Repeated, repeatedGrant } from '../../domain/repeatable-grant.js';
import type { Secret } from '../../domain/secret.js';
import type { RefreshOutcome } from '../../domain/status.js';
import { TransportFailure } from '../../domain/transport.js';
import { whereLoggedIn } from '../../oauth/regions.js';
import { refresh, requestGrant } from '../../oauth/token-endpoint.js';
import type { ConfiguredProvider } from '../../providers/contract.js';
import type { Intent, SealedAccount } from '../../stores/contract.js';
import type { Locks } from '../../stores/locks.js';
import type { Spill, SpillSlot } from '../../stores/spill.js';
import type { Clock, Http } from '../../system/contract.js';
import type { Contents } from '../../vault/sealed-account.js';
import type { Vault } from '../../vault/vault.js';
import { lockAndRead } from '../locked-account.js';
import { requireSameBinding } from '../provider-server.js';
import { refreshRefusal, refreshUnanswered } from '../refusals.js';
import { subjectToken } from '../subject-token.js';
import { confirmMissing } from '../unknown-account.js';
import { hasUsableToken, notSentWhileOpen } from './open-refresh.js';
import { outcomeElsewhere, recordFailure } from './refresh-failure.js';
import { type Outage, type RetryPolicy, type Sending, type Sent, sendWithRetries } from './refresh-send.js';
import { changeBy, commitOrSpill, refreshed } from './refresh-store.js';

/**
 * For one request and its answer. A request that was sent is not given up while its answer may still come: that answer may hold
 * the only refresh token that works. The command that waits has a deadline of its own, and connecting a shorter one.
 */
const DEADLINE = 120 * SECOND;
/**
 * How long an account stays locked, with its intent written, while its request waits for the concurrency limit. A provider that
 * is slow to answer must not keep other processes from accounts whose requests still wait.
 */
const PREPARED_FOR = 5 * SECOND;

export interface RefreshDeps {
  readonly locks: Locks;
  readonly spill: Spill;
  readonly http: () => Promise<Http>;
  readonly clock: Clock;
  readonly audit: Audit;
  /** The user's settings for the provider of this name. @throws VaultError */
  readonly provider: (name: string) => Promise<ConfiguredProvider>;
  readonly pid: number;
  /** Whether this process refreshes many accounts: then one look at all rows costs less than one at each account's part. */
  readonly isBulk?: boolean;
  /** How long a host could not be reached, by any refresh of this process. */
  readonly outage?: (host: string) => Outage;
  /** Limits how many requests of this process are sent at a time. */
  readonly concurrency?: ConcurrencyLimit | undefined;
  /** As in {@link Sending}. */
  readonly onPause?: Sending['onPause'];
  /** Ends waiting (for a lock, for the limit, between attempts), never a request that was sent. */
  readonly interruption: AbortSignal;
}

/**
 * Refreshes one account under its lock, in this order: lock, read again, store what an earlier refresh could not store, make
 * sure that the vault is not an older copy, reserve a spill slot, write the refresh intent, send (see {@link sendWithRetries}), store
 * the answer and remove the intent in one commit, and only then judge it. Other processes wait meanwhile, and find the new token
 * when they read again. With a concurrency limit, the request waits for it after the intent is written, so that the intents of
 * several accounts share a commit. If that takes long, the lock is released, and all steps are repeated once the request may be sent.
 *
 * @param seen the account as it was when the refresh was decided on; when another process has changed it since, its result is
 * adopted and nothing is sent
 * @param evenIfOpen it is sent even while the outcome of an earlier attempt is open: the user asked for it by the account's name, or
 * no usable token is left
 * @throws VaultError when nothing was sent, or when the answer could not be stored
 */
export async function refreshOne(
  deps: RefreshDeps,
  vault: Vault,
  seen: SeenAccount,
  policy: RetryPolicy,
  evenIfOpen = false,
): Promise<RefreshOutcome> {
  const outcome = await refreshUnlessLate(deps, vault, seen, policy, evenIfOpen);
  if (outcome !== null) return outcome;
  const leave = (await deps.concurrency?.enter(deps.interruption)) ?? null;
  try {
    const concurrency = { enter: async () => leave };
    return await refreshOne({ ...deps, concurrency }, vault, seen, policy, evenIfOpen);
  } finally {
    leave?.();
  }
}

/** @returns null when the concurrency limit did not let it send in time; then nothing was sent */
async function refreshUnlessLate(
  deps: RefreshDeps,
  vault: Vault,
  seen: SeenAccount,
  policy: RetryPolicy,
  evenIfOpen: boolean,
): Promise<RefreshOutcome | null> {
  const held = await lockOrBusy(deps, vault, seen.id, policy.lockTimeout);
  if (held instanceof VaultError) return { kind: 'busy', account: await reread(vault, seen), error: held };
  try {
    const { account } = held;
    if (account === null) throw await removed(vault);
    if (held.recovered) return { kind: 'adopted', account };
    const openIntent = await vault.intent(account.id);
    const elsewhere = outcomeElsewhere(seen, account, openIntent, deps.clock.now());
    return elsewhere ?? (await refreshLocked(deps, vault, account, policy, evenIfOpen ? null : openIntent));
  } finally {
    await held.release();
  }
}

async function lockOrBusy(deps: RefreshDeps, vault: Vault, id: string, timeout: number) {
  try {
    return await lockAndRead(deps, vault, id, timeout, deps.interruption);
  } catch (failure) {
    if (failure instanceof VaultError && failure.code === 'busy') return failure;
    throw failure;
  }
}

async function reread(vault: Vault, seen: SeenAccount): Promise<SealedAccount> {
  const account = await vault.account(seen.id);
  if (account !== null) return account;
  throw await removed(vault);
}

function removed(vault: Vault): Promise<VaultError> {
  const message = 'the account was removed by another process meanwhile';
  return confirmMissing(vault, new VaultError('account_not_found', message, { hint: command('list') }));
}

async function refreshLocked(
  deps: RefreshDeps,
  vault: Vault,
  account: SealedAccount,
  policy: RetryPolicy,
  openIntent: Intent | null,
): Promise<RefreshOutcome | null> {
  // First, so that nothing is concluded from facts that were altered.
  const contents = await vault.contents(account);
  const { refreshToken } = contents;
  const provider = await deps.provider(account.provider);
  requireSameBinding(account, provider);
  const repeated = requireSameGrant(account, provider, refreshToken);
  const usable = () => hasUsableToken(account, openIntent, deps.clock.now());
  if (refreshToken === null) {
    const error = nothingToRefreshWith(account);
    // Nothing was sent, and the access token still works.
    return usable()
      ? { kind: 'login_needed', account, error }
      : recordFailure(deps, vault, account, error, true);
  }
  if (openIntent !== null && usable())
    return { kind: 'open', account, error: notSentWhileOpen(account, openIntent, deps.clock.now()) };
  // A request that uses nothing up leaves nothing open, so it has no intent.
  const repeats = repeated !== null;
  await vault.requireCurrent(deps.isBulk ? undefined : account.id);
  const from = repeated?.from ?? null;
  const subject = from === null ? null : await subjectOf(deps, vault, account, from, policy);
  const http = await deps.http();
  const slot = deps.spill.reserve();
  try {
    const earlier = repeats ? null : await vault.intend(account, refreshToken, deps.clock.now(), deps.pid);
    if (earlier === 'moved_on') return { kind: 'adopted', account: await reread(vault, account) };
    const leave = await enterOrWithdraw(deps, vault, account);
    if (leave === null) return null;
    const mayResend = () => repeats || (provider.resend !== 'never' && !usable());
    const how = { policy, mayResend };
    const ask = { provider, refreshToken, repeated, subjectToken: subject };
    const idTokens = idTokenCheck(account, provider);
    const sent = await send(deps, http, account, ask, how).finally(leave);
    return await conclude(deps, vault, { account, contents, provider, earlier, slot, idTokens }, sent);
  } finally {
    slot.release();
  }
}

/**
 * Waits until the request may be sent; its intent is written already. If the wait takes too long, nothing was sent, and the
 * intent is deleted, because it would look like an open refresh.
 *
 * @returns null when the wait took too long
 * @throws the interruption's reason
 */
async function enterOrWithdraw(deps: RefreshDeps, vault: Vault, account: Account): Promise<Leave | null> {
  const { concurrency, interruption, pid } = deps;
  if (concurrency === undefined) return () => undefined;
  let leave: Leave | null = null;
  try {
    leave = await concurrency.enter(interruption, PREPARED_FOR);
    return leave;
  } finally {
    if (leave === null)
      await withdrawQuietly(vault, { accountId: account.id, generation: account.generation, pid });
  }
}

/** Where it cannot be deleted, the next refresh says that an outcome may be open. */
async function withdrawQuietly(vault: Vault, intent: Parameters<Vault['withdraw']>[0]): Promise<void> {
  try {
    await vault.withdraw(intent);
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
  }
}

/** What is sent for a new access token. */
interface Asked {
  readonly provider: ConfiguredProvider;
  readonly refreshToken: Secret;
  /** Null where the refresh token is one. */
  readonly repeated: Repeated | null;
  readonly subjectToken: Secret | null;
}

/** An account that is exchanged is never a derived one itself, so two accounts never wait for each other's lock. */
function subjectOf(
  deps: RefreshDeps,
  vault: Vault,
  account: Account,
  from: string,
  policy: RetryPolicy,
): Promise<Secret> {
  // The request for the other account must not wait for a turn that this one holds.
  const own = { ...deps, concurrency: undefined };
  const refreshSource = (source: SealedAccount) => refreshOne(own, vault, source, policy, true);
  return subjectToken(vault, from, accountName(account), deps.clock.now, refreshSource);
}

function send(
  deps: RefreshDeps,
  http: Http,
  account: Account,
  { provider, refreshToken, repeated, subjectToken }: Asked,
  how: Pick<Sending, 'policy' | 'mayResend'>,
): Promise<Sent> {
  const { clientId, clientSecret } = provider;
  const { endpoints } = whereLoggedIn(provider, account);
  const endpoint = (repeated === null ? endpoints?.refresh : undefined) ?? account.tokenEndpoint;
  const to = { endpoint, provider, clientId, clientSecret, deadline: DEADLINE };
  const { clock, interruption: signal } = deps;
  const outage = deps.outage?.(new URL(endpoint).host);
  const ask =
    repeated === null
      ? () => refresh(http, { ...to, refreshToken })
      : () => requestGrant(http, { ...to, repeated, subjectToken, scopes: account.askedScopes });
  return sendWithRetries(ask, {
    ...how,
    clock,
    signal,
    outage,
    onPause: deps.onPause,
  });
}

type IdTokenCheck = typeof import('./refreshed-id-token.js') | null;

/**
 * The code that checks an id_token, loaded while the request is under way: what is between the answer and its commit must not
 * take long, and must not fail.
 *
 * @returns null where an id_token is ignored, as in the login, or the code cannot be loaded
 */
async function idTokenCheck(
  { askedScopes }: Account,
  { identity }: ConfiguredProvider,
): Promise<IdTokenCheck> {
  if (!askedScopes.includes('openid') || identity.from === 'none') return null;
  return import('./refreshed-id-token.js').catch(() => null);
}

/** An account whose refresh intent is written. */
interface Exchange {
  readonly account: SealedAccount;
  readonly contents: Contents;
  readonly provider: ConfiguredProvider;
  /** The open intent of an earlier attempt with the same refresh token. */
  readonly earlier: Intent | null;
  readonly slot: SpillSlot;
  readonly idTokens: Promise<IdTokenCheck>;
}

async function conclude(
  deps: RefreshDeps,
  vault: Vault,
  { account, contents, provider, earlier, slot, idTokens }: Exchange,
  { result, at, openSince: sentAt }: Sent,
): Promise<RefreshOutcome> {
  const now = deps.clock.now();
  const openSince = provider.grant === undefined ? (earlier?.at ?? sentAt) : null;
  if (result instanceof TransportFailure) {
    const error = refreshUnanswered(account, result, { openSince, now });
    return recordFailure(deps, vault, account, error, openSince === null);
  }
  if (result.kind === 'refused') {
    if (result.error === 'invalid_client') await noteLostClient(vault, provider, now);
    const [consent] = await vault.consents(account.id);
    const history = { consentedAt: consent?.at ?? account.createdAt, openSince, now };
    const error = refreshRefusal(account, provider, result, history);
    // A refresh token that the provider no longer accepts leaves nothing open; other refusals say nothing about it.
    const settled = openSince === null || result.class === 'login_needed';
    return recordFailure(deps, vault, account, error, settled, result.retryAfter);
  }
  const checked =
    result.idToken === null
      ? null
      : await (await idTokens)?.checkIdToken(account, provider, contents, result.idToken, now);
  const answer = changeBy(account, provider, result, checked?.idToken ?? null, at, now);
  const updated = await commitOrSpill(vault, account, answer, contents, slot);
  if (updated === null) return { kind: 'adopted', account: await reread(vault, account) };
  deps.audit.record(refreshed(updated), 'chained');
  const warning = checked?.warning ?? undefined;
  if (result.accessToken !== null)
    return { kind: 'refreshed', account: updated, ...(warning !== undefined && { warning }) };
  const error = new VaultError(
    'provider_answer_invalid',
    `${provider.title} answered without a usable access token for ${accountName(account)}`,
    { hint: 'the new refresh token in that answer is stored; try again in a moment' },
  );
  return recordFailure(deps, vault, updated, error, true);
}

/** So that the next login registers another one. The outcome of this refresh is more important. */
async function noteLostClient(
  vault: Vault,
  { registration }: ConfiguredProvider,
  now: number,
): Promise<void> {
  if (registration === undefined) return;
  try {
    await (await vault.clients()).refused(registration, now);
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
  }
}

/**
 * What renews an account was fixed when it was logged in: a refresh token is never sent for it under another grant.
 *
 * @throws VaultError `binding_changed`
 */
function requireSameGrant(
  account: Account,
  provider: ConfiguredProvider,
  refreshToken: Secret | null,
): Repeated | null {
  const repeated = refreshToken === null ? null : repeatedGrant(refreshToken);
  if (refreshToken === null || (repeated?.grant ?? null) === (provider.grant ?? null)) return repeated;
  const { name } = provider;
  const before =
    repeated === null ? unsetProvider(name, 'grant') : setProvider(name, 'grant', repeated.grant);
  throw new VaultError(
    'binding_changed',
    `the grant configured for ${provider.name} is not the one ${accountName(account)} was logged in with, so nothing is sent`,
    { hint: `to set it back: ${before}\nor log in again: ${loginCommand(account)}` },
  );
}

function nothingToRefreshWith(account: Account): VaultError {
  return new VaultError(
    'login_needed',
    `${accountName(account)} has no refresh token, so its access token cannot be renewed`,
    { hint: loginCommand(account) },
  );
}
