import { FAILED_LOGINS, failedLogins, type SlowDownDeps, slowDown } from '../../audit/rate-limits.js';
import type { Context } from '../../context.js';
import { accountName } from '../../domain/account.js';
import { renamed } from '../../domain/account-names.js';
import { redirectUri } from '../../domain/endpoint.js';
import { asVaultError, reworded } from '../../domain/error-forms.js';
import { isInterruption, VaultError } from '../../domain/errors.js';
import type { ConfiguredProvider } from '../../providers/contract.js';
import type { VaultEvents } from '../../vault/queued-events.js';
import type { Vault } from '../../vault/vault.js';
import type { ChangeContext } from '../config/change.js';
import { changeNames } from '../config/change.js';
import type { NameContext } from '../select-account.js';
import { loginWithCode } from './login-code.js';
import { checkDeviceLogin, loginWithDeviceCode } from './login-device.js';
import type { LoginContext } from './login-finish.js';
import { checkGrantLogin, loginWithGrant } from './login-grant.js';
import { identityFromName } from './login-identity.js';
import { type Redirect, redirectFor } from './login-redirect.js';
import type { LoginPlan, LoginRequest, LoginResult, LoginTalk } from './login-request.js';
import { retryLogin } from './login-request.js';
import { loginTarget, whatToLogIn } from './login-target.js';
import { storeWaitingLogins } from './waiting-logins.js';

/**
 * Logs in: in the browser on this machine, or by a code typed on another device (RFC 8628). Settings, options and the vault are
 * checked before the user has to do anything, and nothing is stored before the whole login has succeeded.
 *
 * @throws VaultError
 */
export async function login(ctx: LoginContext, request: LoginRequest, talk: LoginTalk): Promise<LoginResult> {
  const { provider, again } = await whatToLogIn(ctx, request.name);
  const logIn = methodFor(provider, request);
  if (provider.grant === undefined && again === null && request.addScopes.length === 0)
    identityFromName(provider, request.as);
  const vault = await ctx.vaultOrNew();
  await vault.rehearse();
  const spill = await ctx.spill();
  const { accountNames, locks, interruption } = ctx;
  await storeWaitingLogins({ vault: async () => vault, locks, spill, interruption });
  const target = await loginTarget({ provider, again }, vault, request, spill);
  await slowDownLogins(ctx, vault, provider.name);
  ctx.audit.record({ event: 'login_started', provider: provider.name });
  // Reserved now, because the disk may be full by the time the answer comes.
  const slot = spill.reserve();
  const onHeld = () => talk.on({ kind: 'account_held' });
  try {
    const storing = { accountNames, locks, spill, interruption, onHeld, slot };
    const result = await logIn(
      { ...ctx, ...(await ctx.loginMachine()), storing },
      vault,
      provider,
      target,
      talk,
    );
    if (result.renamedFrom !== null) await keepOldName(ctx, result.renamedFrom, accountName(result.account));
    return result;
  } catch (failure) {
    const { code, details } = asVaultError(failure);
    const why = details['check'] === 'issuer' ? { why: 'other_issuer' as const } : {};
    ctx.audit.record({ event: 'login_failed', provider: provider.name, code, ...why });
    throw withRetryHint(failure, request);
  } finally {
    slot.release();
  }
}

/** How to log in here, after a check of what is known before anything is sent. @throws VaultError */
function methodFor(provider: ConfiguredProvider, request: LoginRequest): typeof loginWithCode {
  if (provider.grant !== undefined) {
    checkGrantLogin(provider, provider.grant, request);
    return loginWithGrant;
  }
  if (request.device) {
    checkDeviceLogin(provider, request);
    return loginWithDeviceCode;
  }
  redirectFor(provider, request);
  return loginWithCode;
}

/** The login is stored by now, so it does not fail any more. */
async function keepOldName(
  ctx: ChangeContext & Pick<LoginContext, 'notice'>,
  from: string,
  to: string,
): Promise<void> {
  try {
    await changeNames(ctx, (names) => renamed(names, from, to, true));
  } catch (failure) {
    const { message, hint } = asVaultError(failure);
    ctx.notice(`the name ${from} no longer works: ${message}`, hint);
  }
}

/** Adds the command for another attempt, which the code that checks an answer does not know. */
function withRetryHint(failure: unknown, request: LoginRequest): unknown {
  if (!(failure instanceof VaultError) || failure.hint !== undefined || isInterruption(failure))
    return failure;
  // With --no-browser there is no start page that another user could open.
  const inBrowser = failure.code === 'login_opened_twice' || !request.openBrowser ? '--no-browser' : '';
  const by = request.device ? '--device' : request.pasteOnly ? '--paste' : inBrowser;
  return reworded(failure, { hint: retryLogin(request, by) });
}

/** What a login would do, after the same first checks. Sends and opens nothing. @throws VaultError */
export async function planLogin(
  ctx: Pick<Context, 'provider' | 'spill' | 'vault'> & NameContext,
  request: LoginRequest,
): Promise<LoginPlan> {
  const { provider, again } = await whatToLogIn(ctx, request.name);
  methodFor(provider, request);
  const { device } = request;
  const { grant = null } = provider;
  const redirect = device || grant !== null ? null : redirectFor(provider, request);
  const target = await loginTarget({ provider, again }, await ctx.vault(), request, await ctx.spill());
  if (grant === null && target.only === null) identityFromName(provider, request.as);
  return {
    provider: provider.name,
    title: provider.title,
    issuer: provider.issuer,
    authorizationEndpoint: provider.endpoints?.authorization ?? null,
    tokenEndpoint: provider.endpoints?.token ?? null,
    clientId: provider.clientId,
    registered: provider.registered === true,
    resource: provider.resource ?? null,
    grant,
    redirectUri: redirect === null ? null : shown(redirect),
    device,
    deviceAuthorizationEndpoint: device ? (provider.endpoints?.deviceAuthorization ?? null) : null,
    scopes: target.scopes,
    // A device login has no redirect, so neither applies.
    pkce: provider.pkce && !device,
    authorizeParams: device ? {} : target.params,
    account: target.only === null ? null : accountName(target.only),
  };
}

function shown(redirect: Redirect): string {
  return redirect.kind === 'paste' ? redirect.redirectUri : redirectUri(redirect.facts);
}

/** After many failed or abandoned logins at a provider the next ones wait; see {@link slowDown}. */
export async function slowDownLogins(
  ctx: SlowDownDeps & { readonly events: Pick<VaultEvents, 'queue'> },
  { trail }: Pick<Vault, 'trail'>,
  provider: string,
): Promise<void> {
  const count = await failedLogins(trail, ctx.events.queue, provider, ctx.clock.now());
  if (count < FAILED_LOGINS) return;
  const why = `${count} logins at ${provider} failed or were abandoned within the last hour`;
  await slowDown(ctx, count - FAILED_LOGINS, { event: 'logins_slowed', provider, count }, why);
}
