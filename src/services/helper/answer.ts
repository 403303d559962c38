import type {
  Connected,
  Consumer,
  Helper,
  HelperCall,
  Posted,
  WantedToken,
} from '../../consumers/contract.js';
import type { Context } from '../../context.js';
import { accountName } from '../../domain/account.js';
import { HOUR, MINUTE } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { MIN_VALID } from '../../domain/token-state.js';
import { describeTransport, TransportFailure } from '../../domain/transport.js';
import type { ValidToken } from '../../domain/valid-token.js';
import { readConnections } from '../connect/connections.js';
import { renewedToken } from '../token/refused.js';
import { type TokenContext, token } from '../token/token.js';
import type { TokenRequest } from '../token/token-request.js';
import { keep, readKept } from './kept.js';
import { runsOf } from './runs.js';

export interface HelperRequest {
  /** The name of the consumer. */
  readonly tool: string;
  /** Null: the only account, or the default. */
  readonly selector: string | null;
  readonly verb: string | null;
  readonly words: readonly string[];
  readonly target: string | null;
  /** Give the id_token instead of the access token. */
  readonly idToken: boolean;
}

/** What a helper reads and prints. */
export type HelperStreams = Pick<HelperCall, 'lines' | 'print' | 'say'>;

/**
 * Answers one run of a helper. It never asks and never opens a browser.
 *
 * @returns the exit code, when the protocol wants the failure told in its own words
 * @throws VaultError why there is no answer
 */
export async function answer(
  ctx: TokenContext & Pick<Context, 'files' | 'http'>,
  { helper }: Consumer,
  request: HelperRequest,
  streams: HelperStreams,
): Promise<number> {
  if (helper === null)
    throw new VaultError('usage', `${request.tool} runs no helper`, {
      hint: `to see what it runs: ${command(`connect ${request.tool}`)}`,
    });
  const call: HelperCall = {
    ...streams,
    verb: request.verb,
    words: request.words,
    target: request.target,
    env: ctx.host.env,
    now: () => ctx.clock.now(),
    post: (url, form) => post(ctx, url, form),
    readKept: ({ account, accessToken }) => readKept(ctx, keptName(request, account), accessToken),
    keep: ({ account, accessToken }, text) => keep(ctx, keptName(request, account), accessToken, text),
    connected: () => connectedFor(ctx, request),
    token: (wanted = {}) => tokenFor(ctx, helper, request, wanted, streams),
  };
  try {
    await helper.answer(call);
    return 0;
  } catch (failure) {
    if (!(failure instanceof VaultError) || helper.failure === undefined) throw failure;
    const { exitCode, silent } = helper.failure(failure, call);
    if (!silent) throw failure;
    return exitCode;
  }
}

function keptName({ tool, target }: HelperRequest, account: ValidToken['account']): string {
  return JSON.stringify([tool, accountName(account), target]);
}

async function post(
  { http, interruption }: Pick<Context, 'http' | 'interruption'>,
  url: string,
  form: Readonly<Record<string, string>>,
): Promise<Posted> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = new URLSearchParams(form).toString();
  try {
    return await (await http()).send({ method: 'POST', url, headers, body, signal: interruption });
  } catch (failure) {
    interruption.throwIfAborted();
    if (!(failure instanceof TransportFailure)) throw failure;
    throw new VaultError('network_failed', describeTransport(failure), {
      hint: 'check the network and try again',
    });
  }
}

/** Without a host on the command line, what `vault connect` has recorded for this account, or for all. */
function connectedFor(
  ctx: Pick<Context, 'files' | 'paths'>,
  { tool, selector, target }: HelperRequest,
): readonly Connected[] {
  if (target !== null) return [{ account: selector, target }];
  return readConnections(ctx).flatMap((each) => {
    const meant = each.tool === tool && (selector === null || each.account === selector);
    return meant && each.target !== null ? [{ account: each.account, target: each.target }] : [];
  });
}

async function tokenFor(
  ctx: TokenContext,
  helper: Helper,
  asked: HelperRequest,
  { account: selector = asked.selector, refused = null, withIdentity = false }: WantedToken,
  { say }: HelperStreams,
): Promise<ValidToken> {
  const request: TokenRequest = {
    ...{ selector, minValid: MIN_VALID, scopes: [], refresh: false, withIdentity },
    ...(asked.idToken && { idToken: true as const }),
  };
  const stored = await token(ctx, request);
  const { runsAgain = false, remembers = false, byShell = false } = helper;
  const runs = runsAgain || remembers ? await runsOf(ctx, asked, byShell) : null;
  const isRefused =
    refused === 'given'
      ? runs?.wasGiven(stored, HOUR) === true
      : stored.accessToken.reveal() === refused || (runsAgain && runs?.wasGiven(stored, MINUTE) === true);
  const given = isRefused ? await renewedToken((again) => token(ctx, again), request, stored) : stored;
  // Only the first one: a server that refuses every token must not cost a refresh for each of its URLs.
  if (refused !== 'given') runs?.note(given);
  if (given.warning !== null) say(`warning: ${given.warning}`);
  return given;
}
