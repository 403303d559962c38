import type { LoginMachine } from '../../access/login-machine.js';
import type { Context } from '../../context.js';
import { type Account, accountName, type Consent, type Identity } from '../../domain/account.js';
import type { Audit } from '../../domain/audit-events.js';
import { SECOND } from '../../domain/duration.js';
import { reworded } from '../../domain/error-forms.js';
import { VaultError } from '../../domain/errors.js';
import { canonicalScopes, missingScopes } from '../../domain/scopes.js';
import type { Secret } from '../../domain/secret.js';
import { nextStatus } from '../../domain/status.js';
import type { GrantedAnswer, ServerMetadata } from '../../oauth/contract.js';
import type { ConfiguredProvider } from '../../providers/contract.js';
import type { Http } from '../../system/contract.js';
import type { VaultEvents } from '../../vault/queued-events.js';
import type { UnstoredLogin } from '../../vault/sealed-spill.js';
import type { Vault } from '../../vault/vault.js';
import { mayRevokeAt, revokeTokens } from '../revoke/revoke.js';
import { loginFinished, noteConsent } from './login-commit.js';
import { type IdentifiedUser, identifyUser, identityByName } from './login-identity.js';
import type { LoginRequest, LoginResult } from './login-request.js';
import { retryLogin } from './login-request.js';
import { type ReservedDeps, storeLogin } from './login-store.js';
import type { LoginTarget } from './login-target.js';

export interface LoginContext
  extends Pick<
    Context,
    | 'accountNames'
    | 'settings'
    | 'files'
    | 'paths'
    | 'readText'
    | 'vault'
    | 'vaultOrNew'
    | 'wantedAccount'
    | 'locks'
    | 'spill'
    | 'http'
    | 'loginMachine'
    | 'refresher'
    | 'clock'
    | 'provider'
    | 'notice'
    | 'interruption'
  > {
  readonly audit: Audit;
  readonly events: Pick<VaultEvents, 'queue'>;
}

/** What a login needs once it has begun; there is a spill slot for its answer by then. */
export interface LoginRun extends LoginContext, LoginMachine {
  readonly storing: ReservedDeps;
}

/** The answer to a token request. */
export interface Grant {
  readonly answer: GrantedAnswer;
  /** When the request began, in milliseconds since the epoch. */
  readonly at: number;
}

/** A grant, with the login it came from. */
export interface Redeemed extends Grant {
  readonly provider: ConfiguredProvider;
  readonly server: ServerMetadata;
  readonly target: LoginTarget;
  /** Null where none was sent. */
  readonly nonce: string | null;
  readonly how: Consent['how'];
  /** Whose the account is, where no user was asked; else left out. */
  readonly owner?: Identity;
}

/**
 * Stores the grant of a login. One that must not be stored is revoked at the provider, if possible.
 *
 * @throws VaultError when the user cannot be identified, or the grant cannot be stored
 */
export async function finish(ctx: LoginRun, vault: Vault, redeemed: Redeemed): Promise<LoginResult> {
  const { provider, target, answer } = redeemed;
  const { request, scopes } = target;
  let known: Identity | null = null;
  try {
    const { accessToken } = answer;
    if (accessToken === null) throw noToken(provider, request);
    const idTokenAsked = scopes.includes('openid');
    const named = redeemed.owner ?? (await identityByName(vault, provider, target));
    const facts = { ...redeemed, accessToken, idTokenAsked, named };
    const who = await identifyUser({ ...facts, http: await ctx.http(), now: ctx.clock.now() });
    known = who.identity;
    const login = unstoredLogin(redeemed, { ...who, accessToken });
    const stored = await storeLogin(vault, ctx.storing, login, request);
    const { account } = stored;
    await noteConsent(vault, account, login.consent);
    ctx.audit.record(loginFinished(account, stored.created), 'chained');
    const missing = missingScopes(scopes, login.facts.grantedScopes);
    const keptRefreshToken = account.hasRefreshToken && answer.refreshToken === null;
    return { ...stored, identity: known, missingScopes: missing, keptRefreshToken };
  } catch (failure) {
    if (!(failure instanceof VaultError) || (known !== null && !isRefused(failure))) throw failure;
    throw await discard(ctx, vault, { ...redeemed, identity: known }, failure);
  }
}

const NEVER_FAILED = { status: 'active', reason: null, lastError: null, failures: 0, retryAt: null } as const;

