import type { Context } from '../../context.js';
import { type Account, accountName } from '../../domain/account.js';
import type { Audit, ImportOutcome } from '../../domain/audit-events.js';
import { aboutAccount } from '../../domain/audit-events.js';
import { reworded } from '../../domain/error-forms.js';
import { VaultError } from '../../domain/errors.js';
import { command, shellName } from '../../domain/hints.js';
import { labelOf } from '../../domain/label.js';
import { quoted } from '../../domain/safe-text.js';
import type { Secret } from '../../domain/secret.js';
import type { RefreshOutcome } from '../../domain/status.js';
import { isUsable } from '../../domain/token-state.js';
import { unidentifiedSubject } from '../../domain/unidentified.js';
import type { FoundLogin } from '../../imports/contract.js';
import { called } from '../../imports/reading.js';
import type { ServerMetadata } from '../../oauth/contract.js';
import type { ConfiguredProvider } from '../../providers/contract.js';
import type { SealedAccount } from '../../stores/contract.js';
import type { AccountFacts } from '../../vault/sealed-account.js';
import type { Vault } from '../../vault/vault.js';
import { lockAndRead } from '../locked-account.js';
import { serverOf } from '../provider-server.js';
import { requestRefresh } from '../refresh/request-refresh.js';
import { type ImportedToken, noteImported, readImported, tokenDigest } from './imported-tokens.js';
import { type Placed, placeImport } from './place-import.js';

export interface TakeOverContext
  extends Pick<
    Context,
    'clock' | 'files' | 'http' | 'interruption' | 'locks' | 'notice' | 'paths' | 'refresher' | 'spill'
  > {
  readonly audit: Audit;
}

/** A login to take over, with the provider it belongs to. */
export interface TakeOver {
  readonly tool: string;
  /** `-`: stdin. */
  readonly file: string;
  /** The same import, to type again. */
  readonly again: string;
  readonly login: FoundLogin;
  readonly refreshToken: Secret;
  readonly provider: ConfiguredProvider;
  /** Given with `--as`. */
  readonly as: string | null;
}

export interface TakenOver {
  readonly account: Account;
  readonly outcome: ImportOutcome | 'imported_before';
  /** Whether the provider has named the user of the account. */
  readonly identified: boolean;
  /** Of an account that was kept beside another: that one, and the scopes it lacks. */
  readonly beside: { readonly account: Account; readonly lacks: readonly string[] } | null;
}

/** Waits for another process that holds the account. */
const LOCK_WAIT = 130_000;
const MAX_TRIES = 100;

/**
 * Takes over a login of another tool. The refresh token is sealed and stored before it is sent, in an account without a user. The
 * refresher process then refreshes that account. Once the provider has named the user, `placeImport` gives the account to that user,
 * or moves its grant into the account that the user has, in one commit. So a crash at any point leaves an account that works, and
 * the same import finishes what was begun. A token that was imported before is not sent again.
 *
 * @throws VaultError when the provider refuses the token, or cannot be reached; then nothing has changed, unless the outcome is open
 */
export async function takeOver(ctx: TakeOverContext, vault: Vault, what: TakeOver): Promise<TakenOver> {
  // Two imports of one token would each finish what the other began, and each would write the record of imports.
  const lock = await ctx.locks.acquire('import', LOCK_WAIT, ctx.interruption);
  try {
    return await takeOverAlone(ctx, vault, what);
  } finally {
    await lock.release();
  }
}

