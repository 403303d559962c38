import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { execute } from '../../../src/services/token/exec.js';
import { ensureValid } from '../../../src/services/token/token.js';
import { EXPIRED, hostOf, type TestContext, testContext } from '../../harness/test-context.js';
import { REQUEST, renewing } from './asking.js';

let stage: TestContext;
beforeEach(async () => {
  stage = await testContext();
});
afterEach(() => stage.close());

function token(request: { readonly anyType?: boolean } = {}, tokenType = 'Bearer') {
  const refresh = renewing(stage, { tokenType });
  return ensureValid({ ...stage.ctx, refresh }, { ...REQUEST, ...request });
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
      expect(stage.events).toEqual([]);
    },
  );

  it('is returned to a caller that gets its type as well', async () => {
    await stage.add({ tokenType: 'DPoP' });
    const { account, accessToken } = await token({ anyType: true });
    expect(account.tokenType).toBe('DPoP');
    expect(accessToken.reveal()).toBe('access-token-example');
    expect(stage.events).toMatchObject([{ event: 'token_given' }]);
  });

  it('is stored if a refresh returns it', async () => {
    await stage.add(EXPIRED);
    await expect(token({}, 'DPoP')).rejects.toMatchObject(REFUSED('DPoP'));
    expect((await token({ anyType: true })).accessToken.reveal()).toBe('access-token-renewed');
  });

  it('is never put into the environment of a program', async () => {
    await stage.add({ tokenType: 'DPoP' });
    const ctx = {
      ...stage.ctx,
      keys: { ...stage.ctx.keys, current: async () => stage.fromFile },
      host: hostOf({}, { platform: 'win32' }),
    };
    const program = { program: 'x', args: [], variable: 'T', metadataServer: false, retryExit: null };
    const request = { ...REQUEST, selector: 'demo', ...program };
    await expect(execute(ctx, request, () => {})).rejects.toMatchObject(REFUSED('DPoP'));
  });

  it.each([['bearer'], ['BEARER'], ['Zoho-oauthtoken']])('is not %s', async (tokenType) => {
    await stage.add({ tokenType });
    expect((await token()).accessToken.reveal()).toBe('access-token-example');
  });
});
