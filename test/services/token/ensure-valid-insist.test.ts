import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../../../src/domain/duration.js';
import { VaultError } from '../../../src/domain/errors.js';
import { ensureValid } from '../../../src/services/token/token.js';
import type { TokenRequest } from '../../../src/services/token/token-request.js';
import { NOW } from '../../doubles/terminal.js';
import { type TestContext, testContext } from '../../harness/test-context.js';
import { never, REQUEST, type Refresh } from './asking.js';

let stage: TestContext;
beforeEach(async () => {
  stage = await testContext();
});
afterEach(() => stage.close());

function token(refresh: Refresh, request: Partial<TokenRequest> = {}) {
  return ensureValid({ ...stage.ctx, refresh }, { ...REQUEST, ...request });
}

/** Still good, but not for as long as is asked. */
const ENDING = { issuedAt: NOW - 56 * MINUTE, expiresAt: NOW + 4 * MINUTE } as const;
const LOGIN = 'vault login demo/alice@example.com';

describe('a caller that insists on a lifetime', () => {
  it('gets the reason why the token cannot be renewed, and no shorter one', async () => {
    await stage.add(ENDING);
    const offline: Refresh = async (_, account) => ({
      kind: 'transient',
      account,
      error: new VaultError('network_failed', 'no network'),
    });
    expect((await token(offline)).warning).toContain('could not be renewed: no network');
    await expect(token(offline, { insist: true })).rejects.toMatchObject({ code: 'network_failed' });
  });

  it('gets an error if the provider issues no token with that lifetime', async () => {
    await stage.add();
    const request = { minValid: 2 * HOUR };
    expect((await token(never, request)).warning).toContain(
      'the provider does not issue longer-lived tokens',
    );
    await expect(token(never, { ...request, insist: true })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('the provider does not issue longer-lived tokens'),
      hint: 'ask for a shorter time: min_valid=30m',
    });
  });

  it('gets an error for a token without a refresh token once it ends sooner', async () => {
    await stage.add({}, { refreshToken: null });
    expect((await token(never, { insist: true })).warning).toBeNull();
    const tooLong = { insist: true, minValid: 59 * MINUTE };
    stage.clock.advance(31 * MINUTE);
    await expect(token(never, tooLong)).rejects.toMatchObject({ code: 'login_needed', hint: LOGIN });
    expect((await token(never, { ...tooLong, insist: false })).warning).toContain('cannot be renewed');
  });
});