/** Everything that an account needs of a login. */
export function unstoredLogin(
  { provider, server, target, answer, at, how }: Omit<Redeemed, 'nonce'>,
  { identity, issuer, idToken, accessToken }: IdentifiedUser & { readonly accessToken: Secret },
): UnstoredLogin {
  const { scopes: askedScopes, only, request } = target;
  const grantedScopes = canonicalScopes(askedScopes, answer.scopes, provider);
  const after = (seconds: number | null) => (seconds === null ? null : at + seconds * SECOND);
  return {
    as: request.as,
    only: only && { id: only.id, provider: only.provider, label: only.label },
    facts: {
      provider: provider.name,
      issuer,
      tokenEndpoint: server.tokenEndpoint,
      clientId: provider.clientId,
      ...nextStatus(NEVER_FAILED, {
        kind: 'granted',
        missingScopes: missingScopes(askedScopes, grantedScopes),
      }),
      askedScopes,
      grantedScopes,
      tokenType: answer.tokenType,
      issuedAt: at,
      expiresAt: after(answer.expiresIn),
      grantExpiresAt: after(answer.refreshTokenExpiresIn),
      updatedAt: at,
    },
    contents: { accessToken, refreshToken: answer.refreshToken, identity, idToken },
    consent: { at, how, askedScopes, grantedScopes },
  };
}

/** Whether a login must not be stored. One that merely could not be stored waits in the spill slot. */
function isRefused({ code }: VaultError): boolean {
  return code === 'wrong_person' || code === 'account_name_taken';
}

function noToken(provider: ConfiguredProvider, request: LoginRequest): VaultError {
  return new VaultError('provider_answer_invalid', `${provider.title} sent no usable access token`, {
    hint: retryLogin(request, request.device ? '--device' : ''),
  });
}

/** The user is waiting for the error message. */
const DEADLINE = 5 * SECOND;

/** The grant of a login that is not stored. */
interface DiscardedGrant extends Pick<Redeemed, 'provider' | 'server' | 'answer'> {
  /** Null when the user could not be identified. */
  readonly identity: Identity | null;
}

type End = { readonly outcome: 'revoked' | 'shared' | 'unsupported' | 'failed'; readonly words: string };

/**
 * Revokes a grant that is not stored (RFC 7009), because it could not be revoked later. It is left alone where a stored account
 * may share it: at some providers one revocation ends everything that the user has granted to the client.
 *
 * @returns the failure, which then also reports whether the grant was revoked
 */
async function discard(
  ctx: Pick<LoginRun, 'http' | 'audit'>,
  vault: Vault,
  grant: DiscardedGrant,
  failure: VaultError,
): Promise<VaultError> {
  const { outcome, words } = await end(ctx.http, vault, grant);
  ctx.audit.record({ event: 'grant_discarded', provider: grant.provider.name, outcome });
  return reworded(failure, { message: `${failure.message}; the new grant ${words}` });
}

async function end(http: () => Promise<Http>, vault: Vault, grant: DiscardedGrant): Promise<End> {
  const { provider, server, answer } = grant;
  const { title, manageUrl } = provider;
  const remove = manageUrl === null ? `remove it at ${title}` : `remove it at ${manageUrl}`;
  const sharing = await accountThatMayShare(vault, grant);
  if (sharing !== null) {
    return { outcome: 'shared', words: `was not revoked, because ${accountName(sharing)} may share it` };
  }
  const endpoint = server.revocationEndpoint;
  if (provider.revocation.style === 'none' || endpoint === null) {
    const words = `was not revoked, because ${title} does not support revocation: ${remove}`;
    return { outcome: 'unsupported', words };
  }
  const not = (why: string): End => ({
    outcome: 'failed',
    words: `could not be revoked (${why}): ${remove}`,
  });
  if (!mayRevokeAt(provider, endpoint, server)) {
    return not('the configured revocation endpoint is on another server');
  }
  const revoked = await revokeTokens(await http(), provider, endpoint, answer, DEADLINE);
  switch (revoked.kind) {
    case 'revoked':
    case 'already_gone':
      return { outcome: 'revoked', words: `was revoked at ${title}` };
    case 'transient':
      return not(revoked.reason);
    case 'refused':
      return not(revoked.error);
  }
}

/**
 * A stored account that may use the same grant: one of the same user, or any while the user is unknown. Accounts of other clients
 * at the same server count: at Google all clients of a project share what the user has granted.
 */
async function accountThatMayShare(
  vault: Vault,
  { provider, server, identity }: DiscardedGrant,
): Promise<Account | null> {
  for (const account of await vault.accounts()) {
    if (account.tokenEndpoint !== server.tokenEndpoint) continue;
    if (identity === null || provider.identity.from === 'none') return account;
    const other = await identityOf(vault, account);
    if (other === null || mayBeSameUser(identity, other, account.provider === provider.name)) return account;
  }
  return null;
}

/** @param comparable whether both subjects come from the same provider */
function mayBeSameUser(one: Identity, other: Identity, comparable: boolean): boolean {
  if (one.subject === other.subject) return true;
  if (comparable && one.subject.split(':')[0] === other.subject.split(':')[0]) return true;
  if (one.email !== null && other.email !== null) return one.email === other.email;
  return !comparable;
}

async function identityOf(vault: Vault, { id }: Account): Promise<Identity | null> {
  try {
    const account = await vault.account(id);
    return account === null ? null : await vault.identity(account);
  } catch (failure) {
    if (failure instanceof VaultError) return null;
    throw failure;
  }
}
