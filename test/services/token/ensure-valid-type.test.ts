import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MINUTE } from '../../../src/domain/duration.js';
import { Secret } from '../../../src/domain/secret.js';
import { execute } from '../../../src/services/token/exec.js';
import { ensureValid } from '../../../src/services/token/token.js';
import { NO_NAMES } from '../../doubles/no-names.js';
import { EXPIRED, type TestContext, testContext } from '../../harness/test-context.js';

let stage: TestContext;
let given: string[];
beforeEach(async () => {
  given = [];
  stage = await testContext();
});
afterEach(() => stage.close());

const USUAL = { selector: null, minValid: 5 * MINUTE, scopes: [], refresh: false, withIdentity: false };

function token(request: { readonly anyType?: boolean } = {}, tokenType = 'Bearer') {
  return ensureValid(
    {
      ...NO_NAMES,
      vault: async () => stage.vault,
      clock: stage.clock,
      providerOrNull: async () => null,
      audit: { record: ({ event }: { event: string }) => void given.push(event) } as never,
      refresh: async (vault, { id }) => {
        const current = await stage.account({ id });
        const contents = {
          ...(await vault.contents(current)),
          accessToken: new Secret('access-token-renewed'),
        };
        const change = { issuedAt: stage.clock.now(), expiresAt: stage.clock.now() + 60 * MINUTE, tokenType };
        return { kind: 'refreshed', account: (await vault.update(current, change, contents)) ?? current };
      },
    },
    { ...USUAL, ...request },
  );
}

const REFUSED = (type: string) => ({
  code: 'token_type_unsupported',
  exitCode: 11,
  message: expect.stringContaining(
    `has the type ${type}; if it is sent as a Bearer token, the server may refuse it`,
  ),
  hint: expect.stringMatching(/vault token \S+ --format json/),
  details: { token_type: type },
});

describe('an access token whose type is not Bearer', () => {
  it.each([['DPoP'], ['mac'], ['N_A'], ['PoP']])(
    '%s is refused, and not recorded as returned',
    async (tokenType) => {
      await stage.add({ tokenType });
      await expect(token()).rejects.toMatchObject(REFUSED(tokenType));
      expect(given).toEqual([]);
    },
  );

  it('is returned to a caller that gets its type as well', async () => {
    await stage.add({ tokenType: 'DPoP' });
    const { account, accessToken } = await token({ anyType: true });
    expect(account.tokenType).toBe('DPoP');
    expect(accessToken.reveal()).toBe('access-token-example');
    expect(given).toEqual(['token_given']);
  });

  it('is stored if a refresh returns it', async () => {
    await stage.add(EXPIRED);
    await expect(token({}, 'DPoP')).rejects.toMatchObject(REFUSED('DPoP'));
    expect((await token({ anyType: true })).accessToken.reveal()).toBe('access-token-renewed');
  });

  it('is never put into the environment of a program', async () => {
    await stage.add({ tokenType: 'DPoP' });
    const ctx = {
      ...stage,
      ...NO_NAMES,
      vault: async () => stage.vault,
      envFile: null,
      keys: { current: async () => ({ kind: 'file' }) },
      host: { platform: 'win32', env: {} },
      runInForeground: () => Promise.reject(new Error('it was run')),
      readText: () => null,
    };
    const program = { program: 'x', args: [], variable: 'T', metadataServer: false, retryExit: null };
    const request = { ...USUAL, selector: 'demo', ...program };
    await expect(execute(ctx as never, request, () => {})).rejects.toMatchObject(REFUSED('DPoP'));
  });

  it.each([['bearer'], ['BEARER'], ['Zoho-oauthtoken']])('is not %s', async (tokenType) => {
    await stage.add({ tokenType });
    expect((await token()).accessToken.reveal()).toBe('access-token-example');
  });
});
