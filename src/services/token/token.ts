import type { Context } from '../../context.js';
import { type Account, accountName } from '../../domain/account.js';
import { aboutAccount } from '../../domain/audit-events.js';
import { EXIT_CODES, isKeyFailure, VaultError } from '../../domain/errors.js';
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

/** Failures that the notify command reports. */
const OF_ACCOUNTS: readonly number[] = [
  EXIT_CODES.login_needed,
  EXIT_CODES.provider_unavailable,
  EXIT_CODES.client_refused,
];

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
  if (isToken(first)) return first;
  try {
    if (request.refresh) (await ctx.refresher({ concurrency: 1 })).prepare();
    const refresh: RenewContext['refresh'] = (...wanted) => refreshHere(ctx, ...wanted);
    return await ensureValid({ ...ctx, refresh }, request);
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    if (OF_ACCOUNTS.includes(failure.exitCode)) await (await import('../notify/notify.js')).notifyDue(ctx);
    const lacksKey = isKeyFailure(failure);
    if (!lacksKey && failure.code !== 'client_not_configured') throw failure;
    const answer = first === 'not_asked' ? await askRunningAgent(ctx, request) : first;
    if (isToken(answer)) return answer;
    // The agent has opened the vault, so its reason says more.
    throw lacksKey ? (answer ?? failure) : failure;
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

function isToken(answer: ValidToken | VaultError | 'not_asked' | null): answer is ValidToken {
  return answer !== null && answer !== 'not_asked' && !(answer instanceof VaultError);
}

async function refreshHere(ctx: TokenContext, vault: Vault, account: Account, fallback: boolean) {
  const { requestRefresh } = await import('../refresh/request-refresh.js');
  const refresher = await ctx.refresher({ concurrency: 1 });
  return requestRefresh(ctx, refresher, vault, account, fallback ? 'none' : 'short');
}

/** @returns null when no agent was asked, or it gave no usable answer; the agent's reason why there is no token */
async function askRunningAgent(
  ctx: TokenContext,
  request: TokenRequest,
): Promise<ValidToken | VaultError | null> {
  // The agent supports neither --refresh nor --settings.
  if (request.refresh || ctx.envFile !== null) return null;
  const { agentSocket } = await import('../../access/agent-socket.js');
  const socket = agentSocket(ctx);
  if (!socket.exists()) return null;
  const { askAgent } = await import('../agent/agent-client.js');
  // The agent does not know this environment.
  const names = ctx.wantedAccount !== null && request.selector?.includes('/') !== true;
  const selector = names
    ? accountName(await selectAccount(ctx, await ctx.vault(), request.selector, request.verb ?? 'token'))
    : request.selector;
  return askAgent(ctx, socket, { ...request, selector });
}

export interface EnsureValidContext extends RenewContext, NameContext, Pick<Context, 'vault'> {
  readonly audit?: Pick<Context['audit'], 'record'>;
}

/**
 * A token that is valid for long enough is returned at once. Otherwise the account is refreshed; if that fails temporarily
 * and the token still works, it is returned with a warning.
 *
 * @throws VaultError why there is none
 */
export async function ensureValid(ctx: EnsureValidContext, request: TokenRequest): Promise<ValidToken> {
  const vault = await ctx.vault();
  const account = await selectAccount(ctx, vault, request.selector, request.verb ?? 'token');
  if (vault === null)
    throw new VaultError('account_not_found', 'there is no vault yet', { hint: command('login google') });
  const { scopes, minValid } = request;
  const now = ctx.clock.now();
  const isGranted = scopes.every((scope) => account.grantedScopes.includes(scope));
  const isValid =
    account.status !== 'login_needed' &&
    isGoodEnough(account, minValid, now) &&
    livesFor(account, minValid, now);
  if (!request.refresh && isGranted && isValid) return openToken(ctx, vault, account, request, null);
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
