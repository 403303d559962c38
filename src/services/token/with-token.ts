import { accountName } from '../../domain/account.js';
import type { ValidToken } from '../../domain/valid-token.js';
import { renewedToken } from './refused.js';
import type { TokenRequest } from './token-request.js';

/**
 * Throw it from an operation whose access token was refused. Any other error counts as well if it reports 401 as HTTP
 * clients do: in `status`, `statusCode`, `response.status` or `response.statusCode`.
 */
export class Unauthorized extends Error {
  override readonly name = 'Unauthorized';
  readonly status = 401;

  constructor(message = 'the access token was refused') {
    super(message);
  }
}

export type WithToken = <T>(
  request: Omit<TokenRequest, 'refresh'>,
  operation: (accessToken: string) => T | PromiseLike<T>,
) => Promise<T>;

/**
 * Runs operations that may outlive a token. Each gets a valid one; when it is refused, the account is refreshed and the
 * operation is called once more. Calls at the same time whose tokens are refused share one refresh.
 *
 * @param warn gets the warnings
 */
export function withTokenBy(
  token: (request: TokenRequest) => Promise<ValidToken>,
  warn: (line: string) => void,
): WithToken {
  const renewals = new Map<string, Promise<ValidToken>>();

  async function renewed(request: TokenRequest, refused: ValidToken): Promise<ValidToken> {
    const id = accountName(refused.account);
    const underWay = renewals.get(id);
    const renewal = underWay ?? renewedToken(token, request, refused).finally(() => renewals.delete(id));
    renewals.set(id, renewal);
    const fresh = await renewal;
    // The refresh of another call may not bring the scopes and the lifetime that this one needs.
    return underWay === undefined ? fresh : renewedToken(token, request, refused);
  }

  return async (asked, operation) => {
    const request = { ...asked, refresh: false };
    const first = await token(request);
    if (first.warning !== null) warn(first.warning);
    try {
      const result = await operation(first.accessToken.reveal());
      if (!isRefusal(result)) return result;
      await discard(result);
    } catch (failure) {
      if (!saysUnauthorized(failure)) throw failure;
    }
    const second = await renewed(request, first);
    if (second.warning !== null) warn(second.warning);
    return operation(second.accessToken.reveal());
  };
}

/** A response of `fetch`, or of a client like it, that was returned instead of thrown. */
function isRefusal(result: unknown): boolean {
  return isObject(result) && isObject(result['headers']) && result['status'] === 401;
}

function saysUnauthorized(failure: unknown): boolean {
  if (!isObject(failure)) return false;
  const { response } = failure;
  return is401(failure) || (isObject(response) && is401(response));
}

function is401({ status, statusCode }: Readonly<Record<string, unknown>>): boolean {
  return status === 401 || statusCode === 401;
}

/** A body that is not read would hold its connection. */
async function discard(result: unknown): Promise<void> {
  const body = isObject(result) ? result['body'] : null;
  if (body instanceof ReadableStream && !body.locked) await body.cancel().catch(() => undefined);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
