import { afterEach, beforeEach, expect, it } from 'vitest';
import { firstTime } from '../../../src/access/first-time.js';
import { MINUTE } from '../../../src/domain/duration.js';
import { ensureValid } from '../../../src/services/token/token.js';
import { NO_NAMES } from '../../doubles/no-names.js';
import { NOW } from '../../doubles/terminal.js';
import { type TestContext, testContext } from '../../harness/test-context.js';

let stage: TestContext;
beforeEach(async () => {
  stage = await testContext();
});
afterEach(() => stage.close());

const token = () =>
  ensureValid(
    {
      ...NO_NAMES,
      firstTime: async (topic, state) => firstTime(stage, topic, state),
      vault: async () => stage.vault,
      clock: stage.clock,
      providerOrNull: async () => null,
      refresh: async () => expect.fail('nothing is refreshed'),
    },
    { selector: null, minValid: 5 * MINUTE, scopes: [], refresh: false, withIdentity: false },
  );

it('the last token of an account that needs a login is returned with a warning, once', async () => {
  await stage.add({ status: 'login_needed', reason: 'the grant has ended', expiresAt: NOW + 40 * MINUTE });
  expect((await token()).warning).toBe(
    'demo/alice@example.com needs a new login; until then you get its last token, which expires in 40m: vault login demo/alice@example.com',
  );
  expect((await token()).warning).toBeNull();
});
