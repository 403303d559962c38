import { accountName } from '../../domain/account.js';
import type { Vault } from '../../vault/vault.js';
import type { LoginPlan, LoginRequest } from '../contract.js';
import { aimOf } from './login-aim.js';
import { checkDeviceLogin } from './login-device.js';
import type { LoginDeps } from './login-finish.js';
import { namedByPerson } from './login-identity.js';
import { type Redirect, redirectFor, redirectUri } from './login-redirect.js';

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