async function takeOverAlone(ctx: TakeOverContext, vault: Vault, what: TakeOver): Promise<TakenOver> {
  const { provider, refreshToken, login, tool } = what;
  const digest = tokenDigest(refreshToken);
  const before = await importedBefore(ctx, vault, what, digest);
  if (before !== null) return { account: before, outcome: 'imported_before', identified: true, beside: null };
  const server = await serverOf(provider, ctx.http, ctx.interruption);
  requireSameEndpoint(login, server, provider);
  const begun = await begin(ctx, vault, what, server, digest);
  const fresh = await withToken(ctx, vault, what, begun);
  const note = (account: string, replaced: boolean) =>
    noteImported(ctx, { digest, tool, account, at: ctx.clock.now(), replaced });
  const proves = (account: Account) => isRefreshed(ctx, vault, account);
  const placed: Placed = await placeImport(ctx, vault, { ...what, server, note, proves }, fresh);
  const { account, outcome } = placed;
  ctx.audit.record({ event: 'imported', tool, outcome, ...aboutAccount(account) }, 'chained');
  return placed;
}

async function isRefreshed(ctx: TakeOverContext, vault: Vault, account: Account): Promise<boolean> {
  const refresher = await ctx.refresher({ concurrency: 1 });
  const { kind } = await requestRefresh(ctx, refresher, vault, account, 'short');
  return kind === 'refreshed' || kind === 'adopted';
}

/**
 * The account to which this very token went already, or in which it is stored; null also for an import that is not finished.
 *
 * @throws VaultError `login_needed` where the token was replaced and the account is gone
 */
async function importedBefore(
  ctx: TakeOverContext,
  vault: Vault,
  { provider, refreshToken, file }: TakeOver,
  digest: string,
): Promise<Account | null> {
  const subject = unidentifiedSubject(digest);
  if ((await vault.byIdentity(provider.name, provider.issuer, subject)) !== null) return null;
  const noted = readImported(ctx).find((each) => each.digest === digest);
  const account = noted === undefined ? null : await vault.account(noted.account);
  if (account !== null) return account;
  if (noted?.replaced) throw spent(noted, provider, file);
  for (const { id, clientId } of await vault.accounts(provider.name)) {
    const each = clientId === provider.clientId ? await vault.account(id) : null;
    if (each === null || !each.hasRefreshToken) continue;
    const { refreshToken: stored } = await vault.contents(each);
    if (stored?.reveal() === refreshToken.reveal()) return each;
  }
  return null;
}

function spent({ at }: ImportedToken, { title, name }: ConfiguredProvider, file: string): VaultError {
  const day = new Date(at).toISOString().slice(0, 10);
  return new VaultError(
    'login_needed',
    `the refresh token in ${called(file)} was imported on ${day}, ${title} has replaced it since, and the account it went to was removed`,
    { hint: command(`login ${quoted(name)}`) },
  );
}

/** A refresh token is sent only to the endpoint that the tool sent it to. @throws VaultError `binding_changed` */
function requireSameEndpoint(login: FoundLogin, server: ServerMetadata, provider: ConfiguredProvider): void {
  const told = login.server.tokenEndpoint ?? null;
  // Endpoints that are configured were compared when the provider was chosen.
  if (told === null || provider.endpoints !== null || told === server.tokenEndpoint) return;
  throw new VaultError(
    'binding_changed',
    `the tool sends this refresh token to another endpoint than the one that ${provider.title} announces, so it is not sent`,
    { hint: `log in instead: ${command(`login ${quoted(provider.name)}`)}` },
  );
}

