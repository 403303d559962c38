import type { Connected, Consumer, Helper, HelperCall, WantedToken } from '../../consumers/contract.js';
import type { Context } from '../../context.js';
import { HOUR, MINUTE } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { MIN_VALID } from '../../domain/token-state.js';
import type { ValidToken } from '../../domain/valid-token.js';
import { type TokenContext, token } from '../token/token.js';
import type { TokenRequest } from '../token/token-request.js';

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

/** In characters: more than a web server's answer that go passes on. */
const INPUT_LIMIT = 4 * 1024 * 1024;

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
    verb: request.verb,
    words: request.words,
    target: request.target,
    env: ctx.host.env,
    connected: () => connectedFor(ctx, request),
    lines: () => bounded(streams.lines()),
    token: (wanted = {}) => tokenFor(ctx, helper, request, wanted, streams),
    exchange: async () => (await import('./exchange.js')).exchangeFor(ctx, request),
    print: streams.print,
    say: streams.say,
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

/** Endless input must not fill the memory. */
async function* bounded(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let left = INPUT_LIMIT;
  for await (const line of lines) {
    left -= line.length + 1;
    if (left < 0) throw new VaultError('usage', 'the program writes more than 4 MiB on stdin');
    yield line;
  }
}

/** Without a host on the command line, what `vault connect` has recorded for this account, or for all. */
async function connectedFor(
  ctx: Pick<Context, 'files' | 'paths'>,
  { tool, selector, target }: HelperRequest,
): Promise<readonly Connected[]> {
  if (target !== null) return [{ account: selector, target }];
  const { readConnections } = await import('../connect/connections.js');
  return readConnections(ctx).flatMap((each) => {
    const meant = each.tool === tool && (selector === null || each.account === selector);
    return meant && each.target !== null ? [{ account: each.account, target: each.target }] : [];
  });
}

async function tokenFor(
  ctx: TokenContext,
  helper: Helper,
  asked: HelperRequest,
  { account: selector = asked.selector, refused = null, withIdentity = false, idToken }: WantedToken,
  { say }: HelperStreams,
): Promise<ValidToken> {
  const request: TokenRequest = {
    ...{ selector, minValid: MIN_VALID, scopes: [], refresh: false, withIdentity },
    ...((idToken ?? asked.idToken) && { idToken: true as const }),
  };
  const stored = await token(ctx, request);
  const { runsAgain = false, remembers = false, byShell = false } = helper;
  const runs = runsAgain || remembers ? (await import('./runs.js')).runsOf(ctx, asked, byShell) : null;
  const isRefused =
    refused === 'given'
      ? runs?.wasGiven(stored, HOUR) === true
      : stored.accessToken.reveal() === refused || (runsAgain && runs?.wasGiven(stored, MINUTE) === true);
  const given = isRefused ? await another(ctx, request, stored) : stored;
  // Only the first one: a server that refuses every token must not cost a refresh for each of its URLs.
  if (refused !== 'given') runs?.note(given);
  if (given.warning !== null) say(`warning: ${given.warning}`);
  return given;
}

async function another(ctx: TokenContext, request: TokenRequest, stored: ValidToken): Promise<ValidToken> {
  const { renewedToken } = await import('../token/refused.js');
  return renewedToken((again) => token(ctx, again), request, stored);
}
