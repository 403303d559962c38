import { accountName } from '../../domain/account.js';
import { asVaultError, isInterruption, VaultError } from '../../domain/errors.js';
import type { Vault } from '../../vault/vault.js';
import type { LoginPlan, LoginRequest, LoginResult, LoginTalk } from '../contract.js';
import { byCode } from './login-browser.js';
import { checkDeviceLogin } from './login-device.js';
import type { LoginDeps } from './login-finish.js';
import { namedByPerson } from './login-identity.js';
import { type Redirect, redirectFor, redirectUri } from './login-redirect.js';
import { retryLogin } from './login-request.js';
import { aimOf } from './login-target.js';
import { takeInLogins } from './waiting-logins.js';

/**
 * Logs a person in, in the browser on this machine or by a code typed on any other (RFC 8628). Everything that can be
 * checked is checked before the person is asked for anything, and nothing is stored before the whole login is good.
 *
 * @throws VaultError
 */
export async function login(deps: LoginDeps, asked: LoginRequest, talk: LoginTalk): Promise<LoginResult> {
  const provider = await deps.provider(asked.provider);
  // Whatever can go wrong without the person goes wrong before their time is wasted: settings, options, the vault.
  const device = asked.device ? await import('./login-device.js') : null;
  if (device === null) redirectFor(provider, asked);
  else device.checkDeviceLogin(provider, asked);
  if (asked.addScopes.length === 0) namedByPerson(provider, asked.as);
  const vault = await deps.vault();
  await vault.rehearse();
  const spill = await deps.spill();
  const { locks, interruption } = deps;
  await takeInLogins({ vault: async () => vault, locks, spill, interruption });
  const aim = await aimOf(provider, vault, asked, spill);
  await deps.slowDown?.(provider.name);
  deps.audit.record({ event: 'login_started', provider: provider.name });
  // Before anybody is asked for anything: the disk may be full by the time the answer comes.
  const slot = spill.reserve();
  const onHeld = () => talk.on({ kind: 'account_held' });
  try {
    const way = device === null ? byCode : device.byDevice;
    const begun = { ...deps, storing: { locks, spill, interruption, onHeld, slot } };
    return await way(begun, vault, provider, aim, talk);
  } catch (failure) {
    const { code, details } = asVaultError(failure);
    const why = details['check'] === 'issuer' ? { why: 'other_issuer' as const } : {};
    deps.audit.record({ event: 'login_failed', provider: provider.name, code, ...why });
    throw withCommand(failure, asked);
  } finally {
    slot.release();
  }
}

/** What was wrong with an answer is found out where nobody knows how the person had asked. */
function withCommand(failure: unknown, asked: LoginRequest): unknown {
  if (!(failure instanceof VaultError) || failure.hint !== undefined || isInterruption(failure))
    return failure;
  const { code, message, details, cause } = failure;
  // Without a browser of ours there is no start page that someone else could open.
  const elsewhere = code === 'login_opened_twice' || !asked.openBrowser ? '--no-browser' : '';
  const way = asked.device ? '--device' : asked.pasteOnly ? '--paste' : elsewhere;
  return new VaultError(code, message, { hint: retryLogin(asked, way), details, cause });
}

/** What a login would do; checks what a login checks first, sends nothing, opens nothing. @throws VaultError */
export async function planLogin(
  deps: Pick<LoginDeps, 'provider' | 'spill'> & { readonly vault: () => Promise<Vault | null> },
  request: LoginRequest,
): Promise<LoginPlan> {
  const provider = await deps.provider(request.provider);
  const { device } = request;
  if (device) checkDeviceLogin(provider, request);
  const redirect = device ? null : redirectFor(provider, request);
  const aim = await aimOf(provider, await deps.vault(), request, await deps.spill());
  namedByPerson(provider, aim.request.as);
  return {
    provider: provider.name,
    title: provider.title,
    issuer: provider.issuer,
    authorizationEndpoint: provider.endpoints?.authorization ?? null,
    tokenEndpoint: provider.endpoints?.token ?? null,
    clientId: provider.clientId,
    redirectUri: redirect === null ? null : shown(redirect),
    device,
    deviceAuthorizationEndpoint: device ? (provider.endpoints?.deviceAuthorization ?? null) : null,
    scopes: aim.scopes,
    // Neither belongs to a login in which no browser comes back.
    pkce: provider.pkce && !device,
    authorizeParams: device ? {} : aim.params,
    account: aim.only === null ? null : accountName(aim.only),
  };
}

function shown(redirect: Redirect): string {
  return redirect.kind === 'paste' ? redirect.redirectUri : redirectUri(redirect.facts);
}