/** Stores the refresh token in an account without a user, or finds the one of an earlier, interrupted import. */
async function begin(
  ctx: TakeOverContext,
  vault: Vault,
  { login, refreshToken, provider, as, tool, file, again }: TakeOver,
  server: ServerMetadata,
  digest: string,
): Promise<SealedAccount> {
  const subject = unidentifiedSubject(digest);
  const now = ctx.clock.now();
  const identifies = provider.identity.from !== 'none';
  const facts: Omit<AccountFacts, 'label'> = {
    provider: provider.name,
    issuer: provider.issuer,
    tokenEndpoint: server.tokenEndpoint,
    clientId: provider.clientId,
    status: 'active',
    reason: `not imported completely; to finish: ${again}`,
    lastError: null,
    failures: 0,
    retryAt: null,
    // An id_token is checked and kept only where it was asked for; the scopes of the grant are known once there is an answer.
    askedScopes: [...new Set([...login.scopes, ...(identifies ? ['openid'] : [])])],
    grantedScopes: login.scopes,
    tokenType: 'Bearer',
    issuedAt: now,
    expiresAt: now,
    grantExpiresAt: null,
    lastRefreshAt: null,
    createdAt: now,
    updatedAt: now,
  };
  const identity = { subject, email: login.email, name: null, details: {} };
  const contents = { accessToken: null, refreshToken, identity, idToken: null };
  const base = as ?? labelOf({ ...identity, subject: `import-${digest.slice(0, 8)}` });
  for (let attempt = 1; attempt <= MAX_TRIES; attempt += 1) {
    const known = await vault.byIdentity(provider.name, provider.issuer, subject);
    if (known !== null) return known;
    const label = attempt === 1 ? base : `${base}-${attempt}`;
    const added = await vault.add({ ...facts, label }, contents);
    if (added !== null) return added;
  }
  throw new VaultError('account_name_taken', `the name ${provider.name}/${base} belongs to another account`, {
    hint: `choose another name: ${command(`import ${tool} ${quoted(file)} --as NAME`)}`,
  });
}

/** Refreshes it, unless an interrupted import has done so just now. */
async function withToken(
  ctx: TakeOverContext,
  vault: Vault,
  what: TakeOver,
  begun: SealedAccount,
): Promise<SealedAccount> {
  if (begun.sealed.accessToken !== null && isUsable(begun, ctx.clock.now())) return begun;
  const refresher = await ctx.refresher({ concurrency: 1 });
  const outcome = await requestRefresh(ctx, refresher, vault, begun, 'short');
  const after = await vault.account(begun.id);
  if (after !== null && after.sealed.accessToken !== null && isUsable(after, ctx.clock.now())) return after;
  throw await notTaken(ctx, vault, what, begun, outcome);
}

/**
 * The error of a refresh that brought no token. The account is removed again, unless the provider may have replaced its token:
 * then it holds the only one that may still work, or what is needed to ask again.
 */
async function notTaken(
  ctx: TakeOverContext,
  vault: Vault,
  { file, provider, again }: TakeOver,
  begun: SealedAccount,
  outcome: RefreshOutcome,
): Promise<VaultError> {
  const error =
    'error' in outcome
      ? outcome.error
      : new VaultError('provider_answer_invalid', `${provider.title} sent no usable access token`);
  const held = await lockAndRead(
    { ...ctx, spill: await ctx.spill() },
    vault,
    begun.id,
    LOCK_WAIT,
    ctx.interruption,
  );
  try {
    const { account } = held;
    const isOpen = account !== null && (await vault.intent(account.id)) !== null;
    const isNew = account !== null && account.generation !== begun.generation;
    const isWaiting = outcome.kind === 'busy' || outcome.kind === 'open' || held.unopened > 0;
    if (account !== null && (isOpen || isNew || isWaiting)) {
      return reworded(error, {
        message: `${error.message}; the refresh token is kept as ${accountName(account)}`,
        hint: `to finish the import: ${again}\nor to give it up: ${command(`revoke ${shellName(account)} --local`)}`,
      });
    }
    if (account !== null) await vault.remove(account.id, { event: 'forgotten', ...aboutAccount(account) });
  } finally {
    await held.release();
  }
  if (error.code === 'login_needed')
    return new VaultError(
      'login_needed',
      `${provider.title} no longer accepts the refresh token in ${called(file)}, so nothing was imported`,
      { hint: command(`login ${quoted(provider.name)}`), details: error.details },
    );
  const hint = error.code === 'client_refused' || error.code === 'policy_refused' ? error.hint : null;
  return reworded(error, {
    message: `${error.message}; nothing was imported`,
    hint: [...(hint ? [hint] : []), `then import again: ${again}`].join('\n'),
  });
}
