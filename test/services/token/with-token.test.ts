import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/domain/secret.js';
import type { ValidToken } from '../../../src/domain/valid-token.js';
import { digestOf } from '../../../src/services/token/refused.js';
import type { TokenRequest } from '../../../src/services/token/token-request.js';
import { Unauthorized, withTokenBy } from '../../../src/services/token/with-token.js';
import { accountExample } from '../../doubles/account.js';

const REQUEST = { selector: 'google', minValid: 0, scopes: [], withIdentity: false };

/** A vault whose token carries a number, one higher with each refresh. */
function vault() {
  let generation = 1;
  let refreshes = 0;
  const requests: TokenRequest[] = [];
  const warnings: string[] = [];
  const token = async (request: TokenRequest): Promise<ValidToken> => {
    requests.push(request);
    await new Promise((resolve) => setImmediate(resolve));
    const before = digestOf(new Secret(`access-token-${generation}`));
    if (request.refresh || request.refused === before) {
      refreshes += 1;
      generation += 1;
    }
    const accessToken = new Secret(`access-token-${generation}`);
    return { account: accountExample(), accessToken, email: null, warning: null };
  };
  const withToken = withTokenBy(token, (line) => warnings.push(line));
  return {
    withToken,
    token,
    requests,
    warnings,
    refreshes: () => refreshes,
  };
}

describe('an operation with a token', () => {
  it('is called once while its token is accepted, and its result is returned', async () => {
    const { withToken, refreshes } = vault();
    const tokens: string[] = [];
    expect(await withToken(REQUEST, (token) => tokens.push(token))).toBe(1);
    expect(tokens).toEqual(['access-token-1']);
    expect(refreshes()).toBe(0);
  });

  it.each([
    ['Unauthorized', new Unauthorized()],
    ['an error with the status 401', Object.assign(new Error(), { status: 401 })],
    ['an error with the statusCode 401', Object.assign(new Error(), { statusCode: 401 })],
    ['an error whose response has the status 401', Object.assign(new Error(), { response: { status: 401 } })],
    ['an error whose response has the statusCode 401', { response: { statusCode: 401 } }],
  ])('is called once more with a new token if it throws %s', async (_, failure) => {
    const { withToken, refreshes } = vault();
    const tokens: string[] = [];
    const result = await withToken(REQUEST, async (token) => {
      tokens.push(token);
      if (tokens.length === 1) throw failure;
      return 'done';
    });
    expect(result).toBe('done');
    expect(tokens).toEqual(['access-token-1', 'access-token-2']);
    expect(refreshes()).toBe(1);
  });

  it('is called once more if it returns a response with 401, whose body is discarded', async () => {
    const { withToken } = vault();
    const refused = new Response('unauthorized', { status: 401 });
    const answers = [refused, new Response('yes')];
    const response = await withToken(REQUEST, () => answers.shift() as Response);
    expect(await response.text()).toBe('yes');
    expect(refused.bodyUsed).toBe(true);
  });

  it.each([
    ['an error with another status', Object.assign(new Error('no'), { status: 403 })],
    ['an error with a code of 401', Object.assign(new Error('no'), { code: 401 })],
    ['an error with the text 401', Object.assign(new Error('401'), { status: '401' })],
    ['nothing', undefined],
  ])('fails at once if it throws %s', async (_, failure) => {
    const { withToken, refreshes } = vault();
    await expect(withToken(REQUEST, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(refreshes()).toBe(0);
  });

  it('may return a value that only resembles a response', async () => {
    const { withToken, refreshes } = vault();
    expect(await withToken(REQUEST, () => ({ status: 401 }))).toEqual({ status: 401 });
    expect(await withToken(REQUEST, () => null)).toBeNull();
    expect(refreshes()).toBe(0);
  });

  it('is not called a third time: the second failure is passed through', async () => {
    const { withToken, refreshes } = vault();
    const failures: Error[] = [];
    const failing = withToken(REQUEST, () => {
      failures.push(new Unauthorized(`attempt ${failures.length + 1}`));
      throw failures.at(-1);
    });
    const failure = await failing.catch((thrown: unknown) => thrown);
    expect(failures).toHaveLength(2);
    expect(failure).toBe(failures[1]);
    expect(refreshes()).toBe(1);
    const refused = new Response(null, { status: 401 });
    expect(await withToken(REQUEST, () => refused)).toBe(refused);
  });

  it('shares one refresh with all concurrent operations', async () => {
    const { withToken, refreshes } = vault();
    const operation = async (token: string) => {
      if (token === 'access-token-1') throw new Unauthorized();
      return token;
    };
    const tokens = await Promise.all(Array.from({ length: 50 }, () => withToken(REQUEST, operation)));
    expect(new Set(tokens)).toEqual(new Set(['access-token-2']));
    expect(refreshes()).toBe(1);
  });

  it('uses a token that another process has fetched since, without a refresh', async () => {
    const { withToken, token, requests } = vault();
    const tokens: string[] = [];
    await withToken(REQUEST, async (given) => {
      tokens.push(given);
      if (tokens.length > 1) return;
      await token({ ...REQUEST, refresh: true });
      requests.length = 0;
      throw new Unauthorized();
    });
    expect(tokens).toEqual(['access-token-1', 'access-token-2']);
    const refused = digestOf(new Secret('access-token-1'));
    expect(requests).toEqual([{ ...REQUEST, selector: 'google/alice@example.com', refresh: false, refused }]);
  });

  it('starts its own refresh if an earlier one has ended', async () => {
    const { withToken, refreshes } = vault();
    for (const tokens of [[], []] as string[][]) {
      await withToken(REQUEST, (token) => {
        if (tokens.push(token) === 1) throw new Unauthorized();
      });
    }
    expect(refreshes()).toBe(2);
  });
});
