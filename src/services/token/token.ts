import type { Context } from '../../context.js';
import { aboutAccount } from '../../domain/audit-events.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { isBearer, isGoodEnough, livesFor } from '../../domain/token-state.js';
import type { ValidToken } from '../../domain/valid-token.js';
import type { KeySourceKind } from '../../keysources/contract.js';
import type { SealedAccount } from '../../stores/contract.js';
import type { Vault } from '../../vault/vault.js';
import { type NameContext, selectAccount } from '../select-account.js';
import type { RenewContext } from './renew.js';
import type { TokenRequest } from './token-request.js';

export type TokenContext = Pick<
  Context,
  | 'accountNames'
  | 'audit'
  | 'clock'
  | 'detail'
  | 'envFile'
  | 'files'
  | 'firstTime'
  | 'host'
  | 'interruption'
  | 'keys'
  | 'locks'
  | 'notice'
  | 'paths'
  | 'providerOrNull'
  | 'readText'
  | 'refresher'
  | 'settings'
  | 'vault'
  | 'wantedAccount'
>;

/** Key sources that need no user and no other program: reading the vault takes less time than asking an agent. */
const LOCAL_SOURCES: readonly KeySourceKind[] = ['file', 'credential'];

/**
 * A valid access token. Where the key needs no user, the vault is read here, even if its agent runs. Else a running agent is
 * asked first. An agent is also asked where this process turns out to lack the key or the client's settings.
 *
 * @throws VaultError why there is none; never opens a browser
 */
export async function token(ctx: TokenContext, request: TokenRequest): Promise<ValidToken> {
  const first = (await hasLocalKey(ctx)) ? 'not_asked' : await askRunningAgent(ctx, request);
  if (first !== null && first !== 'not_asked' && !(first instanceof VaultError)) return first;
  try {
    if (request.refresh) (await ctx.refresher({ concurrency: 1 })).prepare();
    const refresh: RenewContext['refresh'] = async (vault, account, fallback) => {
      const { requestRefresh } = await import('../refresh/request-refresh.js');
      const refresher = await ctx.refresher({ concurrency: 1 });
      return requestRefresh(ctx, refresher, vault, account, fallback ? 'none' : 'short');
    };
    return await ensureValid({ ...ctx, refresh }, request);
  } catch (failure) {
    const { tokenElsewhere } = await import('./token-elsewhere.js');
    return tokenElsewhere(ctx, request, failure, first);
  }
}

/** A wrong configuration is reported by what needs it. */
async function hasLocalKey({ keys }: TokenContext): Promise<boolean> {
  try {
    return LOCAL_SOURCES.includes((await keys.current()).kind);
  } catch (failure) {
    if (failure instanceof VaultError) return false;
    throw failure;
  }
}

async function askRunningAgent(ctx: TokenContext, request: TokenRequest) {
  return (await import('./ask-agent.js')).askRunningAgent(ctx, request);
}

export interface EnsureValidContext extends RenewContext, NameContext, Pick<Context, 'vault'> {
  readonly audit?: Pick<Context['audit'], 'record'>;
}

/**
 * A token that is valid for long enough, and was not refused, is returned at once. Otherwise the account is refreshed; if that
 * fails temporarily and the token still works, it is returned with a warning.
 *
 * @throws VaultError why there is none
 */
export async function ensureValid(ctx: EnsureValidContext, request: TokenRequest): Promise<ValidToken> {
  const vault = await ctx.vault();
  const account = await selectAccount(ctx, vault, request.selector, request.verb ?? 'token');
  if (vault === null)
    throw new VaultError('account_not_found', 'there is no vault yet', { hint: command('setup') });
  const { scopes, minValid } = request;
  if (request.idToken === true) {
    const given = await (await import('./id-token.js')).ensureIdToken(ctx, vault, account, request);
    return given === 'changed' ? ensureValid(ctx, request) : given;
  }
  const now = ctx.clock.now();
  const isGranted = scopes.every((scope) => account.grantedScopes.includes(scope));
  const isValid =
    account.status !== 'login_needed' &&
    isGoodEnough(account, minValid, now) &&
    livesFor(account, minValid, now);
  const asItIs = !request.refresh && request.refused === undefined;
  if (asItIs && isGranted && isValid) return openToken(ctx, vault, account, request, null);
  const { renew } = await import('./renew.js');
  const renewed = await renew(ctx, vault, account, request);
  if (renewed === 'changed') return ensureValid(ctx, request);
  return openToken(ctx, vault, renewed.account, request, renewed.warning);
}

async function openToken(
  { audit }: EnsureValidContext,
  vault: Vault,
  account: SealedAccount,
  request: TokenRequest,
  warning: string | null,
): Promise<ValidToken> {
  const accessToken = await vault.accessToken(account);
  if (accessToken === null || (request.anyType !== true && !isBearer(account))) {
    const { unusable } = await import('./renew.js');
    throw await unusable(vault, account, accessToken);
  }
  const email = request.withIdentity ? ((await vault.identity(account))?.email ?? null) : null;
  audit?.record({ event: 'token_given', ...aboutAccount(account), ...request.client });
  return { account, accessToken, email, warning };
}
