import type { Exchange, Posted } from '../../consumers/contract.js';
import type { Context } from '../../context.js';
import { accountName } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import { describeTransport, TransportFailure } from '../../domain/transport.js';
import type { ValidToken } from '../../domain/valid-token.js';
import { keep, readKept } from './kept.js';

type ExchangeContext = Pick<Context, 'clock' | 'files' | 'http' | 'interruption' | 'paths'>;

/** @param asked what is kept belongs to this program and target */
export function exchangeFor(
  ctx: ExchangeContext,
  { tool, target }: { readonly tool: string; readonly target: string | null },
): Exchange {
  const nameOf = (account: ValidToken['account']) => JSON.stringify([tool, accountName(account), target]);
  return {
    now: () => ctx.clock.now(),
    post: (url, form) => post(ctx, url, form),
    readKept: ({ account, accessToken }) => readKept(ctx, nameOf(account), accessToken),
    keep: ({ account, accessToken }, text) => keep(ctx, nameOf(account), accessToken, text),
  };
}

async function post(
  { http, interruption }: ExchangeContext,
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
