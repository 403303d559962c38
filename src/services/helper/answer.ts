import { join } from 'node:path';
import type { Connected, Consumer, HelperCall, WantedToken } from '../../consumers/contract.js';
import type { Context } from '../../context.js';
import { accountName } from '../../domain/account.js';
import { MINUTE } from '../../domain/duration.js';
import { orElse, VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { MIN_VALID } from '../../domain/token-state.js';
import type { ValidToken } from '../../domain/valid-token.js';
import { readConnections } from '../connect/connections.js';
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
  ctx: TokenContext & Pick<Context, 'files'>,
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
    connected: () => connectedFor(ctx, request),
    token: (wanted = {}) => tokenFor(ctx, request, helper.runsAgain === true, wanted, streams),
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
  { tool, selector: own }: HelperRequest,
  runsAgain: boolean,
  { account: selector = own, refused = null, withIdentity = false }: WantedToken,
  { say }: HelperStreams,
): Promise<ValidToken> {
  const request: TokenRequest = { selector, minValid: MIN_VALID, scopes: [], refresh: false, withIdentity };
  const stored = await token(ctx, request);
  const isRefused = stored.accessToken.reveal() === refused || (runsAgain && wasJustGiven(ctx, tool, stored));
  const given = isRefused
    ? await token(ctx, { ...request, selector: accountName(stored.account), refresh: true })
    : stored;
  if (runsAgain) noteGiven(ctx, tool, given);
  if (given.warning !== null) say(`warning: ${given.warning}`);
  return given;
}

/* Which process was given which token last, for programs that run the helper again after a 401 without a word about it. */

const RUNS_LIMIT = 32 * 1024;

function runsFile({ paths }: TokenContext): string {
  return join(paths.state, 'helper-runs.log');
}

/** The end of a token tells it from the next one. */
function runOf({ host }: TokenContext, tool: string, { account }: ValidToken): string {
  return JSON.stringify([tool, accountName(account), host.parentPid, account.expiresAt]);
}

function wasJustGiven(ctx: TokenContext, tool: string, valid: ValidToken): boolean {
  const text = orElse(() => ctx.files.read(runsFile(ctx), RUNS_LIMIT)?.toString('utf8') ?? '', '');
  const run = runOf(ctx, tool, valid);
  const since = ctx.clock.now() - MINUTE;
  return text.split('\n').some((line) => line.endsWith(` ${run}`) && Number.parseInt(line, 10) > since);
}

/** A helper answers even where this cannot be written. */
function noteGiven(ctx: TokenContext, tool: string, valid: ValidToken): void {
  const line = `${ctx.clock.now()} ${runOf(ctx, tool, valid)}\n`;
  orElse(() => ctx.files.append(runsFile(ctx), Buffer.from(line, 'utf8'), RUNS_LIMIT, 1), undefined);
}
